import { count, names, percent } from '../../health/format.ts'
import { oneLine } from '../clean.ts'
import { STATUS_WORDS, settingValue, targetName } from '../labels.ts'
import type { Report } from '../report.ts'
import { OUTCOME_SIGN, STATUS_SIGN } from '../signs.ts'
import { changeRows } from '../view/change-rows.ts'
import { nodeChanges } from '../view/node-changes.ts'
import type { NodeRow } from '../view/node-rows.ts'
import { planRows } from '../view/plan-rows.ts'
import { type TextCell, textTable } from './layout.ts'
import { type Canvas, INDENT, items, signed, textLines } from './pieces.ts'
import { styleOf } from './styles.ts'

/** What the fix did to the nodes. */
export function nodeChangeLines(report: Report, most: number, canvas: Canvas): string[] {
  const all = nodeChanges(report)
  if (all.length === 0) return []
  const columns = [
    { title: 'Node', flexible: true },
    { title: 'Status' },
    { title: 'Conntrack' },
    { title: 'of', optional: true },
    { title: 'TIME-WAIT', optional: true },
  ]
  const rows = all.slice(0, most).map(({ name, before, after }): TextCell[] => {
    const pair = (say: (row: NodeRow) => string): TextCell => {
      return { text: `${say(before)} -> ${after === undefined ? '?' : say(after)}` }
    }
    const status = pair((row) => STATUS_WORDS[row.status])
    return [
      { text: oneLine(name, 63) },
      { ...status, style: styleOf(STATUS_SIGN[after?.status ?? 'unknown'], canvas.styles) },
      pair(({ conntrack }) => known(conntrack.value, percent)),
      pair(({ conntrack }) => (conntrack.max === 0 ? 'no limit' : known(conntrack.max, count))),
      pair(({ timeWait }) => known(timeWait.value, count)),
    ]
  })
  return [
    ...textTable(columns, rows, canvas.width - INDENT.length, canvas.styles.dim),
    ...left(all.length - most),
  ]
}

function known(value: number | undefined, format: (value: number) => string): string {
  return value === undefined ? 'unknown' : format(value)
}

/** What each remedy changed, refused, skipped, and why. */
export function changeLines(report: Report, most: number, canvas: Canvas): string[] {
  if (report.fix === undefined || report.fix.dryRun) return []
  const all = changeRows(report)
  if (all.length === 0) return ['Nothing was changed.']
  const columns = [{ title: 'Outcome' }, { title: 'Where' }, { title: 'What', flexible: true }]
  const rows = all.slice(0, most).map((change) => {
    const why = change.why === undefined ? '' : ` (${oneLine(change.why)})`
    const missed = change.wanted !== change.after && !['skipped', 'unchanged'].includes(change.outcome)
    const wanted = missed ? `, wanted ${shown(change.wanted)}` : ''
    return [
      signed(OUTCOME_SIGN[change.outcome], change.outcome, canvas),
      { text: oneLine(targetName(change.target), 100) },
      {
        text: `${oneLine(change.setting, 120)}: ${shown(change.before)} -> ${shown(change.after)}${wanted}${why}`,
      },
    ]
  })
  return [
    ...textTable(columns, rows, canvas.width - INDENT.length, canvas.styles.dim),
    ...left(all.length - most),
  ]
}

/** What, where, from, to, how long it lasts, what it does and needs. After a fix the changes tell all of it. */
export function planLines(report: Report, most: number, canvas: Canvas): string[] {
  if (report.fix?.dryRun !== true) return []
  const width = canvas.width - INDENT.length
  return report.fix.plans.flatMap((plan) => {
    const rows = planRows(plan)
    const steps = rows.slice(0, most).map((row) => {
      const where = names(
        row.targets.map((target) => oneLine(targetName(target), 100)),
        5,
      )
      const to = row.intent === 'change' ? ` -> ${shown(row.to)}` : ''
      const why = row.why === undefined ? '' : ` (${oneLine(row.why)})`
      return `${row.intent} ${oneLine(row.setting, 120)}: ${shown(row.from)}${to} on ${where}${why}`
    })
    const facts = [
      `lasts ${oneLine(plan.lasts)}`,
      ...plan.impact.slice(0, 10).map((impact) => oneLine(impact)),
      ...(plan.rights.length > 0
        ? [
            `needs ${names(
              plan.rights.map((right) => oneLine(right)),
              20,
            )}`,
          ]
        : []),
    ]
    const inner = { ...canvas, width }
    return [
      canvas.styles.bold(`fix: ${plan.remedy}`),
      ...[
        ...(steps.length > 0 ? items(steps, () => '- ', inner) : ['nothing to change']),
        ...left(rows.length - most),
        ...items(facts, () => '* ', inner),
        ...plan.notes.slice(0, 10).flatMap((note) => textLines(note, width - 2)),
      ].map((line) => INDENT + line),
    ]
  })
}

function shown(setting: string | null | undefined): string {
  return oneLine(settingValue(setting), 100)
}

function left(n: number): string[] {
  return n > 0 ? [`and ${count(n)} more, all of them in the JSON report`] : []
}
