import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { nextSteps } from '../../src/health/advice.ts'
import { evaluate } from '../../src/health/evaluate.ts'
import type { CheckId, Finding } from '../../src/health/finding.ts'
import { holderNodes, holderWords, nodesToName } from '../../src/health/holders.ts'
import { judge } from '../../src/health/verdict.ts'
import type { Measured, NodeResult, PodSockets, Reading } from '../../src/node/reading.ts'
import { needsByNode } from '../../src/remedy/sysctl-targets.ts'
import { node as info, reading } from '../support/readings.ts'
import { input } from './support.ts'

const pgAddress = { remoteAddress: '10.0.3.4', remotePort: 5432 }
const pg = { ...pgAddress, remote: { kind: 'pod', namespace: 'data', name: 'pg-0' } } as const

function pod(over: Partial<PodSockets> & { ports?: number; inDefault?: number } = {}): PodSockets {
  const { ports = 12_000, inDefault = ports, ...rest } = over
  return {
    uid: '12345678-89ab-4def-8123-456789abcdef',
    tcpInUse: 4034,
    timeWait: 8000,
    destination: { value: { ...pg, ports, portsInDefaultRange: inDefault, timeWait: Math.min(8000, ports) } },
    pod: { namespace: 'shop', name: 'web-5d8f', owner: { kind: 'Deployment', name: 'web' } },
    ...rest,
  }
}

const readNode = (name: string, of: Reading): NodeResult => ({ kind: 'read', node: info(name), reading: of })

const withPods = (busiestPods: Measured<PodSockets[]>, more: Partial<Reading> = {}) => ({
  ...reading(),
  ...more,
  busiestPods,
  podNamespaces: { value: 12 },
  podNamespacesLeft: { value: 0 },
})

function find(check: CheckId, node: Reading): Finding {
  const finding = evaluate(input([readNode('np1-0', node)])).find((each) => each.check === check)
  if (!finding) throw new Error(`no finding of ${check}`)
  return finding
}

const { first, second } = reading({ first: { conntrackCount: 120_000 } })
const levels = { first, ...(second && { second }) }
const said = 'shop/web-5d8f 12,034 sockets, 8,000 in TIME-WAIT, most to 10.0.3.4:5432 (pod data/pg-0)'

describe('what a pod holds, in words', () => {
  test('is its name, sockets, those in TIME-WAIT and where most of them go', () => {
    expect(holderWords(pod())).toBe(said)
  })

  test('is its UID where no name is known, and an address where nobody knows whose it is', () => {
    const { pod: _name, ...bare } = pod()
    const to = { value: { ...pgAddress, ports: 5, portsInDefaultRange: 5, timeWait: 0 } }
    expect(holderWords({ ...bare, tcpInUse: 1, timeWait: 0, destination: to })).toBe(
      'pod 12345678-89ab-4def-8123-456789abcdef 1 socket, most to 10.0.3.4:5432',
    )
  })

  test('says that it is no pod where the processes are of none', () => {
    expect(holderWords({ tcpInUse: 2, timeWait: 0, destination: { value: null } })).toBe(
      'processes outside pods 2 sockets',
    )
  })

  test('is the port that it serves where most connections come in', () => {
    expect(holderWords(pod({ ports: 3, busiestOwnPort: { port: 8080, sockets: 900 } }))).toContain(
      ', most on its port 8080',
    )
  })
})

describe('a finding that breaches', () => {
  test('names the pods of its node that hold most, and has all of them as evidence', () => {
    const three = [1, 2, 3].map((n) => pod({ pod: { namespace: 'shop', name: `web-${n}` } }))
    const { summary, evidence } = find('conntrack-usage', withPods({ value: three }, levels))
    expect(summary).toContain('; most TCP sockets in pods: shop/web-1 12,034 sockets')
    expect(summary).not.toContain('web-3')
    expect(evidence.busiestPods).toContain('shop/web-3')
  })

  test('about TIME-WAIT says that those of pods are not in its count', () => {
    const many = reading({ first: { timeWait: 3000 } })
    expect(find('time-wait', { ...withPods({ value: [pod()] }), first: many.first }).summary).toContain(
      `3,000 TIME-WAIT sockets, at most 10.6 % of the 28,232 ports towards one destination; beside these, in pods: ${said}`,
    )
  })

  test('says that pods are not known where they are not', () => {
    const { summary } = find('conntrack-usage', withPods({ unknown: 'the node hides them' }, levels))
    expect(summary).toContain('; which pods hold sockets is not known: the node hides them')
  })

  test('says nothing of pods where they were not looked into, or nothing is wrong', () => {
    expect(find('conntrack-usage', { ...reading(), ...levels }).summary).not.toContain('pods')
    expect(find('conntrack-usage', withPods({ value: [pod()] })).summary).not.toContain('pods')
  })
})

describe('a pod that runs out of ports towards one destination', () => {
  const portUsage = (pods: Measured<PodSockets[]>, more?: Partial<Reading>) =>
    find('port-usage', withPods(pods, more))

  test.each([
    [19_762, 'ok'],
    [19_763, 'warning'],
    [22_585, 'warning'],
    [22_586, 'critical'],
    [28_232, 'critical'],
  ])('with %d of the 28,232 ports that it is assumed to have makes its node %s', (ports, status) => {
    expect(portUsage({ value: [pod({ ports })] }).status).toBe(status)
  })

  test('is told by name, with its destination and that its range is an assumption', () => {
    const finding = portUsage({ value: [pod({ ports: 28_232 })] })
    expect(finding.summary).toBe(
      'shop/web-5d8f has taken 100.0 % of 28,232 ports (range assumed: the default) towards 10.0.3.4:5432 (pod data/pg-0) (28,232, 8,000 of them in TIME-WAIT)',
    )
    expect(finding.evidence).toMatchObject({
      pod: 'shop/web-5d8f',
      destination: '10.0.3.4:5432',
      destinationIs: 'pod data/pg-0',
    })
    const all = evaluate(input([readNode('np1-0', withPods({ value: [pod({ ports: 28_232 })] }))]))
    expect(judge(all, { failOn: 'critical', unknownNodesAllowed: 0 }).reasons[0]).toBe(
      'port-usage: 1 of 1 node at or above 80 % of the ports to one destination (worst np1-0 in shop/web-5d8f 100.0 % to 10.0.3.4:5432 (pod data/pg-0))',
    )
  })

  test('is measured by its own range where its manifest sets one', () => {
    const own = pod({ ports: 85, portRange: { first: 40_000, last: 40_099 } })
    expect(portUsage({ value: [own] })).toMatchObject({ status: 'critical', value: 85 })
    expect(
      portUsage({ value: [pod({ ports: 28_232, portRange: { first: 1024, last: 65_535 } })] }).status,
    ).toBe('ok')
  })

  test('that uses ports beyond the default range is taken to have the wide one', () => {
    const wide = { value: [pod({ ports: 28_232, inDefault: 20_000 })] }
    expect(portUsage(wide).status).toBe('ok')
    const more = portUsage({ value: [pod({ ports: 60_000, inDefault: 28_000 })] })
    expect([more.status, more.evidence.portRange]).toEqual(['critical', 'assumed: 1024 to 65535'])
  })

  test('is not answered by settings of the node', () => {
    const node = readNode('np1-0', withPods({ value: [pod({ ports: 28_232 })] }))
    const findings = evaluate(input([node])).filter(({ check }) => check === 'port-usage')
    expect(nextSteps(findings).remedies).toEqual([])
    expect(nextSteps(findings).byHand[0]).toContain('securityContext.sysctls')
    expect([...(needsByNode(findings, 'breached', [node]).get('np1-0') ?? [])]).toEqual([])
  })

  test('does not hide that the node itself runs out of ports, which settings of the node answer', () => {
    const tuple = {
      localAddress: '10.0.0.4',
      remoteAddress: '10.0.3.5',
      remotePort: 443,
      ports: 20_000,
      timeWait: 0,
    }
    const tuples = { busiestTuples: { value: [tuple] } }
    const worse = portUsage({ value: [pod({ ports: 28_232 })] }, tuples)
    expect(worse.summary).toContain('; the node itself: 70.8 % of 28,232 ports taken towards 10.0.3.5:443')
    expect(nextSteps([worse]).remedies).toEqual(['sysctl'])
    expect(portUsage({ value: [pod({ ports: 20_500 })] }, tuples).evidence).not.toHaveProperty('pod')
  })

  test('cannot be ruled out where pods were asked for and not read, or one has too many sockets', () => {
    const hidden = portUsage({ unknown: 'the node hides them' })
    expect(hidden).toMatchObject({ status: 'unknown', decides: true })
    expect(hidden.summary).toMatch(/^ports of pods: the node hides them; known so far: /)
    const lost = pod({ destination: { unknown: 'too many to go through' } })
    expect(portUsage({ value: [lost] }).status).toBe('unknown')
    expect(portUsage({ value: [lost, pod({ ports: 28_000 })] }).status).toBe('critical')
  })

  test('ended, so that nothing is unknown', () => {
    const gone = pod({ destination: { unknown: 'the pod ended while it was read' } })
    expect(portUsage({ value: [gone] }).status).toBe('ok')
  })
})

describe('the nodes about which people will ask', () => {
  const quiet = () => withPods({ value: [pod({ tcpInUse: 1, timeWait: 0, ports: 1 })] })
  const nodes = [
    readNode('well-1', quiet()),
    readNode('well-2', withPods({ value: [pod()] })),
    readNode('full', { ...quiet(), ...levels }),
    ...['well-3', 'well-4', 'well-5'].map((name) => readNode(name, quiet())),
  ]

  test('are those that breach, then those whose pods hold most', () => {
    expect(holderNodes(nodes, evaluate(input(nodes))).map(({ name }) => name)).toEqual([
      ...['full', 'well-2', 'well-1', 'well-3', 'well-4', 'well-5'],
    ])
  })

  test('are named only as far as they breach, and three more', () => {
    expect(nodesToName(nodes, evaluate(input(nodes)))).toEqual(['full', 'well-2', 'well-1', 'well-3'])
  })

  test('without a look into pods are those alone that run short of ports', () => {
    const tuple = {
      localAddress: '10.0.0.4',
      remoteAddress: '10.0.3.5',
      remotePort: 443,
      ports: 25_000,
      timeWait: 0,
    }
    const plain = [
      readNode('full', { ...reading(), ...levels }),
      readNode('short', { ...reading(), busiestTuples: { value: [tuple] } }),
    ]
    expect(nodesToName(plain, evaluate(input(plain)))).toEqual(['short'])
  })
})

test('whatever pods a node tells of, its findings are made, bounded and never better than without them', () => {
  const text = fc.string({ maxLength: 2000 })
  const number = fc.integer({ min: 0, max: 999_999_999 })
  const port = fc.integer({ min: 0, max: 65_535 })
  const to = fc.record({
    ...{ remoteAddress: text, remotePort: port, timeWait: port },
    ports: port,
    portsInDefaultRange: port,
  })
  const sockets: fc.Arbitrary<PodSockets> = fc.record({
    tcpInUse: number,
    timeWait: number,
    destination: fc.oneof(
      fc.record({ value: fc.option(to, { nil: null }) }),
      text.map((unknown) => ({ unknown })),
    ),
    pod: fc.record({ namespace: text, name: text }),
  })
  const rank = { ok: 0, 'not-made': 0, warning: 1, unknown: 2, critical: 3 }
  fc.assert(
    fc.property(fc.array(sockets, { maxLength: 5 }), fc.boolean(), (pods, breaches) => {
      const bare = { ...reading(), ...(breaches && levels) }
      for (const check of ['conntrack-usage', 'time-wait', 'port-usage'] as const) {
        const [before, after] = [find(check, bare), find(check, { ...bare, busiestPods: { value: pods } })]
        expect(rank[after.status]).toBeGreaterThanOrEqual(rank[before.status])
        expect(after.summary.length).toBeLessThan(2000)
        expect(after.summary).not.toMatch(/[\n\r]/)
      }
    }),
  )
})
