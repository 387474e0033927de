import { type Change, type FixRecord, nameOf, type RemedyId, type Step, type Target } from './remedy.ts'

/** An empty record. The entry makes it before the first change, so that it can be told at any moment. */
export function newRecord(dryRun: boolean): FixRecord {
  return { dryRun, plans: [], changes: [], effects: [], interrupted: false, unachieved: [] }
}

/** Puts a change into the record, in place of what the same remedy said of the same setting before. */
export function recordChange(record: FixRecord, change: Change): void {
  const key = keyOf(change)
  const at = record.changes.findIndex((earlier) => keyOf(earlier) === key)
  if (at < 0) record.changes.push(change)
  else record.changes[at] = change
}

/** One string for a setting of a target as one remedy sees it. */
export function keyOf(item: { remedy: RemedyId; target: Target; setting: string }): string {
  return JSON.stringify([item.remedy, nameOf(item.target), item.setting])
}

/** What becomes of the steps of a plan that are not done. */
export function notDone(steps: Step[]): Change[] {
  return steps
    .filter((step) => step.intent !== 'change')
    .map((step) => changeOf(step, step.intent === 'refuse' ? 'refused' : 'skipped', step.why))
}

/** A change that a step led to, with nothing read back yet. */
export function changeOf(step: Step, outcome: Change['outcome'], why?: string): Change {
  return {
    remedy: step.remedy,
    target: step.target,
    setting: step.setting,
    before: step.from,
    wanted: step.to,
    after: outcome === 'refused' || outcome === 'skipped' ? step.from : undefined,
    outcome,
    ...(why !== undefined && { why }),
  }
}

/** The sentences that say which changes did not come about though they were asked for. */
export function unachievedOf(changes: Change[]): string[] {
  const bad = changes.filter(({ outcome }) => ['failed', 'refused', 'unproven'].includes(outcome))
  return bad.map((change) => {
    const why = change.why === undefined ? '' : `: ${change.why}`
    return `${change.remedy}: ${change.setting} of ${nameOf(change.target)} ${told[change.outcome] ?? change.outcome}${why}`
  })
}

const told: Partial<Record<Change['outcome'], string>> = {
  failed: 'could not be changed',
  refused: 'was not changed',
  unproven: 'may or may not have been changed',
}
