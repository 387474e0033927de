import { count, plural } from '../../health/format.ts'
import { oneLine } from '../clean.ts'
import type { Report } from '../report.ts'
import { type HolderRow, holders, PORTS_REMARK } from '../view/holder-rows.ts'
import { wrap } from './layout.ts'
import { type Canvas, INDENT } from './pieces.ts'

/**
 * The pods with most sockets on the worst nodes, as in the job summary, but a sentence each below their node:
 * names of pods and destinations are too long for the columns of a terminal.
 */
export function holderLines(report: Report, { width, styles }: Canvas): string[] {
  const found = holders(report)
  if (found === undefined) return []
  const lines = [...Map.groupBy(found.rows, ({ node }) => node)].flatMap(([node, rows]) => [
    styles.bold(oneLine(node, 253)),
    ...rows.flatMap((row) =>
      wrap(sentence(row), width - 2 * INDENT.length, INDENT).map((line) => INDENT + line),
    ),
  ])
  const remarks = [...(found.rows.length === 0 ? [] : [PORTS_REMARK]), ...found.remarks]
  return [...lines, ...remarks.flatMap((remark) => wrap(oneLine(remark, 600), width - INDENT.length))]
}

function sentence({ pod, owner, sockets, timeWait, most, ports }: HolderRow): string {
  const whose = owner === undefined ? '' : ` (${owner})`
  const share = ports === '' ? '' : `, ${ports} of the ports there`
  const waiting = `${count(timeWait)} in TIME-WAIT`
  return oneLine(`${pod}${whose}: ${plural(sockets, 'socket')}, ${waiting}, most ${most}${share}`, 600)
}
