import type { Plan, Step, Target } from '../../remedy/remedy.ts'
import { settingValue, targetName } from '../labels.ts'

/** Characters by which two remarks are told apart. */
const MOST_COMPARED = 2000

/** Steps that differ in nothing but their target. */
export interface PlanRow {
  intent: Step['intent']
  setting: string
  from: string | null | undefined
  to: string | null
  why: string | undefined
  targets: Target[]
}

/** What a plan will do, the same step at many targets as one row: changes first, then refusals. */
export function planRows(plan: Plan): PlanRow[] {
  const rows = new Map<string, PlanRow>()
  for (const step of plan.steps) {
    const { from, to } = step
    const key = JSON.stringify([
      step.intent,
      step.setting,
      settingValue(from),
      to,
      step.why?.slice(0, MOST_COMPARED) ?? null,
      step.target.kind,
    ])
    const row = rows.get(key)
    if (row) row.targets.push(step.target)
    else {
      rows.set(key, {
        intent: step.intent,
        setting: step.setting,
        from,
        to,
        why: step.why,
        targets: [step.target],
      })
    }
  }
  const order: Step['intent'][] = ['change', 'refuse', 'skip']
  return [...rows.values()].toSorted((a, b) => order.indexOf(a.intent) - order.indexOf(b.intent))
}

/** How many changes a plan makes at how many targets. */
export function planSize(plan: Plan): { changes: number; targets: number } {
  const changes = plan.steps.filter((step) => step.intent === 'change')
  return { changes: changes.length, targets: new Set(changes.map((step) => targetName(step.target))).size }
}
