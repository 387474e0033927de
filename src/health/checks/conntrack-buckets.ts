import { isKnown } from '../../node/reading.ts'
import {
  type Check,
  type CheckInput,
  gradeAbove,
  nameOf,
  notKnown,
  type ReadNode,
  readNodes,
  worstOf,
} from '../check.ts'
import type { Finding, Thresholds } from '../finding.ts'
import { count, ratio } from '../format.ts'
import { highest, numberOf } from '../rates.ts'

/**
 * How many entries share a hash bucket when the table is full. Since Linux 5.15 an insert fails when its
 * chain is longer than 50 to 79 entries, so that a large table on few buckets refuses connections long
 * before it is full.
 */
export const conntrackBuckets: Check = {
  id: 'conntrack-buckets',
  make: (input: CheckInput) => readNodes(input.nodes).map((node) => judge(node, input.thresholds)),
  phrase(group) {
    const worst = worstOf(group)
    if (!worst) return ''
    return `above ${worst.threshold ?? 0} entries a bucket (worst ${nameOf(worst.subject)} ${ratio(worst.value ?? 0)})`
  },
}

function judge(node: ReadNode, thresholds: Thresholds): Finding {
  const check = conntrackBuckets.id
  const { subject, reading } = node
  const buckets = numberOf(reading.sysctls['net.netfilter.nf_conntrack_buckets'], 'nf_conntrack_buckets')
  if (!isKnown(buckets)) return notKnown(check, subject, buckets.unknown)
  if (buckets.value === 0)
    return notKnown(check, subject, 'nf_conntrack_buckets reads 0, which no kernel has')
  const max = numberOf(reading.sysctls['net.netfilter.nf_conntrack_max'], 'nf_conntrack_max')
  if (!isKnown(max)) return notKnown(check, subject, max.unknown)
  // Without a limit the table has no full size: what is in it now is what the chains carry.
  const entries =
    max.value === 0 ? highest(reading, (sample) => sample.conntrackCount, 'nf_conntrack_count') : max
  if (!isKnown(entries)) return notKnown(check, subject, entries.unknown)

  const { bucketsWarningRatio: warning, bucketsCriticalRatio: critical } = thresholds
  const value = entries.value / buckets.value
  const { status, threshold } = gradeAbove(value, warning, critical)
  const when = max.value === 0 ? 'now, with no limit set' : 'when the table is full'
  const summary =
    `${ratio(value, [warning, critical])} entries a bucket ${when} ` +
    `(${count(entries.value)} on ${count(buckets.value)} buckets)`
  const evidence = { [max.value === 0 ? 'entries' : 'maxEntries']: entries.value, buckets: buckets.value }
  const finding: Finding = { check, status, subject, summary, value, threshold, evidence, decides: true }
  if (status === 'ok') return finding
  const wanted = Math.ceil(entries.value / 4 / 512) * 512
  const advice = `Raise nf_conntrack_buckets to at least ${wanted}, a quarter of the entries, with fix: sysctl.`
  return { ...finding, advice }
}
