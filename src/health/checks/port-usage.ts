import { isKnown, type PortTuple } from '../../node/reading.ts'
import {
  type Check,
  type CheckInput,
  gradeAtOrAbove,
  nameOf,
  notKnown,
  type ReadNode,
  readNodes,
  worstOf,
} from '../check.ts'
import type { Finding, Status, Thresholds } from '../finding.ts'
import { clip, count, percent, percentLimit, plural } from '../format.ts'
import { addressOf, destinationName, remoteName, withHolders } from '../holders.ts'
import { nearestPod, type PodPorts } from '../pod-ports.ts'
import { busiestTuple, localPorts, TIME_WAIT_SECONDS } from '../ports.ts'

/**
 * How many of the local ports are taken towards the busiest destination. At 100 % the next connect() there
 * fails with EADDRNOTAVAIL, and no counter of the kernel tells. Where pods were looked into, one of them that
 * is worse off than its node is what the finding is about: it fails while the node looks fine.
 */
export const portUsage: Check = {
  id: 'port-usage',
  make: (input: CheckInput) => readNodes(input.nodes).map((node) => judge(node, input.thresholds)),
  phrase(group) {
    const worst = worstOf(group)
    if (!worst) return ''
    const { destination, destinationIs, pod } = worst.evidence
    const whose = destinationIs === undefined ? '' : ` (${destinationIs})`
    const to = destination === undefined ? '' : ` to ${destination}${whose}`
    const who = pod === undefined ? '' : ` in ${pod}`
    return (
      `at or above ${percentLimit(worst.threshold ?? 0)} of the ports to one destination ` +
      `(worst ${nameOf(worst.subject)}${who} ${percent(worst.value ?? 0)}${to})`
    )
  },
}

const UNSEEN_ADVICE =
  'Let the pods of the run see the processes of their node (hostPID), or run without pod-detail: the ports of pods are then no part of the verdict.'

/** How bad a status is. */
const RANK: Readonly<Record<Status, number>> = { 'not-made': 0, ok: 0, warning: 1, unknown: 2, critical: 3 }

function judge(node: ReadNode, thresholds: Thresholds): Finding {
  const own = withHolders(judgeNode(node, thresholds), node.reading)
  const pods = nearestPod(node.reading)
  if (pods === undefined) return own
  const { worst, unknown } = pods
  const ofPod = worst === null ? own : judgePod(node, worst, thresholds)
  const finding = RANK[ofPod.status] > RANK[own.status] ? beside(ofPod, own) : own
  if (unknown === undefined || RANK[finding.status] >= RANK.unknown) return finding
  const summary = `ports of ${unknown}; known so far: ${finding.summary}`
  return { ...notKnown(portUsage.id, node.subject, summary), advice: UNSEEN_ADVICE }
}

/** What is worse, with what is not well beside it. A node that breaches too has use for the settings of a node. */
function beside(ofPod: Finding, own: Finding): Finding {
  if (own.status === 'ok') return ofPod
  const scope = own.status === 'warning' ? 'pod and node' : 'pod'
  const summary = `${ofPod.summary}; the node itself: ${own.summary}`
  return { ...ofPod, summary, evidence: { ...ofPod.evidence, scope } }
}

function judgePod({ subject }: ReadNode, pod: PodPorts, thresholds: Thresholds): Finding {
  const { portWarningPercent: warning, portCriticalPercent: critical } = thresholds
  const { status, threshold } = gradeAtOrAbove(pod.percent, warning, critical)
  const { destination } = pod.pod
  const to = isKnown(destination) ? destination.value : null
  const whose = remoteName(to?.remote)
  return {
    check: portUsage.id,
    status,
    subject,
    summary: podSummary(pod, percent(pod.percent, [warning, critical])),
    value: pod.percent,
    threshold,
    evidence: {
      pod: pod.title,
      scope: 'pod',
      portsTaken: pod.ports,
      portsPerDestination: pod.size,
      portRange: pod.range,
      timeWaitSockets: pod.timeWait,
      ...(to !== null && { destination: addressOf(to) }),
      ...(whose !== undefined && { destinationIs: whose }),
    },
    decides: true,
    advice:
      'Let the pod keep its connections to that destination open, or widen its range by net.ipv4.ip_local_port_range ' +
      'in its securityContext.sysctls: what is set on the node does not reach it.',
  }
}

function podSummary(pod: PodPorts, share: string): string {
  const range = pod.range === 'set by the pod' ? 'of its own range' : `(range ${pod.range})`
  const waiting = pod.timeWait > 0 ? `, ${count(pod.timeWait)} of them in TIME-WAIT` : ''
  return (
    `${pod.title} has taken ${share} of ${plural(pod.size, 'port')} ${range} towards ${pod.destination} ` +
    `(${count(pod.ports)}${waiting})`
  )
}

function judgeNode(node: ReadNode, thresholds: Thresholds): Finding {
  const check = portUsage.id
  const { subject, reading } = node
  const size = localPorts(reading)
  if (!isKnown(size)) return notKnown(check, subject, size.unknown)
  const tuple = busiestTuple(reading)
  if (!isKnown(tuple)) return notKnown(check, subject, tuple.unknown)
  const busiest = tuple.value
  const taken = busiest?.ports ?? 0
  const { portWarningPercent: warning, portCriticalPercent: critical } = thresholds
  const value = size.value === 0 ? 100 : (100 * taken) / size.value
  const { status, threshold } = gradeAtOrAbove(value, warning, critical)
  const finding: Finding = {
    check,
    status,
    subject,
    summary: summaryOf(busiest, size.value, percent(value, [warning, critical])),
    value,
    threshold,
    evidence: { portsTaken: taken, portsPerDestination: size.value, ...evidenceOf(busiest) },
    decides: true,
  }
  return status === 'ok' ? finding : { ...finding, advice: adviceFor(size.value) }
}

function summaryOf(busiest: PortTuple | null, size: number, share: string): string {
  if (size === 0) return 'no local port is left: all of ip_local_port_range is reserved'
  if (!busiest) return `no outgoing connection; ${plural(size, 'port')} free towards every destination`
  const waiting = busiest.timeWait > 0 ? `, ${count(busiest.timeWait)} of them in TIME-WAIT` : ''
  return `${share} of ${plural(size, 'port')} taken towards ${destinationName(busiest)} (${count(busiest.ports)}${waiting})`
}

function evidenceOf(busiest: PortTuple | null): Finding['evidence'] {
  if (!busiest) return {}
  const whose = remoteName(busiest.remote)
  return {
    destination: addressOf(busiest),
    ...(whose !== undefined && { destinationIs: whose }),
    localAddress: clip(busiest.localAddress, 60),
    timeWaitSockets: busiest.timeWait,
  }
}

function adviceFor(size: number): string {
  if (size === 0) return 'Widen net.ipv4.ip_local_port_range or reserve fewer of its ports.'
  const ceiling = Math.floor(size / TIME_WAIT_SECONDS)
  return (
    `Let connections to that destination stay open, or reuse ports with fix: sysctl and tw-reuse: 1; ` +
    `without reuse ${ceiling} new ones a second is the ceiling.`
  )
}
