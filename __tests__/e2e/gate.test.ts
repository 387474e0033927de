import { describe, expect, test } from '@jest/globals'
import { expectGolden } from '../support/golden.ts'
import { check, cluster, podsLeft, realKernel, steady } from './support.ts'

const real = realKernel ? describe : describe.skip

describe('a check of a cluster', () => {
  test('that is healthy passes, tells so everywhere, and leaves no pod', async () => {
    await using aks = await cluster()
    const run = await check(aks)
    expect(run.status).toBe(0)
    expect(run.outputs).toMatchObject({
      verdict: 'healthy',
      'nodes-checked': '3',
      'nodes-unknown': '0',
      'nodes-breached': '[]',
      'worst-conntrack-percent': '0.02',
      'worst-time-wait': '85',
    })
    expect(run.report?.judgement).toEqual({ verdict: 'healthy', fails: false, reasons: [] })
    expect(podsLeft(aks)).toEqual([])
    expectGolden('e2e/healthy.md', steady(run.summary, aks))
    expectGolden('e2e/healthy.log', steady(run.log, aks))
  })

  test('takes one creation a node and a constant number of other requests', async () => {
    await using aks = await cluster()
    const { requests } = await check(aks)
    expectGolden(
      'e2e/healthy.requests',
      `${requests.toSorted().join('\n')}\n`.replaceAll(/(ach-\S+?-)[0-9a-f]+\b/g, '$1ID'),
    )
  })

  test('with a node at a critical level fails, and names the node, its value and what to do', async () => {
    await using aks = await cluster({
      nodes: [
        { name: 'aks-np1-0' },
        { name: 'aks-np1-1', conntrackCount: 235_930 },
        { name: 'aks-np1-2', state: { sample: 'tw-3000' } },
      ],
    })
    const run = await check(aks)
    expect(run.status).toBe(1)
    expect(run.outputs).toMatchObject({
      verdict: 'critical',
      'nodes-breached': '["aks-np1-1","aks-np1-2"]',
      'worst-time-wait': '3000',
    })
    expectGolden('e2e/critical.md', steady(run.summary, aks))
    expectGolden('e2e/critical.log', steady(run.log, aks))
  })

  test('annotates once a breached check, not once a node', async () => {
    const nodes = Array.from({ length: 12 }, (_, index) => ({ name: `n${index}`, conntrackCount: 250_000 }))
    await using aks = await cluster({ nodes })
    const run = await check(aks)
    expect(run.log.match(/^::error /gm)).toHaveLength(1)
  })

  test('with a warning passes by default and fails with fail-on: warning', async () => {
    await using aks = await cluster({ nodes: [{ name: 'a', conntrackCount: 190_000 }] })
    const [lax, strict] = [await check(aks), await check(aks, { 'fail-on': 'warning' })]
    expect([lax.outputs.verdict, lax.status, strict.status]).toEqual(['warning', 0, 1])
  })

  test('with fail-on: never reports a critical cluster and passes', async () => {
    await using aks = await cluster({ nodes: [{ name: 'a', conntrackCount: 262_144 }] })
    const run = await check(aks, { 'fail-on': 'never' })
    expect([run.outputs.verdict, run.status]).toEqual(['critical', 0])
    expect(run.log).not.toMatch(/^::error/m)
  })

  test('names nodes that were not read, and is unknown, not healthy', async () => {
    await using aks = await cluster({
      nodes: [
        { name: 'a' },
        { name: 'b', ready: false },
        { name: 'c', fault: 'pull-error' },
        { name: 'd', fault: { message: 'rubbish' } },
      ],
    })
    const run = await check(aks)
    expect([run.outputs.verdict, run.status, run.outputs['nodes-unknown']]).toEqual(['unknown', 1, '3'])
    expectGolden('e2e/unread.md', steady(run.summary, aks))
  })

  test('forgives as many unread nodes as allowed, and names them all the same', async () => {
    await using aks = await cluster({ nodes: [{ name: 'a' }, { name: 'lost', ready: false }] })
    const run = await check(aks, { 'unknown-nodes-allowed': '1' })
    expect([run.outputs.verdict, run.status]).toEqual(['healthy', 0])
    expect(run.summary).toContain('lost')
  })

  test('leaves out Windows and virtual nodes and reads tainted and cordoned ones', async () => {
    await using aks = await cluster({
      nodes: [
        { name: 'win', os: 'windows' },
        { name: 'aci', virtual: true },
        {
          name: 'spot',
          taints: [{ key: 'kubernetes.azure.com/scalesetpriority', value: 'spot', effect: 'NoSchedule' }],
        },
        { name: 'cordoned', schedulable: false },
      ],
    })
    const run = await check(aks)
    expect(run.report?.nodes.map(({ node, kind }) => [node.name, kind])).toEqual([
      ['aci', 'out-of-scope'],
      ['cordoned', 'read'],
      ['spot', 'read'],
      ['win', 'out-of-scope'],
    ])
    expect(run.outputs.verdict).toBe('healthy')
  })

  test('reads only the nodes that are named', async () => {
    await using aks = await cluster()
    const run = await check(aks, { nodes: 'aks-np1-1' })
    expect(run.report?.nodes.map(({ node }) => node.name)).toEqual(['aks-np1-1'])
  })

  test('does not make rate checks from one read, and makes them from two', async () => {
    await using aks = await cluster({ nodes: [{ name: 'a' }] })
    const status = async (seconds: string) => {
      const { report } = await check(aks, { 'sample-seconds': seconds })
      return report?.findings.find((finding) => finding.check === 'conntrack-drops')?.status
    }
    expect([await status('0'), await status('1')]).toEqual(['not-made', 'ok'])
  })

  test('does not know drops where the kernel publishes no counters, and stays healthy', async () => {
    await using aks = await cluster({
      nodes: [{ name: 'ubuntu', missingFiles: ['/proc/net/stat/nf_conntrack'] }],
    })
    const run = await check(aks, { 'sample-seconds': '1' })
    const drops = run.report?.findings.find((finding) => finding.check === 'conntrack-drops')
    expect([drops?.status, run.outputs.verdict]).toEqual(['unknown', 'healthy'])
    expect(run.summary).toContain('conntrack-drops')
  })

  test.each([
    ['never', false],
    ['on-failure', false],
    ['always', true],
  ])('with summary: %s writes a summary of a healthy run: %s', async (when, written) => {
    await using aks = await cluster({ nodes: [{ name: 'a' }] })
    const run = await check(aks, { summary: when })
    expect(run.summary !== '').toBe(written)
  })

  test('in brief form says verdict, reasons and what to do, and no tables of nodes', async () => {
    await using aks = await cluster({ nodes: [{ name: 'a', conntrackCount: 250_000 }] })
    const run = await check(aks, { 'summary-style': 'brief' })
    expectGolden('e2e/critical.brief.md', steady(run.summary, aks))
  })
})

real('a check of nodes with a kernel of their own', () => {
  test('counts three thousand TIME-WAIT sockets as three thousand, IPv6 among them', async () => {
    await using aks = await cluster({ nodes: [{ name: 'busy', state: 'namespace' }] })
    await aks.node('busy').makeTimeWait({ v4: 2800, v6: 200 })
    const run = await check(aks)
    expect([run.outputs.verdict, run.outputs['worst-time-wait']]).toEqual(['critical', '3000'])
  })

  test('says that a full table is critical, with its numbers', async () => {
    await using aks = await cluster({
      nodes: [{ name: 'full', state: 'namespace', conntrackCount: 131_072 }],
    })
    const run = await check(aks)
    expect(run.outputs).toMatchObject({ verdict: 'critical', 'worst-conntrack-percent': '100' })
    expect(run.summary).toContain('131,072')
  })

  test('finds connections that are being refused while it looks', async () => {
    await using aks = await cluster({ nodes: [{ name: 'losing', state: 'namespace' }] })
    const node = aks.node('losing')
    await node.addToCounters({ 'conntrack.drop': 1 })
    const stop = node.growCounters({ 'conntrack.drop': 50 })
    try {
      const run = await check(aks, { 'sample-seconds': '1' })
      expect(run.outputs.verdict).toBe('critical')
      expect(run.summary).toContain('conntrack-drops')
    } finally {
      stop()
    }
  })

  test('names the destination whose ports run out', async () => {
    await using aks = await cluster({
      nodes: [
        { name: 'ports', state: 'namespace', sysctls: { 'net.ipv4.ip_local_port_range': '40000 40099' } },
      ],
    })
    await aks.node('ports').fillDestination(85)
    const run = await check(aks)
    const finding = run.report?.findings.find(({ check: id }) => id === 'port-usage')
    expect(finding).toMatchObject({ status: 'critical', value: 85 })
    expect(finding?.summary).toContain('10.224.0.5:443')
  })
})
