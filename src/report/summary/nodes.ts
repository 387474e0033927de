import { count, percent, perSecond, plural, ratio } from '../../health/format.ts'
import { passages } from '../clean.ts'
import {
  blocks,
  type Content,
  code,
  details,
  heading,
  list,
  type Markup,
  md,
  table,
  text,
  unbroken,
} from '../markdown.ts'
import type { Report } from '../report.ts'
import { UNREAD_STEPS } from '../view/next-steps.ts'
import { type Cell, type NodeRow, nodeRows, restPerPool } from '../view/node-rows.ts'
import { breaches } from '../view/severity.ts'
import { type NodeGroup, outOfScopeGroups, unreadGroups } from '../view/unread.ts'
import { longest, nameList, passagesMarkup, sign } from './pieces.ts'

const MOST_GROUPS = 12
const MOST_POOLS = 20

const NUMBERS = [
  { title: 'Conntrack', align: 'right' },
  { title: 'of', align: 'right' },
  { title: 'Per bucket', align: 'right' },
  { title: 'Lost', align: 'right' },
  { title: 'TIME-WAIT', align: 'right' },
  { title: 'tw_reuse', align: 'right' },
  { title: 'Ports', align: 'right' },
] as const

/** The nodes that were read, worst first; those that do not fit are counted per pool. */
export function nodesSection(report: Report, most: number): Markup | undefined {
  const rows = nodeRows(report.nodes, report.findings)
  if (rows.length === 0) return undefined
  const shown = rows.slice(0, most)
  const rest = restPerPool(rows.slice(most))
  const title = rest.length === 0 ? 'Nodes' : `Nodes (worst ${shown.length} of ${count(rows.length)})`
  // AKS names its nodes after their pool; saying it twice costs a column.
  const withPool = shown.some((row) => row.pool !== '' && !row.name.includes(`-${row.pool}-`))
  const width = longest(shown.map((row) => row.name)) + 3
  const node = { title: 'Node', fits: Math.min(width, withPool ? 26 : 38) }
  const columns = [node, ...(withPool ? [{ title: 'Pool' }] : []), ...NUMBERS]
  return blocks(
    heading(3, title),
    table(
      columns,
      shown.map((row) => nodeCells(row, withPool)),
    ),
    restList(rest),
  )
}

function nodeCells(row: NodeRow, withPool: boolean): Content[] {
  const { conntrack } = row
  return [
    md`${sign(row.status)}&nbsp;${code(row.name)}${row.cordoned ? ' (cordoned)' : ''}`,
    ...(withPool ? [row.pool === '' ? '–' : code(row.pool, 63)] : []),
    cell(conntrack, percent),
    limit(conntrack.max),
    cell(row.ratio, ratio),
    cell(row.drops, perSecond),
    cell(row.timeWait, count),
    cell(row.twReuse, String),
    cell(row.ports, percent),
  ]
}

/** A number; in bold with the status where it breaches, so that it is found without reading the row. */
function cell({ value, status }: Cell, format: (value: number) => string): Markup {
  if (status === 'not-made') return text('–')
  if (value === undefined) return text(status === 'unknown' ? 'unknown' : '–')
  const shown = format(value)
  return unbroken(breaches({ status }) ? md`**${shown}** ${sign(status)}` : shown)
}

function limit(max: number | undefined): Markup {
  return text(max === undefined ? 'unknown' : max === 0 ? 'no limit' : count(max))
}

function restList(rest: ReturnType<typeof restPerPool>): Markup | undefined {
  if (rest.length === 0) return undefined
  const items: Content[] = rest.slice(0, MOST_POOLS).map(({ pool, nodes, notOk }) => {
    const name = pool === '' ? md`no pool` : code(pool, 63)
    const state = notOk === 0 ? 'all ok' : `${count(notOk)} not ok`
    return md`${name}: ${plural(nodes, 'more node')}, ${state}`
  })
  const left = rest.reduce((sum, pool) => sum + pool.nodes, 0)
  const others = rest.slice(MOST_POOLS)
  if (others.length > 0) {
    const nodes = others.reduce((sum, pool) => sum + pool.nodes, 0)
    items.push(`${plural(nodes, 'more node')} in ${plural(others.length, 'further pool')}`)
  }
  const all = list(items)
  return all && details(`Not shown: ${plural(left, 'node')}, all of them in the JSON report`, all)
}

/** The nodes that were not read, with why and what to do, grouped by the reason. */
export function unreadSection(report: Report): Markup | undefined {
  const groups = unreadGroups(report.nodes)
  if (groups.length === 0) return undefined
  // What to do about the first of them stands in the next steps already.
  const items = groups
    .slice(0, MOST_GROUPS)
    .map((group, i) => groupItem(i < UNREAD_STEPS ? { ...group, next: undefined } : group))
  const others = groups.slice(MOST_GROUPS).reduce((sum, group) => sum + group.names.length, 0)
  const rest =
    others === 0 ? undefined : text(`and ${plural(others, 'node')} for further reasons, see the JSON report`)
  return blocks(heading(3, 'Nodes that were not read'), ...items, rest)
}

function groupItem(group: NodeGroup): Markup {
  const next = group.next === undefined ? undefined : passagesMarkup(passages(group.next))
  return blocks(md`${sign('unknown')} ${nameList(group.names)}: ${group.why}`, next)
}

/** Nodes that the checks do not concern, and why. */
export function outOfScopeSection(report: Report): Markup | undefined {
  const groups = outOfScopeGroups(report.nodes)
  if (groups.length === 0) return undefined
  const items: Content[] = groups
    .slice(0, MOST_GROUPS)
    .map((group) => md`${nameList(group.names)}: ${group.why}`)
  const others = groups.slice(MOST_GROUPS).reduce((sum, group) => sum + group.names.length, 0)
  if (others > 0) items.push(`${plural(others, 'node')} for further reasons, see the JSON report`)
  return blocks(heading(4, 'Out of scope'), list(items))
}
