import { count } from '../../health/format.ts'
import {
  blocks,
  type Content,
  code,
  heading,
  list,
  type Markup,
  md,
  table,
  text,
  unbroken,
} from '../markdown.ts'
import type { Report } from '../report.ts'
import { HOLDERS_TITLE, type HolderRow, holders, PORTS_REMARK } from '../view/holder-rows.ts'
import { longest } from './pieces.ts'

/** The pods with most sockets on the worst nodes, and where these go. */
export function holdersSection(report: Report): Markup | undefined {
  const found = holders(report)
  if (found === undefined) return undefined
  const { rows, remarks } = found
  const columns = [
    { title: 'Node' },
    { title: 'Pod', fits: Math.min(longest(rows.map(({ pod }) => pod)), 38) },
    { title: 'Sockets', align: 'right' },
    { title: 'TIME-WAIT', align: 'right' },
    { title: 'Most of them' },
    { title: 'Ports', align: 'right' },
  ] as const
  return blocks(
    heading(3, HOLDERS_TITLE),
    rows.length === 0 ? undefined : table(columns, rows.map(cells)),
    rows.length === 0 ? undefined : text(PORTS_REMARK),
    list(remarks),
  )
}

function cells(row: HolderRow): Content[] {
  const pod = row.isNamed ? code(row.pod) : text(row.pod)
  return [
    code(row.node),
    row.owner === undefined ? pod : md`${pod}<br>${row.owner}`,
    count(row.sockets),
    count(row.timeWait),
    row.most,
    unbroken(row.ports),
  ]
}
