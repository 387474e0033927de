import { isKnown, type Measured } from '../../node/reading.ts'
import { type Check, type CheckInput, notKnown, type ReadNode, readNodes } from '../check.ts'
import type { Finding, Status, Thresholds } from '../finding.ts'
import { names } from '../format.ts'
import { numberOf } from '../rates.ts'

/** Whether outgoing connections may take a port that is still in TIME-WAIT. */
export const twReuse: Check = {
  id: 'tw-reuse',
  make: (input: CheckInput) => readNodes(input.nodes).map((node) => judge(node, input.thresholds)),
  phrase(group) {
    const values = [...new Set(group.map((finding) => String(finding.evidence.tcpTwReuse)))].sort()
    const noStamps = group.some((finding) => finding.evidence.tcpTimestamps === 0)
    return `with tcp_tw_reuse ${names(values)}${noStamps ? ' and, on some, no TCP timestamps' : ''}`
  },
}

const MEANINGS: Readonly<Record<number, string>> = {
  0: 'ports in TIME-WAIT are never reused',
  1: 'outgoing connections reuse ports in TIME-WAIT',
  2: 'reuse over loopback only, none for connections that leave the node',
}

function judge(node: ReadNode, thresholds: Thresholds): Finding {
  const { subject, reading } = node
  const reuse = numberOf(reading.sysctls['net.ipv4.tcp_tw_reuse'], 'tcp_tw_reuse')
  if (!isKnown(reuse)) return notKnown(twReuse.id, subject, reuse.unknown)
  const stamps = numberOf(reading.sysctls['net.ipv4.tcp_timestamps'], 'tcp_timestamps')
  const { twReuseAllowed: allowed } = thresholds
  const { value } = reuse
  const isAllowed = allowed.includes(value)
  // Reuse off needs no timestamps; with it on, nobody can say that it works without knowing them.
  if (value !== 0 && !isKnown(stamps)) return notKnown(twReuse.id, subject, stamps.unknown)
  const dead = value !== 0 && isKnown(stamps) && stamps.value === 0
  const status: Status = isAllowed ? (dead ? 'warning' : 'ok') : value === 0 ? 'critical' : 'warning'
  const finding: Finding = {
    check: twReuse.id,
    status,
    subject,
    summary: summaryOf(value, dead, isAllowed, allowed),
    value,
    evidence: evidenceOf(value, stamps, allowed),
    decides: true,
  }
  return status === 'ok' ? finding : { ...finding, advice: adviceFor(isAllowed, allowed) }
}

function summaryOf(value: number, dead: boolean, isAllowed: boolean, allowed: readonly number[]): string {
  const meaning = dead
    ? 'without effect, as tcp_timestamps is 0'
    : (MEANINGS[value] ?? 'a value that Linux does not document')
  const refused = isAllowed ? '' : `; allowed: ${allowed.join(', ')}`
  return `tcp_tw_reuse is ${value}: ${meaning}${refused}`
}

function evidenceOf(value: number, stamps: Measured, allowed: readonly number[]): Finding['evidence'] {
  const known = isKnown(stamps) ? { tcpTimestamps: stamps.value } : {}
  return { tcpTwReuse: value, allowed: allowed.join(', '), ...known }
}

function adviceFor(isAllowed: boolean, allowed: readonly number[]): string {
  if (isAllowed) return 'Set net.ipv4.tcp_timestamps to 1: without them no port in TIME-WAIT is reused.'
  const wanted = [1, 2].find((value) => allowed.includes(value))
  if (wanted === undefined)
    return 'Set net.ipv4.tcp_tw_reuse to 0 by hand, or allow 1 or 2: no fix turns reuse off.'
  return `Set it with fix: sysctl and tw-reuse: ${wanted}; pods need their own securityContext.sysctls.`
}
