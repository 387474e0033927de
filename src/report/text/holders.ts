import { count } from '../../health/format.ts'
import { oneLine } from '../clean.ts'
import type { Report } from '../report.ts'
import { holders, PORTS_REMARK } from '../view/holder-rows.ts'
import { textTable, wrap } from './layout.ts'
import { type Canvas, INDENT } from './pieces.ts'

/** The pods with most sockets on the worst nodes, as in the job summary. */
export function holderLines(report: Report, { width, styles }: Canvas): string[] {
  const found = holders(report)
  if (found === undefined) return []
  const columns = [
    { title: 'Node', optional: true },
    { title: 'Pod' },
    { title: 'Sockets', align: 'right' },
    { title: 'TIME-WAIT', align: 'right' },
    { title: 'Most of them', flexible: true },
    { title: 'Ports', align: 'right', optional: true },
  ] as const
  const rows = found.rows.map((row) =>
    [row.node, row.pod, count(row.sockets), count(row.timeWait), row.most, row.ports].map((cell) => ({
      text: oneLine(cell, 200),
    })),
  )
  const table = rows.length === 0 ? [] : textTable(columns, rows, width - INDENT.length, styles.dim)
  const remarks = [...(rows.length === 0 ? [] : [PORTS_REMARK]), ...found.remarks]
  return [...table, ...remarks.flatMap((remark) => wrap(oneLine(remark, 600), width - INDENT.length))]
}
