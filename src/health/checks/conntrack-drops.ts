import { isKnown, isNotPublished } from '../../node/reading.ts'
import {
  type Check,
  type CheckInput,
  nameOf,
  notKnown,
  overWindow,
  type ReadNode,
  rounded,
  worstOf,
} from '../check.ts'
import type { Finding, Thresholds } from '../finding.ts'
import { clip, count, duration, perSecond, plural } from '../format.ts'
import { withHolders } from '../holders.ts'
import { growthOf, type Window } from '../rates.ts'

/**
 * Packets lost and inserts refused while the probe watched. Totals since boot say nothing: they keep what an
 * incident of last month left.
 */
export const conntrackDrops: Check = {
  id: 'conntrack-drops',
  make: (input: CheckInput) =>
    overWindow(conntrackDrops.id, input, (node, window) => judge(node, window, input.thresholds)),
  phrase(group) {
    const worst = worstOf(group)
    return worst ? `losing connections (worst ${nameOf(worst.subject)} ${perSecond(worst.value ?? 0)})` : ''
  },
}

/** Losses over the window, told apart by cause, and which counters could not be read. */
interface Losses {
  /** Packets dropped as the table was full. */
  tableFull: number
  /** Entries thrown out to make room in a full table. */
  evicted: number
  /** Inserts refused as their hash chain was too long. */
  chain: number
  /** Packets that lost an insert clash, as two DNS queries from one socket do. */
  clashes: number
  /** The counters that grew, as the kernel names them. */
  grown: string[]
  /** What could not be measured; the numbers above are then the least that was lost. */
  missing: string[]
}

function judge(node: ReadNode, window: Window, thresholds: Thresholds): Finding {
  const check = conntrackDrops.id
  if (publishesNone(window)) {
    const why = 'this kernel publishes no connection-tracking counters, so losses cannot be seen from /proc'
    return notKnown(check, node.subject, why, false)
  }
  const losses = lossesIn(window)
  const { tableFull, evicted, chain, clashes, grown, missing } = losses
  const lost = tableFull + evicted + chain
  const { dropsCriticalPerSecond: critical } = thresholds
  const isCritical = lost / window.seconds >= critical
  if (missing.length > 0 && !isCritical) {
    const seen = grown.length > 0 ? `; seen in ${duration(window.seconds)}: ${grown.join(', ')}` : ''
    return notKnown(check, node.subject, clip(`${missing.join('; ')}${seen}`, 600))
  }
  const status = isCritical ? 'critical' : lost + clashes > 0 ? 'warning' : 'ok'
  const unread = missing.length > 0 ? `; not known: ${missing.join('; ')}` : ''
  const finding: Finding = {
    check,
    status,
    subject: node.subject,
    summary: `${wordsFor(losses, window.seconds, critical)}${unread}`,
    value: (lost > 0 || isCritical ? lost : clashes) / window.seconds,
    threshold: isCritical ? critical : 0,
    evidence: evidenceOf(losses, window.seconds),
    decides: true,
  }
  if (status === 'ok' || lost + clashes === 0) return finding
  return withHolders({ ...finding, advice: adviceFor(losses) }, node.reading)
}

const NEEDED = [
  'conntrack.drop',
  'conntrack.early_drop',
  'conntrack.insert_failed',
  'conntrack.chain_too_long',
] as const

/** Whether the kernel was built without /proc/net/stat/nf_conntrack (CONFIG_NF_CONNTRACK_PROCFS). */
function publishesNone({ first, second }: Window): boolean {
  return NEEDED.every((name) => [first, second].every(({ counters }) => isNotPublished(counters[name])))
}

/**
 * A lost clash counts in `drop` and in `insert_failed`, a chain refusal in `chain_too_long` and in
 * `insert_failed`, a full table in `drop` alone (nf_conntrack_core.c). Taken apart here, so that a DNS race
 * does not read as a full table and nothing counts twice.
 */
function lossesIn(window: Window): Losses {
  const missing: string[] = []
  const grown: string[] = []
  const growth = (counter: (typeof NEEDED)[number]): number | undefined => {
    const by = growthOf(window, counter)
    if (!isKnown(by)) missing.push(by.unknown)
    else if (by.value > 0) grown.push(`${counter.slice('conntrack.'.length)} +${count(by.value)}`)
    return isKnown(by) ? by.value : undefined
  }
  // Kernels before 5.15 have no such column as they have no limit to the length of a chain.
  const hasChainLimit = !isNotPublished(window.second.counters['conntrack.chain_too_long'])
  const chain = hasChainLimit ? (growth('conntrack.chain_too_long') ?? 0) : 0
  const drop = growth('conntrack.drop') ?? 0
  const evicted = growth('conntrack.early_drop') ?? 0
  const failed = growth('conntrack.insert_failed')
  const clashes = Math.max(0, (failed ?? 0) - chain)
  // Where the clashes are not known every drop may be one: then no drop proves a full table.
  const explained = failed === undefined ? drop : Math.min(drop, clashes)
  return { tableFull: drop - explained, evicted, chain, clashes, grown, missing }
}

function wordsFor(losses: Losses, seconds: number, critical: number): string {
  const { tableFull, evicted, chain, clashes } = losses
  const lost = tableFull + evicted + chain
  const over = `in ${duration(seconds)}`
  if (lost + clashes === 0) return `no connection lost ${over}`
  const causes = [
    tableFull > 0 ? `${plural(tableFull, 'packet')} dropped by a full table` : '',
    evicted > 0 ? `${plural(evicted, 'entry', 'entries')} evicted from a full table` : '',
    chain > 0 ? `${plural(chain, 'insert')} refused by the hash chain limit` : '',
    clashes > 0 ? `${plural(clashes, 'insert')} lost to clashes` : '',
  ].filter((cause) => cause !== '')
  if (lost === 0) return `${causes.join('')} ${over} (${perSecond(clashes / seconds)})`
  return `${count(lost)} lost ${over} (${perSecond(lost / seconds, [critical])}): ${causes.join(', ')}`
}

function evidenceOf(losses: Losses, seconds: number): Record<string, number> {
  return {
    tableFullPerSecond: rounded(losses.tableFull / seconds),
    evictedPerSecond: rounded(losses.evicted / seconds),
    chainRefusalsPerSecond: rounded(losses.chain / seconds),
    lostClashesPerSecond: rounded(losses.clashes / seconds),
    windowSeconds: seconds,
  }
}

function adviceFor({ tableFull, evicted, chain }: Losses): string {
  if (tableFull + evicted > 0) return 'The table is full: raise it at once with fix: sysctl.'
  if (chain > 0) return 'Raise nf_conntrack_buckets with fix: sysctl: chains are too long for new entries.'
  return 'Two packets of one flow raced, mostly DNS over UDP: run NodeLocal DNSCache or let resolvers use single-request-reopen.'
}
