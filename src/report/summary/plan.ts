import { count, plural } from '../../health/format.ts'
import type { Plan, RemedyId, Target } from '../../remedy/remedy.ts'
import { passages } from '../clean.ts'
import { settingValue } from '../labels.ts'
import {
  blocks,
  type Content,
  code,
  details,
  heading,
  join,
  list,
  type Markup,
  md,
  table,
  text,
  unbroken,
} from '../markdown.ts'
import type { Report } from '../report.ts'
import { INTENT_SIGN, SIGNS } from '../signs.ts'
import { type PlanRow, planRows, planSize } from '../view/plan-rows.ts'
import { fromTo, more, nameList, passagesMarkup, targetMarkup } from './pieces.ts'

const MOST_NOTES = 20
const MOST_TARGETS = 6

/** Of each remedy: what, where, from, to, how long it lasts, what it does to the cluster, which rights it needs. */
export function planSection(report: Report, most: number): Markup | undefined {
  if (report.fix === undefined || report.fix.plans.length === 0) return undefined
  const plans = report.fix.plans.map((plan) => planMarkup(plan, most))
  return report.fix.dryRun
    ? blocks(heading(3, 'The plan'), ...plans)
    : details('The plan that was carried out', blocks(...plans))
}

function planMarkup(plan: Plan, most: number): Markup {
  const rows = planRows(plan)
  const { changes, targets } = planSize(plan)
  const size =
    changes === 0 ? 'nothing to change' : `${plural(changes, 'change')} at ${plural(targets, 'target')}`
  const columns = [
    { title: '' },
    { title: 'What' },
    { title: 'From → to' },
    { title: 'Where' },
    { title: 'Remark' },
  ]
  return blocks(
    heading(4, md`${code(remedyName(plan.remedy))}: ${size}`),
    rows.length > 0 ? table(columns, rows.slice(0, most).map(stepCells)) : undefined,
    more(rows.length - most, 'kinds of step'),
    list([
      md`**Lasts** ${plan.lasts}`,
      ...plan.impact.slice(0, MOST_NOTES).map((impact) => md`**Impact** ${impact}`),
      ...(plan.rights.length > 0 ? [md`**Needs** ${rights(plan.rights)}`] : []),
    ]),
    ...plan.notes.slice(0, MOST_NOTES).map(noteMarkup),
  )
}

function stepCells(row: PlanRow): Content[] {
  const planned = INTENT_SIGN[row.intent]
  return [
    planned === undefined ? row.intent : unbroken(`${SIGNS[planned].emoji} ${row.intent}`),
    code(row.setting, 120),
    row.intent === 'change' ? fromTo(row.from, row.to) : code(settingValue(row.from), 100),
    targetList(row.targets),
    row.why ?? '',
  ]
}

function targetList(targets: readonly Target[]): Markup {
  const shown = join(targets.slice(0, MOST_TARGETS).map(targetMarkup), ', ')
  const left = targets.length - MOST_TARGETS
  return left > 0 ? md`${shown} and ${count(left)} more` : shown
}

function rights(all: readonly string[]): Markup {
  return nameList(all, MOST_NOTES)
}

/** A note: prose as it is, lines to paste folded under the prose before them. */
function noteMarkup(note: string): Markup {
  const parts = passages(note)
  const [first, ...rest] = parts
  if (first?.kind !== 'prose' || rest.length === 0) return passagesMarkup(parts)
  return details(text(first.text), passagesMarkup(rest))
}

function remedyName(remedy: RemedyId): string {
  return `fix: ${remedy}`
}
