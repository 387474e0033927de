import { describe, expect, test } from '@jest/globals'
import { conntrackUsage } from '../../../src/health/checks/conntrack-usage.ts'
import type { Thresholds } from '../../../src/health/finding.ts'
import { unknown } from '../../support/readings.ts'
import { onNode } from '../support.ts'

const MAX = 'net.netfilter.nf_conntrack_max'

function usage(entries: number, max = 20_000, thresholds: Partial<Thresholds> = {}, cores = 4) {
  const overrides = { sysctls: { [MAX]: max }, first: { conntrackCount: entries } }
  return onNode(conntrackUsage, overrides, thresholds, { cores })
}

describe('the level', () => {
  test.each([
    [13_999, 'ok', 70],
    [14_000, 'warning', 70],
    [15_999, 'warning', 70],
    [16_000, 'critical', 80],
    [20_000, 'critical', 80],
  ])('of %d in 20,000 entries is %s', (entries, status, threshold) => {
    expect(usage(entries)).toMatchObject({ status, threshold, value: entries / 200, decides: true })
  })

  test('just below a threshold does not print as the threshold', () => {
    expect(usage(15_999).summary).toBe('79.995 % of 20,000 entries used')
  })

  test('an empty table breaches a threshold of 0', () => {
    expect(usage(0, 20_000, { conntrackWarningPercent: 0, conntrackCriticalPercent: 50 }).status).toBe(
      'warning',
    )
    expect(usage(0, 20_000, { conntrackWarningPercent: 0, conntrackCriticalPercent: 0 }).status).toBe(
      'critical',
    )
  })

  test('a full table is said to be full', () => {
    expect(usage(20_000).summary).toBe('100.0 % of 20,000 entries used, the table is full')
  })

  test('more entries than the limit allows are told as they are', () => {
    expect(usage(30_000)).toMatchObject({
      status: 'critical',
      value: 150,
      summary: '150.0 % of 20,000 entries used, more than the limit allows',
    })
  })

  test('the worse of the two reads counts', () => {
    const overrides = {
      sysctls: { [MAX]: 20_000 },
      first: { conntrackCount: 16_000 },
      second: { conntrackCount: 1000 },
    }
    expect(onNode(conntrackUsage, overrides).status).toBe('critical')
  })

  test('a limit of 0 is no limit, and that is said', () => {
    const finding = usage(50_000, 0)
    expect(finding).toMatchObject({
      status: 'ok',
      summary: '50,000 entries and no limit (nf_conntrack_max is 0)',
    })
    expect(finding).not.toHaveProperty('value')
  })
})

describe('what could not be read', () => {
  test('makes the check unknown with the reason, and decides', () => {
    expect(onNode(conntrackUsage, { sysctls: { [MAX]: unknown('denied') } })).toMatchObject({
      status: 'unknown',
      summary: 'nf_conntrack_max: denied',
      decides: true,
    })
    expect(onNode(conntrackUsage, { first: { conntrackCount: unknown('denied') } })).toMatchObject({
      status: 'unknown',
      summary: 'nf_conntrack_count: denied',
      decides: true,
    })
  })

  test('costs only the trend where it is the uptime', () => {
    const finding = onNode(conntrackUsage, { first: { uptimeSeconds: unknown() } })
    expect(finding.status).toBe('ok')
    expect(finding.evidence).not.toHaveProperty('entriesPerSecond')
  })
})

describe('the trend', () => {
  test('says when the table is full, and how sure that is', () => {
    const finding = onNode(conntrackUsage, {
      first: { conntrackCount: 90_000 },
      second: { conntrackCount: 92_000 },
    })
    expect(finding.summary).toBe(
      '70.2 % of 131,072 entries used, growing by 1,000/s: full in 39 s at the pace of the last 2 s',
    )
    expect(finding.evidence).toMatchObject({
      entriesPerSecond: 1000,
      windowSeconds: 2,
      secondsUntilFull: 39.072,
    })
  })

  test('is not told where it may be chance', () => {
    const finding = onNode(conntrackUsage, {
      first: { conntrackCount: 90_000 },
      second: { conntrackCount: 90_050 },
    })
    expect(finding.summary).toBe('68.7 % of 131,072 entries used')
    expect(finding.evidence).toMatchObject({ entriesPerSecond: 25 })
  })

  test('never changes the status', () => {
    const finding = onNode(conntrackUsage, {
      first: { conntrackCount: 10_000 },
      second: { conntrackCount: 60_000 },
    })
    expect(finding.status).toBe('ok')
  })
})

describe('the size to raise the table to', () => {
  test('halves the use, and its memory is told', () => {
    expect(usage(420_000, 524_288, {}, 16).advice).toBe(
      'Raise the table to 1048576 entries with fix: sysctl and conntrack-max: 1048576; it takes ' +
        '256 MiB of kernel memory when full, 384 MiB if all its entries have NAT.',
    )
  })

  test.each([
    ['at least 262,144', 120_000, 131_072, 4, 262_144],
    ['at least what kube-proxy gives that many cores', 60_000, 65_536, 32, 1_048_576],
    ['at most what the input takes', 3_900_000, 4_000_000, 192, 4_194_304],
    ['none below the present size', 4_000_000, 5_000_000, 4, undefined],
  ])('is %s', (_name, entries, max, cores, wanted) => {
    expect(usage(entries, max, {}, cores).evidence.wantedMaxEntries).toBe(wanted)
  })

  test('is not advised where the table is as large as it can be', () => {
    expect(usage(4_000_000, 4_194_304).advice).toContain('Find what opens so many connections')
  })
})

test('the memory of a full table is in the evidence, without and with NAT', () => {
  expect(usage(0, 262_144).evidence).toMatchObject({ fullTableMib: 64, fullTableNatedMib: 96 })
})
