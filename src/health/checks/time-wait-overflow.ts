import { isKnown } from '../../node/reading.ts'
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
import type { Finding } from '../finding.ts'
import { duration, perSecond, plural } from '../format.ts'
import { growthOf, numberOf, type Window } from '../rates.ts'

/** Sockets that skipped TIME-WAIT as tcp_max_tw_buckets was reached: late packets then meet a reset. */
export const timeWaitOverflow: Check = {
  id: 'time-wait-overflow',
  make: (input: CheckInput) => overWindow(timeWaitOverflow.id, input, judge),
  phrase(group) {
    const worst = worstOf(group)
    return worst
      ? `cutting TIME-WAIT short at tcp_max_tw_buckets (worst ${nameOf(worst.subject)} ${perSecond(worst.value ?? 0)})`
      : ''
  },
}

function judge(node: ReadNode, window: Window): Finding {
  const check = timeWaitOverflow.id
  const overflow = growthOf(window, 'TcpExt.TCPTimeWaitOverflow')
  if (!isKnown(overflow)) return notKnown(check, node.subject, overflow.unknown)
  const limit = numberOf(node.reading.sysctls['net.ipv4.tcp_max_tw_buckets'], 'tcp_max_tw_buckets')
  const value = overflow.value / window.seconds
  const over = `in ${duration(window.seconds)}`
  const base = {
    check,
    subject: node.subject,
    value,
    threshold: 0,
    evidence: {
      overflowsPerSecond: rounded(value),
      windowSeconds: window.seconds,
      ...(isKnown(limit) ? { maxTimeWaitSockets: limit.value } : {}),
    },
    decides: true,
  }
  if (value === 0) return { ...base, status: 'ok', summary: `no socket skipped TIME-WAIT ${over}` }
  const at = isKnown(limit) ? `tcp_max_tw_buckets (${limit.value})` : 'tcp_max_tw_buckets'
  return {
    ...base,
    status: 'warning',
    summary: `${plural(overflow.value, 'socket')} skipped TIME-WAIT ${over} (${perSecond(value)}), as ${at} was reached`,
    advice:
      'Raise tcp_max_tw_buckets with fix: sysctl and max-tw-buckets; no connection is refused meanwhile.',
  }
}
