import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { answerOf } from '../../bench/answer.ts'
import type { NodeSpec, SmallAks } from '../aks/aks.ts'
import { expectGolden } from '../support/golden.ts'
import { annotationsOf, answeringNodes, runAll } from './runs.ts'
import { type CheckResult, check, cluster, podsLeft, realKernel, steady } from './support.ts'

jest.setTimeout(120_000)

describe('a check of a healthy cluster', () => {
  let aks: SmallAks
  let run: CheckResult
  beforeAll(async () => {
    aks = await cluster()
    run = await check(aks)
  })
  afterAll(() => aks.stop())

  test('passes, tells so everywhere, and leaves no pod', () => {
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

  test('takes one creation a node and a constant number of other requests', () => {
    expectGolden(
      'e2e/healthy.requests',
      `${run.requests.toSorted().join('\n')}\n`.replaceAll(/(ach-\S+?-)[0-9a-f]+\b/g, '$1ID'),
    )
  })
})

test('a check of nodes at a critical level fails, and names them, their values and what to do', async () => {
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

describe('a check', () => {
  let aks: SmallAks
  let runOf: (name: string) => CheckResult
  beforeAll(async () => {
    aks = await cluster({ nodes: await nodesOfAllKinds() })
    const of =
      (pool: string, inputs: Record<string, string> = {}) =>
      () =>
        check(aks, { 'node-pools': pool, ...inputs })
    runOf = await runAll({
      'twelve full nodes': of('full'),
      'unread nodes': of('unread'),
      'nodes of all kinds': of('kinds'),
      'one node': () => check(aks, { nodes: 'aks-kinds-1' }),
      'one read': of('ubuntu'),
      'two reads': () => check(aks, { nodes: 'aks-kinds-0', 'sample-seconds': '1' }),
      'no counters': of('ubuntu', { 'sample-seconds': '1' }),
      'summary never': of('kinds', { summary: 'never' }),
      'summary on-failure': of('kinds', { summary: 'on-failure' }),
      'summary always': of('kinds', { summary: 'always' }),
      brief: () => check(aks, { nodes: 'aks-full-0', 'summary-style': 'brief' }),
    })
  })
  afterAll(() => aks.stop())

  const statusOfDrops = (name: string) =>
    runOf(name).report?.findings.find(({ check: id }) => id === 'conntrack-drops')?.status

  test('annotates once a breached check, not once a node', () => {
    const run = runOf('twelve full nodes')
    expect(run.outputs['nodes-checked']).toBe('12')
    expect(annotationsOf(run.log).map(({ level }) => level)).toEqual(['error'])
  })

  test('names nodes that were not read, and is unknown, not healthy', () => {
    const run = runOf('unread nodes')
    expect([run.outputs.verdict, run.status, run.outputs['nodes-unknown']]).toEqual(['unknown', 1, '3'])
    expectGolden('e2e/unread.md', steady(run.summary, aks))
  })

  test('leaves out Windows and virtual nodes and reads tainted and cordoned ones', () => {
    const run = runOf('nodes of all kinds')
    expect(run.report?.nodes.map(({ node, kind }) => [node.name, kind])).toEqual([
      ['aci', 'out-of-scope'],
      ['aks-kinds-0', 'read'],
      ['aks-kinds-1', 'read'],
      ['cordoned', 'read'],
      ['spot', 'read'],
      ['win', 'out-of-scope'],
    ])
    expect(run.outputs.verdict).toBe('healthy')
  })

  test('reads only the nodes that are named', () => {
    expect(runOf('one node').report?.nodes.map(({ node }) => node.name)).toEqual(['aks-kinds-1'])
  })

  test('does not make rate checks from one read, and makes them from two', () => {
    expect([statusOfDrops('one read'), statusOfDrops('two reads')]).toEqual(['not-made', 'ok'])
  })

  test('does not know drops where the kernel publishes no counters, and stays healthy', () => {
    const run = runOf('no counters')
    expect([statusOfDrops('no counters'), run.outputs.verdict]).toEqual(['unknown', 'healthy'])
    expect(run.summary).toContain('conntrack-drops')
  })

  test.each([
    ['never', false],
    ['on-failure', false],
    ['always', true],
  ])('with summary: %s writes a summary of a healthy run: %s', (when, written) => {
    expect(runOf(`summary ${when}`).summary !== '').toBe(written)
  })

  test('in brief form says verdict, reasons and what to do, and no tables of nodes', () => {
    expectGolden('e2e/critical.brief.md', steady(runOf('brief').summary, aks))
  })
})

async function nodesOfAllKinds(): Promise<NodeSpec[]> {
  const full = (await answerOf('healthy')).replace('conntrack-count=55', 'conntrack-count=250000')
  const spot = { key: 'kubernetes.azure.com/scalesetpriority', value: 'spot', effect: 'NoSchedule' as const }
  return [
    ...Array.from({ length: 12 }, (_, index) => ({
      name: `aks-full-${index}`,
      pool: 'full',
      state: { answer: full },
    })),
    ...(await answeringNodes(
      { name: 'a', pool: 'unread' },
      { name: 'd', pool: 'unread', fault: { message: 'rubbish' } },
      { name: 'spot', pool: 'kinds', taints: [spot] },
      { name: 'cordoned', pool: 'kinds', schedulable: false },
      { name: 'aks-kinds-1', pool: 'kinds' },
    )),
    { name: 'b', pool: 'unread', ready: false },
    { name: 'c', pool: 'unread', fault: 'pull-error' },
    { name: 'win', pool: 'kinds', os: 'windows' },
    { name: 'aci', virtual: true, labels: { agentpool: 'kinds' } },
    { name: 'aks-kinds-0', pool: 'kinds' },
    { name: 'ubuntu', pool: 'ubuntu', missingFiles: ['/proc/net/stat/nf_conntrack'] },
  ]
}

const real = realKernel ? describe : describe.skip

real('a check of nodes with a kernel of their own', () => {
  let aks: SmallAks
  let runOf: (name: string) => CheckResult
  beforeAll(async () => {
    const range = { 'net.ipv4.ip_local_port_range': '40000 40099' }
    aks = await cluster({
      nodes: [
        { name: 'busy', state: 'namespace' },
        { name: 'full', state: 'namespace', conntrackCount: 131_072 },
        { name: 'losing', state: 'namespace' },
        { name: 'ports', state: 'namespace', sysctls: range },
      ],
    })
    const losing = aks.node('losing')
    await Promise.all([
      aks.node('busy').makeTimeWait({ v4: 2800, v6: 200 }),
      aks.node('ports').fillDestination(85),
      losing.addToCounters({ 'conntrack.drop': 1 }),
    ])
    const stop = losing.growCounters({ 'conntrack.drop': 50 })
    runOf = await runAll({
      busy: () => check(aks, { nodes: 'busy' }),
      full: () => check(aks, { nodes: 'full' }),
      losing: () => check(aks, { nodes: 'losing', 'sample-seconds': '1' }),
      ports: () => check(aks, { nodes: 'ports' }),
    })
    stop()
  })
  afterAll(() => aks.stop())

  test('counts three thousand TIME-WAIT sockets as three thousand, IPv6 among them', () => {
    expect(runOf('busy').outputs).toMatchObject({ verdict: 'critical', 'worst-time-wait': '3000' })
  })

  test('says that a full table is critical, with its numbers', () => {
    const { outputs, summary } = runOf('full')
    expect(outputs).toMatchObject({ verdict: 'critical', 'worst-conntrack-percent': '100' })
    expect(summary).toContain('131,072')
  })

  test('finds connections that are being refused while it looks', () => {
    const { outputs, summary } = runOf('losing')
    expect(outputs.verdict).toBe('critical')
    expect(summary).toContain('conntrack-drops')
  })

  test('names the destination whose ports run out', () => {
    const finding = runOf('ports').report?.findings.find(({ check: id }) => id === 'port-usage')
    expect(finding).toMatchObject({ status: 'critical', value: 85 })
    expect(finding?.summary).toContain('10.224.0.5:443')
  })
})
