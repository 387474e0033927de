import { oneLine } from '../clean.ts'
import { STATUS_WORDS, subjectName } from '../labels.ts'
import type { Report } from '../report.ts'
import { STATUS_SIGN } from '../signs.ts'
import { type CheckRow, checkRows, notOkOf } from '../view/check-rows.ts'
import { textTable } from './layout.ts'
import { type Canvas, INDENT, signed } from './pieces.ts'

/** A row per check, as in the job summary. */
export function checkLines(report: Report, canvas: Canvas): string[] {
  const columns = [
    { title: 'Status' },
    { title: 'Check' },
    { title: 'Worst', flexible: true },
    { title: 'Warning / critical', optional: true },
    { title: 'Not ok', align: 'right', optional: true },
  ] as const
  const rows = checkRows(report).map((row) => [
    signed(STATUS_SIGN[row.status], STATUS_WORDS[row.status], canvas),
    { text: row.check },
    { text: worst(row) },
    { text: row.thresholds },
    { text: notOkOf(row) },
  ])
  return textTable(columns, rows, canvas.width - INDENT.length, canvas.styles.dim)
}

function worst({ worst: finding, status, decides }: CheckRow): string {
  if (finding === undefined) return 'not made in this run'
  const undecided = status === 'unknown' && !decides ? ' (does not change the verdict)' : ''
  const said = oneLine(finding.summary) + undecided
  const nameless = status === 'not-made' || finding.subject.kind === 'cluster'
  if (status === 'ok' && finding.value === undefined && !nameless) return '-'
  return nameless ? said : `${oneLine(subjectName(finding.subject), 253)}: ${said}`
}
