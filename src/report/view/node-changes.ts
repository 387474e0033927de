import type { Report } from '../report.ts'
import { type NodeRow, nodeRows } from './node-rows.ts'

/** One node before and after a fix. */
export interface NodeChange {
  name: string
  before: NodeRow
  /** Absent when the node was not read again: what the fix did to it is not known. */
  after: NodeRow | undefined
}

/** The nodes of a fix that was carried out on which something was changed, or whose status is another now, in the order of how bad they were. */
export function nodeChanges(report: Report): NodeChange[] {
  if (report.before === undefined || report.fix?.dryRun === true) return []
  const now = new Map(nodeRows(report.nodes, report.findings).map((row) => [row.name, row]))
  const changed = new Set(
    report.fix?.changes.flatMap(({ target }) => (target.kind === 'node' ? [target.name] : [])),
  )
  return nodeRows(report.before.nodes, report.before.findings)
    .map((before) => ({ name: before.name, before, after: now.get(before.name) }))
    .filter(({ before, after }) => {
      return changed.has(before.name) || before.status !== 'ok' || before.status !== after?.status
    })
}
