import { isKnown } from '../../node/reading.ts'
import type { ReadNode } from '../check.ts'
import {
  type Check,
  type CheckInput,
  gradeAtOrAbove,
  nameOf,
  notKnown,
  readNodes,
  rounded,
  worstOf,
} from '../check.ts'
import type { Finding, Thresholds } from '../finding.ts'
import { ENTRY_BYTES, type Forecast, forecast, NATED_ENTRY_BYTES } from '../forecast.ts'
import { count, duration, mebibytes, percent, percentLimit, perSecond } from '../format.ts'
import { withHolders } from '../holders.ts'
import { highest, numberOf, windowOf } from '../rates.ts'

/** What kube-proxy gives a node per core, and the default of the `conntrack-max` input. */
const ENTRIES_PER_CORE = 32768
const DEFAULT_WANTED = 262144
/** The most that the `conntrack-max` input takes: 1.5 GiB if all entries have NAT. */
const MOST_WANTED = 4_194_304

/** How full the connection-tracking table is; a full one refuses every new connection without a word. */
export const conntrackUsage: Check = {
  id: 'conntrack-usage',
  make: (input: CheckInput) => readNodes(input.nodes).map((node) => judge(node, input.thresholds)),
  phrase(group) {
    const worst = worstOf(group)
    const limit = percentLimit(worst?.threshold ?? 0)
    return worst ? `at or above ${limit} (worst ${nameOf(worst.subject)} ${percent(worst.value ?? 0)})` : ''
  },
}

function judge(node: ReadNode, thresholds: Thresholds): Finding {
  const check = conntrackUsage.id
  const { subject, reading } = node
  const max = numberOf(reading.sysctls['net.netfilter.nf_conntrack_max'], 'nf_conntrack_max')
  if (!isKnown(max)) return notKnown(check, subject, max.unknown)
  const entries = highest(reading, (sample) => sample.conntrackCount, 'nf_conntrack_count')
  if (!isKnown(entries)) return notKnown(check, subject, entries.unknown)
  if (max.value === 0) return unlimited(node, entries.value)

  const { conntrackWarningPercent: warning, conntrackCriticalPercent: critical } = thresholds
  const value = (100 * entries.value) / max.value
  const trend = trendOf(node, max.value)
  const { status, threshold } = gradeAtOrAbove(value, warning, critical)
  const summary = `${percent(value, [warning, critical])} of ${count(max.value)} entries used${trend.words}`
  const evidence = {
    entries: entries.value,
    maxEntries: max.value,
    fullTableMib: rounded((max.value * ENTRY_BYTES) / 2 ** 20),
    fullTableNatedMib: rounded((max.value * NATED_ENTRY_BYTES) / 2 ** 20),
    ...trend.evidence,
  }
  const finding: Finding = { check, status, subject, summary, value, threshold, evidence, decides: true }
  if (status === 'ok') return finding
  return withHolders(withAdvice(finding, entries.value, max.value, node.info.cores), reading)
}

function unlimited(node: ReadNode, entries: number): Finding {
  const summary = `${count(entries)} entries and no limit (nf_conntrack_max is 0)`
  const evidence = { entries, maxEntries: 0 }
  return { check: conntrackUsage.id, status: 'ok', subject: node.subject, summary, evidence, decides: true }
}

interface Trend {
  words: string
  evidence: Record<string, number>
}

function trendOf(node: ReadNode, max: number): Trend {
  const { first, second } = node.reading
  const window = second && windowOf(first, second)
  if (!window || !isKnown(window)) return { words: '', evidence: {} }
  const before = numberOf(window.value.first.conntrackCount, 'nf_conntrack_count')
  const after = numberOf(window.value.second.conntrackCount, 'nf_conntrack_count')
  if (!isKnown(before) || !isKnown(after)) return { words: '', evidence: {} }
  const { seconds } = window.value
  const seen = forecast(before.value, after.value, max, seconds)
  const evidence: Record<string, number> = {
    entriesPerSecond: rounded(seen.entriesPerSecond),
    windowSeconds: seconds,
  }
  if (seen.secondsUntilFull !== undefined) evidence.secondsUntilFull = rounded(seen.secondsUntilFull)
  return { words: wordsFor(seen, Math.max(before.value, after.value), max, seconds), evidence }
}

function wordsFor(seen: Forecast, entries: number, max: number, seconds: number): string {
  if (entries > max) return ', more than the limit allows'
  if (entries === max) return ', the table is full'
  if (seen.secondsUntilFull === undefined) return ''
  const until = duration(seen.secondsUntilFull)
  return `, growing by ${perSecond(seen.entriesPerSecond)}: full in ${until} at the pace of the last ${duration(seconds)}`
}

function withAdvice(finding: Finding, entries: number, max: number, cores = 0): Finding {
  const wanted = wantedMax(entries, cores)
  if (wanted <= max) {
    const advice = 'Find what opens so many connections: the table is as large as it can usefully be.'
    return { ...finding, advice }
  }
  const memory = `${mebibytes(wanted * ENTRY_BYTES)} of kernel memory when full, ${mebibytes(wanted * NATED_ENTRY_BYTES)} if all its entries have NAT`
  const advice = `Raise the table to ${wanted} entries with fix: sysctl and conntrack-max: ${wanted}; it takes ${memory}.`
  return { ...finding, evidence: { ...finding.evidence, wantedMaxEntries: wanted }, advice }
}

/**
 * The size at which today's entries fill at most half of the table: a power of two, never below what
 * kube-proxy would choose or the usual target, and never above what the input takes.
 */
function wantedMax(entries: number, cores: number): number {
  const half = 2 ** Math.ceil(Math.log2(Math.max(1, 2 * entries)))
  const usual = Math.ceil(ENTRIES_PER_CORE * (Number.isFinite(cores) ? cores : 0))
  return Math.min(Math.max(half, usual, DEFAULT_WANTED), MOST_WANTED)
}
