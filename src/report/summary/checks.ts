import { STATUS_WORDS, subjectName } from '../labels.ts'
import { blocks, code, heading, type Markup, md, table, text, unbroken } from '../markdown.ts'
import type { Report } from '../report.ts'
import { type CheckRow, checkRows, notOkOf } from '../view/check-rows.ts'
import { sign } from './pieces.ts'

/** A row per check: status, what was seen where it is worst, and from where on it breaches. */
export function checksSection(report: Report): Markup {
  const rows = checkRows(report).map((row) => [
    statusCell(row),
    md`${code(row.check)}<br>${row.title}`,
    worstCell(row),
    row.thresholds.length <= 14 ? unbroken(row.thresholds) : text(row.thresholds),
    unbroken(notOkOf(row)),
  ])
  const columns = [
    { title: 'Status' },
    { title: 'Check', fits: 20 },
    { title: 'Worst' },
    { title: 'Warning / critical' },
    { title: 'Not ok' },
  ]
  return blocks(heading(3, 'Checks'), table(columns, rows))
}

function statusCell({ status, decides }: CheckRow): Markup {
  const word = unbroken(md`${sign(status)} ${STATUS_WORDS[status]}`)
  return status === 'unknown' && !decides ? md`${word}<br>not decisive` : word
}

function worstCell({ worst, status }: CheckRow): Markup {
  if (worst === undefined) return text('not made in this run')
  if (status === 'not-made') return text(worst.summary)
  // Where nothing is wrong and nothing was counted, the first of all subjects is not the worst.
  if (status === 'ok' && worst.value === undefined && worst.subject.kind !== 'cluster') return text('–')
  return worst.subject.kind === 'cluster'
    ? text(worst.summary)
    : md`${code(subjectName(worst.subject))}<br>${worst.summary}`
}
