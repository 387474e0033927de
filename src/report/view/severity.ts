import type { Finding, Status } from '../../health/finding.ts'

/** How much attention something needs, most first. An `unknown` that decides nothing comes after a warning. */
const ORDER = ['critical', 'unknown', 'warning', 'undecided', 'ok', 'not-made'] as const

/** Position of a finding among all, 0 is the worst. */
export function severity(finding: Pick<Finding, 'status' | 'decides'>): number {
  const undecided = finding.status === 'unknown' && !finding.decides
  return ORDER.indexOf(undecided ? 'undecided' : finding.status)
}

/** Worst first: by status, then by how far a value is beyond its threshold, then by the order in which they came. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => severity(a) - severity(b) || excess(b) - excess(a))
}

/** Whether a finding is a breach that people should act on. */
export function breaches(finding: { status: Status }): boolean {
  return finding.status === 'warning' || finding.status === 'critical'
}

function excess(finding: Finding): number {
  return finding.value ?? Number.NEGATIVE_INFINITY
}
