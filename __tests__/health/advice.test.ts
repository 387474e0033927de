import { describe, expect, test } from '@jest/globals'
import { nextInOneLine, nextSteps, settingsFor } from '../../src/health/advice.ts'
import { evaluate } from '../../src/health/evaluate.ts'
import type { Thresholds } from '../../src/health/finding.ts'
import type { ServiceInfo } from '../../src/health/service.ts'
import { judge } from '../../src/health/verdict.ts'
import type { NodeResult } from '../../src/node/reading.ts'
import { type ReadingOverrides, read, unread } from '../support/readings.ts'
import { input } from './support.ts'

const WEB: ServiceInfo = {
  namespace: 'default',
  name: 'web',
  type: 'LoadBalancer',
  policy: 'Cluster',
  resourceVersion: '1',
}

function found(nodes: NodeResult[], thresholds: Partial<Thresholds> = {}, services: ServiceInfo[] = []) {
  return evaluate(input(nodes, thresholds, { services: { value: services } }))
}

const full: ReadingOverrides = { first: { conntrackCount: 120_000 } }
const race: ReadingOverrides = {
  second: { counters: { 'conntrack.drop': 3, 'conntrack.insert_failed': 3 } },
}

describe('the lines to paste', () => {
  test('are none when nothing breached', () => {
    expect(nextSteps(found([read('a')]))).toEqual({
      remedies: [],
      answers: {},
      with: [],
      lasting: [],
      byHand: [],
    })
  })

  test('go from the service policy to the node, as the remedies run', () => {
    const steps = nextSteps(found([read('a', full)], {}, [WEB]))
    expect(steps.with).toEqual(['fix: service-policy, sysctl', 'services: default/web'])
    expect(steps.answers).toEqual({
      'service-policy': ['conntrack-usage', 'service-policy'],
      sysctl: ['conntrack-usage'],
    })
  })

  test('name the size of the table where the default is not enough', () => {
    const large: ReadingOverrides = {
      sysctls: { 'net.netfilter.nf_conntrack_max': 262_144 },
      first: { conntrackCount: 250_000 },
    }
    const steps = nextSteps(found([read('a', full, { pool: 'x' }), read('b', large, { pool: 'y' })]))
    expect(steps.with).toEqual(['fix: sysctl', 'conntrack-max: 524288'])
  })

  test('set reuse to a value that is allowed', () => {
    const off: ReadingOverrides = { sysctls: { 'net.ipv4.tcp_tw_reuse': 0 } }
    expect(nextSteps(found([read('a', off)])).with).toEqual(['fix: sysctl'])
    expect(nextSteps(found([read('a', off)], { twReuseAllowed: [2] })).with).toEqual([
      'fix: sysctl',
      'tw-reuse: 2',
    ])
  })

  test('that make it last stand apart, as a second remedy finds nothing breached after the first', () => {
    const findings = found([read('a', full)])
    expect(nextSteps(findings).lasting).toEqual(['fix: daemonset', 'fix-scope: all'])
    expect(nextSteps(findings, { azure: true }).lasting).toEqual(['fix: node-pool', 'fix-scope: all'])
  })

  test('make the nodes of a pool alike', () => {
    const odd = read('b', { sysctls: { 'net.ipv4.tcp_tw_reuse': 1 } })
    expect(nextSteps(found([read('a'), odd]))).toMatchObject({
      with: ['fix: daemonset', 'fix-scope: all'],
      lasting: [],
    })
  })
})

describe('what no remedy answers', () => {
  test('is told as sentences, once each', () => {
    const steps = nextSteps(found([read('a', race), read('b', race)]))
    expect(steps.with).toEqual([])
    expect(steps.byHand).toHaveLength(1)
    expect(steps.byHand[0]).toContain('NodeLocal DNSCache')
  })

  test('has the worst first', () => {
    const steps = nextSteps(found([read('a', race), unread('b')]))
    expect(steps.byHand).toEqual([
      'Look at the events of the node.',
      expect.stringContaining('NodeLocal DNSCache'),
    ])
  })

  test('holds reuse that lacks timestamps', () => {
    const sysctls = { 'net.ipv4.tcp_tw_reuse': 1, 'net.ipv4.tcp_timestamps': 0 }
    const steps = nextSteps(found([read('a', { sysctls })]))
    expect(steps.with).toEqual([])
    expect(steps.byHand[0]).toContain('net.ipv4.tcp_timestamps')
  })
})

test.each<[string, ReadingOverrides, string]>([
  ['conntrack-usage', full, 'table'],
  ['conntrack-drops', { second: { counters: { 'conntrack.drop': 1 } } }, 'table'],
  ['conntrack-buckets', { sysctls: { 'net.netfilter.nf_conntrack_buckets': 4096 } }, 'table'],
  ['time-wait', { first: { timeWait: 600 } }, 'tcp'],
  ['time-wait-overflow', { second: { counters: { 'TcpExt.TCPTimeWaitOverflow': 1 } } }, 'tcp'],
  ['tw-reuse', { sysctls: { 'net.ipv4.tcp_tw_reuse': 0 } }, 'tcp'],
  ['port-usage', { reservedPorts: 28_232 }, 'tcp'],
])('%s is answered by settings of its kind', (check, overrides, kind) => {
  const settings = found([read('a', overrides)]).flatMap((finding) =>
    settingsFor(finding) === undefined ? [] : [[finding.check, settingsFor(finding)]],
  )
  expect(settings).toEqual([[check, kind]])
})

test('one line says what to do next', () => {
  const lineFor = (nodes: NodeResult[]) => {
    const findings = found(nodes)
    return nextInOneLine(nextSteps(findings), judge(findings, { failOn: 'critical', unknownNodesAllowed: 0 }))
  }
  expect(lineFor([read('a')])).toBeUndefined()
  expect(lineFor([read('a', full)])).toBe('Run again with fix: sysctl.')
  expect(lineFor([unread('a')])).toContain('what they share is the cause')
})
