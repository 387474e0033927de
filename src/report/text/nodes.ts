import { count, names, percent, perSecond, plural, ratio } from '../../health/format.ts'
import { oneLine } from '../clean.ts'
import type { Report } from '../report.ts'
import { STATUS_SIGN } from '../signs.ts'
import { barLines, bars } from '../view/bars.ts'
import { type Cell, type NodeRow, nodeRows, restPerPool } from '../view/node-rows.ts'
import { breaches } from '../view/severity.ts'
import { type NodeGroup, outOfScopeGroups, unreadGroups } from '../view/unread.ts'
import { type TextCell, textTable, wrap } from './layout.ts'
import { type Canvas, INDENT, signed, textLines } from './pieces.ts'
import { styleOf } from './styles.ts'

const MOST_GROUPS = 10

/** The nodes that were read, worst first, the rest counted per pool. */
export function nodeLines(report: Report, most: number, canvas: Canvas): string[] {
  const rows = nodeRows(report.nodes, report.findings)
  if (rows.length === 0) return []
  const columns = [
    { title: 'Node', flexible: true },
    { title: 'Conntrack', align: 'right' },
    { title: 'of', align: 'right', optional: true },
    { title: 'Per bucket', align: 'right', optional: true },
    { title: 'Lost', align: 'right' },
    { title: 'TIME-WAIT', align: 'right' },
    { title: 'tw_reuse', align: 'right', optional: true },
    { title: 'Ports', align: 'right', optional: true },
  ] as const
  const cells = rows.slice(0, most).map((row) => nodeCells(row, canvas))
  return [
    ...textTable(columns, cells, canvas.width - INDENT.length, canvas.styles.dim),
    ...restPerPool(rows.slice(most)).map(restLine),
  ]
}

function nodeCells(row: NodeRow, canvas: Canvas): TextCell[] {
  const { max } = row.conntrack
  const cordoned = row.cordoned ? ' (cordoned)' : ''
  return [
    signed(STATUS_SIGN[row.status], oneLine(row.name, 63) + cordoned, canvas),
    cell(row.conntrack, percent, canvas),
    { text: max === undefined ? 'unknown' : max === 0 ? 'no limit' : count(max) },
    cell(row.ratio, ratio, canvas),
    cell(row.drops, perSecond, canvas),
    cell(row.timeWait, count, canvas),
    cell(row.twReuse, String, canvas),
    cell(row.ports, percent, canvas),
  ]
}

function cell({ value, status }: Cell, format: (value: number) => string, { styles }: Canvas): TextCell {
  if (value === undefined) return { text: status === 'unknown' ? 'unknown' : '-' }
  if (!breaches({ status })) return { text: format(value) }
  // The mark tells a breach without colour.
  return {
    text: `${format(value)} ${status === 'critical' ? 'x' : '!'}`,
    style: styleOf(STATUS_SIGN[status], styles),
  }
}

function restLine({ pool, nodes, notOk }: ReturnType<typeof restPerPool>[number]): string {
  const name = pool === '' ? 'no pool' : `pool ${oneLine(pool, 63)}`
  return `and ${plural(nodes, 'more node')} of ${name}, ${notOk === 0 ? 'all ok' : `${count(notOk)} not ok`}`
}

/** The worst nodes' conntrack use as bars. */
export function chartLines(report: Report, { width }: Canvas): string[] {
  return barLines(bars(report), width - INDENT.length)
}

/** The nodes that were not read, with why and what to do. */
export function unreadLines(report: Report, canvas: Canvas): string[] {
  return groupLines(unreadGroups(report.nodes), canvas)
}

export function outOfScopeLines(report: Report, canvas: Canvas): string[] {
  return groupLines(outOfScopeGroups(report.nodes), canvas)
}

function groupLines(groups: readonly NodeGroup[], { width }: Canvas): string[] {
  const lines = groups.slice(0, MOST_GROUPS).flatMap((group) => {
    const who = names(
      group.names.map((name) => oneLine(name, 63)),
      5,
    )
    const next = group.next === undefined ? [] : textLines(group.next, width - 4).map((line) => INDENT + line)
    return [...wrap(`${who}: ${oneLine(group.why)}`, width - 2, INDENT), ...next]
  })
  const left = groups.slice(MOST_GROUPS).reduce((sum, group) => sum + group.names.length, 0)
  return left === 0 ? lines : [...lines, `and ${plural(left, 'node')} for further reasons`]
}
