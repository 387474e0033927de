import type { Change } from '../../remedy/remedy.ts'
import type { Report } from '../report.ts'

/** What needs attention first: what failed, then what is not proven, and last what went as planned. */
const ORDER: readonly Change['outcome'][] = [
  'failed',
  'unproven',
  'refused',
  'changed',
  'skipped',
  'unchanged',
]

/** The changes of a fix, those that did not go as planned first. */
export function changeRows(report: Report): Change[] {
  const changes = report.fix?.changes ?? []
  return changes.toSorted((a, b) => ORDER.indexOf(a.outcome) - ORDER.indexOf(b.outcome))
}

/** How many changes had each outcome, in the same order, e.g. `1 failed, 4 changed`. */
export function outcomeCounts(changes: readonly Change[]): string {
  return ORDER.map((outcome) => ({ outcome, n: changes.filter((one) => one.outcome === outcome).length }))
    .filter(({ n }) => n > 0)
    .map(({ outcome, n }) => `${n} ${outcome}`)
    .join(', ')
}
