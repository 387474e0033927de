import { CHECKS, type CheckId, type Finding, type Status } from '../../health/finding.ts'
import { count } from '../../health/format.ts'
import { CHECK_TITLES, thresholdsOf } from '../labels.ts'
import type { Report } from '../report.ts'
import { worstFirst } from './severity.ts'

/** One check over all its subjects. */
export interface CheckRow {
  check: CheckId
  title: string
  status: Status
  /** False for an `unknown` that does not change the verdict. */
  decides: boolean
  /** Warning and critical threshold in words. */
  thresholds: string
  /** The finding that needs attention most; absent if the check has none. */
  worst: Finding | undefined
  counts: Record<Status, number>
}

/** A row for each check, in the order in which checks are made; checks without a finding are not made. */
export function checkRows(report: Report): CheckRow[] {
  const byCheck = Map.groupBy(report.findings, (finding) => finding.check)
  return CHECKS.map((check) => {
    const findings = byCheck.get(check) ?? []
    const worst = worstFirst(findings)[0]
    const counts: Record<Status, number> = { ok: 0, warning: 0, critical: 0, unknown: 0, 'not-made': 0 }
    for (const finding of findings) counts[finding.status]++
    return {
      check,
      title: CHECK_TITLES[check],
      status: worst?.status ?? 'not-made',
      decides: worst?.decides ?? false,
      thresholds: thresholdsOf(check, report.thresholds, report.sampleSeconds),
      worst,
      counts,
    }
  })
}

/** How many of the check's subjects are not ok, e.g. `3 of 12`. */
export function notOkOf(row: CheckRow): string {
  const { critical, warning, unknown } = row.counts
  const all = Object.values(row.counts).reduce((sum, n) => sum + n, 0)
  return all === row.counts['not-made'] ? '–' : `${count(critical + warning + unknown)} of ${count(all)}`
}
