import { count, percent, plural } from '../../health/format.ts'
import type { Change } from '../../remedy/remedy.ts'
import { STATUS_WORDS, settingValue, targetName } from '../labels.ts'
import {
  blocks,
  type Content,
  code,
  details,
  fence,
  heading,
  list,
  type Markup,
  md,
  table,
  text,
  unbroken,
} from '../markdown.ts'
import type { Report } from '../report.ts'
import { OUTCOME_SIGN, SIGNS } from '../signs.ts'
import { changeRows, outcomeCounts } from '../view/change-rows.ts'
import { type NodeChange, nodeChanges } from '../view/node-changes.ts'
import type { NodeRow } from '../view/node-rows.ts'
import { reductions } from '../view/reduction.ts'
import { fromTo, longest, more, sign, targetMarkup } from './pieces.ts'

/** What the fix did to the nodes: the numbers that people watch, before and after. */
export function effectsSection(report: Report, most: number): Markup | undefined {
  const all = nodeChanges(report)
  if (all.length === 0) return undefined
  const columns = [
    { title: 'Node' },
    { title: 'Status' },
    { title: 'Conntrack', align: 'right' },
    { title: 'of', align: 'right' },
    { title: 'TIME-WAIT', align: 'right' },
  ] as const
  return blocks(
    heading(3, 'Before and after'),
    reductionList(report),
    table(columns, all.slice(0, most).map(effectCells)),
    more(all.length - most, 'nodes'),
  )
}

const MEASURES = {
  'conntrack-entries': 'tracked connections',
  'time-wait-sockets': 'TIME-WAIT sockets',
} as const

function reductionList(report: Report): Markup | undefined {
  // Only service-policy means to lower them; of the others it is worth a line when it did happen.
  const told = reductions(report).filter(
    ({ remedy, percent: less }) => remedy === 'service-policy' || Math.abs(less ?? 0) >= 0.5,
  )
  const items = told.map(({ remedy, measure, before, after, percent: less, nodes }) => {
    const change = less === undefined ? '' : `, ${comparison(less)}`
    const where = `on ${plural(nodes, 'node')}`
    return md`${code(remedy)}: ${MEASURES[measure]} ${count(before)} → ${count(after)}${change} (${where})`
  })
  return list(items)
}

function comparison(less: number): string {
  if (Math.abs(less) < 0.5) return 'about the same'
  return `${percent(Math.abs(less))} ${less < 0 ? 'more' : 'less'}`
}

function effectCells({ name, before, after }: NodeChange): Content[] {
  const status = (row: NodeRow): Markup => md`${sign(row.status)} ${STATUS_WORDS[row.status]}`
  return [
    code(name),
    after === undefined
      ? md`${unbroken(status(before))} → not read again`
      : arrow(status(before), status(after)),
    arrow(number(before.conntrack.value, percent), after && number(after.conntrack.value, percent)),
    arrow(number(before.conntrack.max, limit), after && number(after.conntrack.max, limit)),
    arrow(number(before.timeWait.value, count), after && number(after.timeWait.value, count)),
  ]
}

/** What each remedy changed, refused, skipped, and why. */
export function changesSection(report: Report, most: number): Markup | undefined {
  if (report.fix === undefined || report.fix.dryRun) return undefined
  const rows = changeRows(report)
  if (rows.length === 0) return blocks(heading(3, 'Changes'), text('Nothing was changed.'))
  const columns = [
    { title: 'Outcome' },
    { title: 'Where', fits: longest(rows.slice(0, most).map(({ target }) => targetName(target))) - 2 },
    { title: 'Setting, before → after' },
    { title: 'Why' },
  ]
  return blocks(
    heading(3, `Changes: ${outcomeCounts(rows)}`),
    table(columns, rows.slice(0, most).map(changeCells)),
    more(rows.length - most, 'changes'),
    wayBack(rows),
  )
}

function wayBack(changes: readonly Change[]): Markup | undefined {
  const made = changes.some(
    ({ outcome, remedy }) => (outcome === 'changed' || outcome === 'unproven') && remedy !== 'restore',
  )
  if (!made) return undefined
  const lines = [
    'with:',
    '  fix: restore',
    '  restore-from: path/of/report.json # the JSON report of this run',
  ]
  return details('How to put back what was there before', fence('yaml', lines))
}

function changeCells(change: Change): Content[] {
  const emoji = SIGNS[OUTCOME_SIGN[change.outcome]].emoji
  const missed =
    change.wanted !== change.after && change.outcome !== 'skipped' && change.outcome !== 'unchanged'
  const wanted = missed ? md`, wanted&nbsp;${code(settingValue(change.wanted), 100)}` : ''
  return [
    unbroken(`${emoji} ${change.outcome}`),
    md`${targetMarkup(change.target)}<br>${change.remedy}`,
    md`${code(change.setting, 120)}<br>${fromTo(change.before, change.after)}${wanted}`,
    change.why ?? '',
  ]
}

function arrow(before: Markup, after: Markup | undefined): Markup {
  return unbroken(after === undefined ? before : md`${before} → ${after}`)
}

function number(value: number | undefined, format: (value: number) => string): Markup {
  return text(value === undefined ? 'unknown' : format(value))
}

function limit(max: number): string {
  return max === 0 ? 'no limit' : count(max)
}
