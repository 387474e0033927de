import { describe, expect, test } from '@jest/globals'
import { conntrackDrops } from '../../../src/health/checks/conntrack-drops.ts'
import type { Thresholds } from '../../../src/health/finding.ts'
import type { Counter } from '../../../src/node/reading.ts'
import { read, unknown } from '../../support/readings.ts'
import { input, only, onNode } from '../support.ts'

type Counters = Partial<Record<Counter, number | { unknown: string }>>

/** A node whose counters were not 0 before and grew by so much in two seconds. */
function growing(counters: Partial<Record<Counter, number>>, thresholds: Partial<Thresholds> = {}) {
  const first = Object.fromEntries(Object.keys(counters).map((name) => [name, 5000])) as Counters
  const second = Object.fromEntries(
    Object.entries(counters).map(([name, growth]) => [name, 5000 + growth]),
  ) as Counters
  return onNode(conntrackDrops, { first: { counters: first }, second: { counters: second } }, thresholds)
}

const NOT_PUBLISHED = unknown('the kernel does not publish it: there is no /proc/net/stat/nf_conntrack')
const NEEDED = ['drop', 'early_drop', 'insert_failed', 'chain_too_long'] as const
const nonePublished = Object.fromEntries(
  NEEDED.map((name) => [`conntrack.${name}`, NOT_PUBLISHED]),
) as Counters

test('totals of an earlier incident do not matter', () => {
  const counters = { 'conntrack.drop': 1393, 'conntrack.early_drop': 3608 }
  expect(onNode(conntrackDrops, { first: { counters } })).toMatchObject({
    status: 'ok',
    value: 0,
    summary: 'no connection lost in 2 s',
  })
})

describe('the rate', () => {
  test('of one drop in two seconds is a warning', () => {
    expect(growing({ 'conntrack.drop': 1 })).toMatchObject({ status: 'warning', value: 0.5, threshold: 0 })
  })

  test('of one a second is critical', () => {
    expect(growing({ 'conntrack.drop': 2 })).toMatchObject({
      status: 'critical',
      value: 1,
      threshold: 1,
      summary: '2 lost in 2 s (1/s): 2 packets dropped by a full table',
    })
  })

  test('adds up what is lost for different reasons', () => {
    const finding = growing({
      'conntrack.drop': 4,
      'conntrack.early_drop': 3,
      'conntrack.insert_failed': 5,
      'conntrack.chain_too_long': 5,
    })
    expect(finding.summary).toBe(
      '12 lost in 2 s (6/s): 4 packets dropped by a full table, 3 entries evicted from a full table, ' +
        '5 inserts refused by the hash chain limit',
    )
    expect(finding.evidence).toEqual({
      tableFullPerSecond: 2,
      evictedPerSecond: 1.5,
      chainRefusalsPerSecond: 2.5,
      lostClashesPerSecond: 0,
      windowSeconds: 2,
    })
  })

  test('of 0 breaches a threshold of 0', () => {
    expect(growing({}, { dropsCriticalPerSecond: 0 }).status).toBe('critical')
  })
})

describe('lost insert clashes', () => {
  test('stay a warning however many, and do not read as a full table', () => {
    const finding = growing({ 'conntrack.drop': 400, 'conntrack.insert_failed': 400 })
    expect(finding).toMatchObject({
      status: 'warning',
      value: 200,
      summary: '400 inserts lost to clashes in 2 s (200/s)',
    })
    expect(finding.evidence.tableFullPerSecond).toBe(0)
    expect(finding.advice).toContain('NodeLocal DNSCache')
  })

  test('do not hide the drops of a full table', () => {
    expect(growing({ 'conntrack.drop': 402, 'conntrack.insert_failed': 400 })).toMatchObject({
      status: 'critical',
      value: 1,
    })
  })

  test('are not what the chain limit refused', () => {
    const finding = growing({
      'conntrack.drop': 10,
      'conntrack.insert_failed': 30,
      'conntrack.chain_too_long': 30,
    })
    expect(finding.evidence).toMatchObject({ tableFullPerSecond: 5, chainRefusalsPerSecond: 15 })
  })
})

test('an eviction alone means a full table', () => {
  expect(growing({ 'conntrack.early_drop': 1 })).toMatchObject({
    status: 'warning',
    advice: 'The table is full: raise it at once with fix: sysctl.',
  })
})

test('refusals by the chain limit ask for buckets', () => {
  const finding = growing({ 'conntrack.insert_failed': 9, 'conntrack.chain_too_long': 9 })
  expect(finding).toMatchObject({ status: 'critical', value: 4.5 })
  expect(finding.advice).toContain('nf_conntrack_buckets')
})

describe('what is not known', () => {
  test('does not decide where the kernel publishes no counters', () => {
    expect(onNode(conntrackDrops, { first: { counters: nonePublished } })).toMatchObject({
      status: 'unknown',
      decides: false,
    })
  })

  test('decides where the counters are published and were not read', () => {
    const counters = Object.fromEntries(
      NEEDED.map((name) => [`conntrack.${name}`, unknown('the probe may not read it')]),
    ) as Counters
    expect(onNode(conntrackDrops, { first: { counters } })).toMatchObject({
      status: 'unknown',
      decides: true,
    })
  })

  test('decides where only the second read has no counters', () => {
    const finding = onNode(conntrackDrops, { second: { counters: nonePublished } })
    expect(finding).toMatchObject({ status: 'unknown', decides: true })
  })

  test('decides where one counter is missing, and what the others say is told', () => {
    const finding = onNode(conntrackDrops, {
      first: { counters: { 'conntrack.early_drop': unknown('malformed') } },
      second: { counters: { 'conntrack.drop': 1 } },
    })
    expect(finding).toMatchObject({
      status: 'unknown',
      decides: true,
      summary: 'conntrack.early_drop: malformed; seen in 2 s: drop +1',
    })
  })

  test('does not hide losses that are critical by themselves', () => {
    const finding = onNode(conntrackDrops, {
      first: { counters: { 'conntrack.early_drop': unknown('malformed') } },
      second: { counters: { 'conntrack.drop': 50 } },
    })
    expect(finding).toMatchObject({ status: 'critical', value: 25 })
    expect(finding.summary).toContain('not known: conntrack.early_drop: malformed')
  })

  test('is nothing where an old kernel has no chain limit to count', () => {
    const first = { counters: { 'conntrack.chain_too_long': NOT_PUBLISHED } }
    expect(onNode(conntrackDrops, { first }).status).toBe('ok')
  })

  test('is everything where the window is not known', () => {
    const finding = onNode(conntrackDrops, { second: { uptimeSeconds: unknown('cut off') } })
    expect(finding).toMatchObject({ status: 'unknown', summary: 'uptime: cut off', decides: true })
  })

  test('is everything where a counter went back', () => {
    const finding = onNode(conntrackDrops, {
      first: { counters: { 'conntrack.drop': 1000 } },
      second: { counters: { 'conntrack.drop': 4 } },
    })
    expect(finding.status).toBe('unknown')
    expect(finding.summary).toContain('went back from 1,000 to 4')
  })
})

describe('without a second read', () => {
  const nodes = [read('aks-np1-0', { second: null })]

  test('the check is not made', () => {
    expect(only(conntrackDrops.make(input(nodes)))).toMatchObject({ status: 'not-made', decides: false })
  })

  test('the check is unknown if a second read was asked for', () => {
    expect(only(conntrackDrops.make(input(nodes, {}, { sampleSeconds: 2 })))).toMatchObject({
      status: 'unknown',
      decides: true,
    })
  })
})
