import { isKnown } from '../../node/reading.ts'
import {
  type Check,
  type CheckInput,
  gradeAtOrAbove,
  nameOf,
  notKnown,
  type ReadNode,
  readNodes,
  rounded,
  worstOf,
} from '../check.ts'
import type { Finding, Thresholds } from '../finding.ts'
import { count, percent, plural } from '../format.ts'
import { withHolders } from '../holders.ts'
import { busiestTuple, localPorts, TIME_WAIT_SECONDS } from '../ports.ts'
import { highest, numberOf } from '../rates.ts'

/** TIME-WAIT sockets in the node's own network namespace, and how near they bring a loss. */
export const timeWait: Check = {
  id: 'time-wait',
  make: (input: CheckInput) => readNodes(input.nodes).map((node) => judge(node, input.thresholds)),
  phrase(group) {
    const worst = worstOf(group)
    if (!worst) return ''
    return `at or above ${count(worst.threshold ?? 0)} TIME-WAIT sockets (worst ${nameOf(worst.subject)} ${count(worst.value ?? 0)})`
  },
}

function judge(node: ReadNode, thresholds: Thresholds): Finding {
  const check = timeWait.id
  const { subject, reading } = node
  const sockets = highest(reading, (sample) => sample.timeWait, 'TIME-WAIT sockets')
  if (!isKnown(sockets)) return notKnown(check, subject, sockets.unknown)
  const { value } = sockets
  const { status, threshold } = gradeAtOrAbove(value, thresholds.timeWaitWarning, thresholds.timeWaitCritical)
  const near = nearness(node, value)
  const finding: Finding = {
    check,
    status,
    subject,
    summary: `${plural(value, 'TIME-WAIT socket')}${near.words}`,
    value,
    threshold,
    evidence: { timeWaitSockets: value, ...near.evidence },
    decides: true,
  }
  return status === 'ok' ? finding : withHolders({ ...finding, advice: adviceFor(node) }, reading)
}

/** A port is short only towards one destination: the share of its ports bounds how near that is. */
function nearness(node: ReadNode, sockets: number): { words: string; evidence: Record<string, number> } {
  const { reading } = node
  const evidence: Record<string, number> = {}
  const limit = numberOf(reading.sysctls['net.ipv4.tcp_max_tw_buckets'], 'tcp_max_tw_buckets')
  if (isKnown(limit)) evidence.maxTimeWaitSockets = limit.value
  const ports = localPorts(reading)
  if (!isKnown(ports) || ports.value === 0) return { words: '', evidence }
  const share = Math.min(100, (100 * sockets) / ports.value)
  evidence.portsPerDestination = ports.value
  evidence.shareOfOneDestinationPercent = rounded(share)
  evidence.connectionsPerSecondPerDestinationWithoutReuse = Math.floor(ports.value / TIME_WAIT_SECONDS)
  const busiest = busiestTuple(reading)
  if (isKnown(busiest)) evidence.busiestDestinationTimeWaitSockets = busiest.value?.timeWait ?? 0
  return {
    words: `, at most ${percent(share)} of the ${plural(ports.value, 'port')} towards one destination`,
    evidence,
  }
}

function adviceFor({ reading }: ReadNode): string {
  const reuse = reading.sysctls['net.ipv4.tcp_tw_reuse']
  const stamps = reading.sysctls['net.ipv4.tcp_timestamps']
  const reuses = isKnown(reuse) && reuse.value === 1 && isKnown(stamps) && stamps.value > 0
  return reuses
    ? 'Reuse is on (tcp_tw_reuse 1), so let what opens a connection for every request keep its connections open.'
    : 'Let outgoing connections reuse these ports with fix: sysctl and tw-reuse: 1; it reaches host-network processes only.'
}
