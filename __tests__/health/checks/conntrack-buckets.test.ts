import { expect, test } from '@jest/globals'
import { conntrackBuckets } from '../../../src/health/checks/conntrack-buckets.ts'
import type { Thresholds } from '../../../src/health/finding.ts'
import { unknown } from '../../support/readings.ts'
import { onNode } from '../support.ts'

const MAX = 'net.netfilter.nf_conntrack_max'
const BUCKETS = 'net.netfilter.nf_conntrack_buckets'

function ratio(max: number, buckets: number, thresholds: Partial<Thresholds> = {}) {
  return onNode(conntrackBuckets, { sysctls: { [MAX]: max, [BUCKETS]: buckets } }, thresholds)
}

test.each([
  [262_144, 65_536, 'ok', 4],
  [262_145, 65_536, 'warning', 4],
  [524_288, 65_536, 'warning', 4],
  [524_289, 65_536, 'critical', 8],
  [262_144, 4096, 'critical', 8],
])('%d entries on %d buckets are %s', (max, buckets, status, threshold) => {
  expect(ratio(max, buckets)).toMatchObject({ status, threshold, value: max / buckets })
})

test('just above a threshold does not print as the threshold', () => {
  expect(ratio(262_145, 65_536).summary).toBe(
    '4.00002 entries a bucket when the table is full (262,145 on 65,536 buckets)',
  )
})

test('any table breaches a threshold of 0', () => {
  expect(ratio(1, 65_536, { bucketsWarningRatio: 0 }).status).toBe('warning')
})

test('the advice names the buckets that are enough', () => {
  expect(ratio(524_288, 4096).advice).toBe(
    'Raise nf_conntrack_buckets to at least 131072, a quarter of the entries, with fix: sysctl.',
  )
})

test('without a limit the entries of now count', () => {
  const sysctls = { [MAX]: 0, [BUCKETS]: 1000 }
  const finding = onNode(conntrackBuckets, { sysctls, first: { conntrackCount: 9000 } })
  expect(finding).toMatchObject({
    status: 'critical',
    value: 9,
    summary: '9 entries a bucket now, with no limit set (9,000 on 1,000 buckets)',
  })
})

test.each([
  ['buckets', { [BUCKETS]: unknown('denied') }, 'nf_conntrack_buckets: denied'],
  ['the limit', { [MAX]: unknown('denied') }, 'nf_conntrack_max: denied'],
  ['buckets above 0', { [BUCKETS]: 0 }, 'nf_conntrack_buckets reads 0, which no kernel has'],
])('without %s it is unknown', (_name, sysctls, summary) => {
  expect(onNode(conntrackBuckets, { sysctls })).toMatchObject({ status: 'unknown', summary, decides: true })
})

test('without limit and count it is unknown', () => {
  const finding = onNode(conntrackBuckets, { sysctls: { [MAX]: 0 }, first: { conntrackCount: unknown('x') } })
  expect(finding.status).toBe('unknown')
})
