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
import type { Finding, Thresholds } from '../finding.ts'
import { clip, count, percent, percentLimit, plural } from '../format.ts'
import { busiestTuple, localPorts, TIME_WAIT_SECONDS } from '../ports.ts'

/**
 * How many of the local ports are taken towards the busiest destination. At 100 % the next connect() there
 * fails with EADDRNOTAVAIL, and no counter of the kernel tells.
 */
export const portUsage: Check = {
  id: 'port-usage',
  make: (input: CheckInput) => readNodes(input.nodes).map((node) => judge(node, input.thresholds)),
  phrase(group) {
    const worst = worstOf(group)
    if (!worst) return ''
    const to = worst.evidence.destination === undefined ? '' : ` to ${worst.evidence.destination}`
    return (
      `at or above ${percentLimit(worst.threshold ?? 0)} of the ports to one destination ` +
      `(worst ${nameOf(worst.subject)} ${percent(worst.value ?? 0)}${to})`
    )
  },
}

function judge(node: ReadNode, thresholds: Thresholds): Finding {
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
  return `${share} of ${plural(size, 'port')} taken towards ${destinationOf(busiest)} (${count(busiest.ports)}${waiting})`
}

function destinationOf(tuple: PortTuple): string {
  const host = tuple.remoteAddress.includes(':') ? `[${tuple.remoteAddress}]` : tuple.remoteAddress
  return `${clip(host, 60)}:${tuple.remotePort}`
}

function evidenceOf(busiest: PortTuple | null): Finding['evidence'] {
  if (!busiest) return {}
  return {
    destination: destinationOf(busiest),
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
