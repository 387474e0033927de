import { describe, expect, test } from '@jest/globals'
import { evaluate } from '../../src/health/evaluate.ts'
import type { Finding, Policy, Thresholds } from '../../src/health/finding.ts'
import { asides, judge } from '../../src/health/verdict.ts'
import type { NodeResult } from '../../src/node/reading.ts'
import { outOfScope, type ReadingOverrides, read, unknown, unread } from '../support/readings.ts'
import { input } from './support.ts'

const POLICY: Policy = { failOn: 'critical', unknownNodesAllowed: 0 }

function judged(nodes: NodeResult[], policy: Partial<Policy> = {}, thresholds: Partial<Thresholds> = {}) {
  return judge(evaluate(input(nodes, thresholds)), { ...POLICY, ...policy })
}

const full: ReadingOverrides = { first: { conntrackCount: 127_271 } }
const high: ReadingOverrides = { first: { conntrackCount: 95_000 } }
const lost: ReadingOverrides = { sysctls: { 'net.netfilter.nf_conntrack_max': unknown('denied') } }

test('healthy nodes are healthy, for no reason', () => {
  expect(judged([read('a'), read('b'), outOfScope()])).toEqual({
    verdict: 'healthy',
    fails: false,
    reasons: [],
  })
})

describe('the verdict', () => {
  test.each<[string, NodeResult[], string]>([
    ['critical before unknown', [read('a', full), unread('b'), read('c', high)], 'critical'],
    ['unknown before warning', [unread('b'), read('c', high)], 'unknown'],
    ['unknown for one value that is missing', [read('a', lost), read('c', high)], 'unknown'],
    ['warning before healthy', [read('a'), read('c', high)], 'warning'],
    ['unknown without a node', [], 'unknown'],
    ['unknown with nodes out of scope alone', [outOfScope()], 'unknown'],
  ])('is %s', (_name, nodes, verdict) => {
    expect(judged(nodes).verdict).toBe(verdict)
  })

  test('of no findings at all is unknown', () => {
    expect(judge([], POLICY)).toMatchObject({ verdict: 'unknown', fails: true })
  })

  test('is not changed by what does not decide', () => {
    const absent = unknown('the kernel does not publish it: there is no /proc/net/stat/nf_conntrack')
    const counters = {
      'conntrack.drop': absent,
      'conntrack.early_drop': absent,
      'conntrack.insert_failed': absent,
      'conntrack.chain_too_long': absent,
    }
    const nodes = [read('a', { first: { counters } }), read('b')]
    expect(judged(nodes)).toEqual({ verdict: 'healthy', fails: false, reasons: [] })
    expect(asides(evaluate(input(nodes)))).toEqual([
      'conntrack-drops: unknown for 1 of 2 nodes: this kernel publishes no connection-tracking counters, ' +
        'so losses cannot be seen from /proc (does not change the verdict)',
    ])
  })
})

describe('fail-on', () => {
  const nodesFor = {
    healthy: [read('a')],
    warning: [read('a', high)],
    unknown: [unread('a')],
    critical: [read('a', full)],
  }

  test.each<[Policy['failOn'], string[]]>([
    ['critical', ['unknown', 'critical']],
    ['warning', ['warning', 'unknown', 'critical']],
    ['never', []],
  ])('%s fails on %j', (failOn, failing) => {
    const failed = Object.entries(nodesFor).filter(([, nodes]) => judged(nodes, { failOn }).fails)
    expect(failed.map(([verdict]) => verdict)).toEqual(failing)
  })
})

describe('unknown-nodes-allowed', () => {
  const nodes = [read('a'), unread('c'), unread('b')]

  test('forgives that many unread nodes and names them', () => {
    expect(judged(nodes, { unknownNodesAllowed: 2 })).toEqual({
      verdict: 'healthy',
      fails: false,
      reasons: ['node-readable: 2 of 3 nodes not read (b, c), forgiven by unknown-nodes-allowed 2'],
    })
  })

  test('forgives none of them when there is one more', () => {
    expect(judged(nodes, { unknownNodesAllowed: 1 })).toEqual({
      verdict: 'unknown',
      fails: true,
      reasons: [
        'node-readable: 2 of 3 nodes not read (b: The kubelet did not start the pod within 60 s; and 1 more)',
      ],
    })
  })

  test('does not forgive a run that read no node', () => {
    expect(judged([unread('a')], { unknownNodesAllowed: 5 })).toEqual({
      verdict: 'unknown',
      fails: true,
      reasons: [
        'node-readable: none of 1 node was read',
        'node-readable: 1 of 1 node not read (a), forgiven by unknown-nodes-allowed 5',
      ],
    })
  })

  test('does not forgive a value that is missing on a node that was read', () => {
    expect(judged([read('a', lost), read('b')], { unknownNodesAllowed: 5 }).verdict).toBe('unknown')
  })
})

describe('the reasons', () => {
  test('are one sentence a check, with counts, threshold and the worst node', () => {
    const nodes = Array.from({ length: 12 }, (_, index) => read(`aks-np1-${index}`, index === 3 ? full : {}))
    nodes[5] = read('aks-np1-5', { first: { conntrackCount: 110_000 } })
    expect(judged(nodes).reasons).toEqual([
      'conntrack-usage: 2 of 12 nodes at or above 80 % (worst aks-np1-3 97.1 %)',
    ])
  })

  test('tell critical, unknown and warning nodes of one check apart', () => {
    const nodes = [read('a', full), read('b', high), read('c', lost), read('d')]
    expect(judged(nodes).reasons[0]).toBe(
      'conntrack-usage: 1 of 4 nodes at or above 80 % (worst a 97.1 %); ' +
        'unknown for 1 of 4 nodes (c: nf_conntrack_max: denied); 1 more at or above 70 % (worst b 72.5 %)',
    )
  })

  test('come worst first', () => {
    const nodes = [read('a', high), unread('b'), read('c', { first: { timeWait: 600 } })]
    expect(judged(nodes).reasons.map((reason) => reason.split(':')[0])).toEqual([
      'time-wait',
      'node-readable',
      'conntrack-usage',
    ])
  })

  test('exist for every check that can breach', () => {
    const sick = read('sick', {
      sysctls: { 'net.netfilter.nf_conntrack_buckets': 4096, 'net.ipv4.tcp_tw_reuse': 0 },
      first: { conntrackCount: 131_072, timeWait: 3000 },
      second: { counters: { 'conntrack.drop': 90, 'TcpExt.TCPTimeWaitOverflow': 8 } },
      busiestTuples: {
        value: [
          {
            localAddress: '10.224.0.4',
            remoteAddress: '10.1.1.1',
            remotePort: 5432,
            ports: 28_000,
            timeWait: 9,
          },
        ],
      },
    })
    const services = [
      {
        namespace: 'default',
        name: 'web',
        type: 'LoadBalancer',
        policy: 'Cluster',
        resourceVersion: '1',
      } as const,
    ]
    const findings = evaluate(
      input([sick, read('well'), unread('gone')], {}, { services: { value: services } }),
    )
    expect(judge(findings, POLICY).reasons).toEqual([
      'conntrack-usage: 1 of 2 nodes at or above 80 % (worst sick 100.0 %)',
      'conntrack-drops: 1 of 2 nodes losing connections (worst sick 45/s)',
      'conntrack-buckets: 1 of 2 nodes above 8 entries a bucket (worst sick 32)',
      'time-wait: 1 of 2 nodes at or above 500 TIME-WAIT sockets (worst sick 3,000)',
      'tw-reuse: 1 of 2 nodes with tcp_tw_reuse 0',
      'port-usage: 1 of 2 nodes at or above 80 % of the ports to one destination (worst sick 99.2 % to 10.1.1.1:5432)',
      'node-readable: 1 of 3 nodes not read (gone: The kubelet did not start the pod within 60 s)',
      'time-wait-overflow: 1 of 2 nodes cutting TIME-WAIT short at tcp_max_tw_buckets (worst sick 4/s)',
      'service-policy: 1 of 1 service with traffic across nodes while conntrack-usage is breached (default/web)',
      'pool-drift: 1 of 1 pool with nodes that differ (worst np1: net.netfilter.nf_conntrack_buckets, net.ipv4.tcp_tw_reuse)',
    ])
  })
})

test('a finding that nobody asked for does not stop the verdict', () => {
  const strange: Finding = {
    check: 'time-wait',
    status: 'critical',
    subject: { kind: 'cluster' },
    summary: 'all nodes wait',
    evidence: {},
    decides: true,
  }
  expect(judge([strange], POLICY)).toMatchObject({
    verdict: 'critical',
    reasons: ['time-wait: all nodes wait'],
  })
})
