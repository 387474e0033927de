import type { Report } from './report.ts'

/**
 * The report as JSON with two spaces, ending in a line break. Keys stand in one order whatever made the
 * report, so that two reports can be compared line by line; values that are undefined are left out, except
 * that an unknown `from`, `before` or `after` of a setting is told from one that does not exist (null) by
 * its absence.
 */
export function reportJson(report: Report): string {
  return `${JSON.stringify(ordered(report, ROOT), undefined, 2)}\n`
}

/** The order of the top level, which is the order of reading; everything below is sorted by key. */
const ROOT: readonly (keyof Report)[] = [
  'schemaVersion',
  'tool',
  'run',
  'judgement',
  'failure',
  'cluster',
  'scope',
  'policy',
  'thresholds',
  'sampleSeconds',
  'findings',
  'fix',
  'before',
  'nodes',
  'notes',
]

function ordered(value: unknown, first: readonly string[] = []): unknown {
  if (Array.isArray(value)) return value.map((item) => ordered(item))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(
    ([a], [b]) => place(a, first) - place(b, first) || (a < b ? -1 : 1),
  )
  return Object.fromEntries(entries.map(([key, item]) => [key, ordered(item)]))
}

function place(key: string, first: readonly string[]): number {
  const at = first.indexOf(key)
  return at === -1 ? first.length : at
}
