import { type Change, type FixRecord, nameOf, type RemedyId, type Step, type Target } from './remedy.ts'
import { listNames } from './words.ts'

/** An empty record. The entry makes it before the first change, so that it can be told at any moment. */
export function newRecord(dryRun: boolean): FixRecord {
  return { dryRun, plans: [], changes: [], effects: [], interrupted: false, unachieved: [] }
}

/**
 * Puts a change into the record, in place of what the same remedy said of the same setting before. Answers whether
 * it is the first that is said of it.
 */
export function recordChange(record: FixRecord, change: Change): boolean {
  const places = placesOf(record)
  const key = keyOf(change)
  const at = places.get(key)
  if (at === undefined) places.set(key, record.changes.push(change) - 1)
  else record.changes[at] = change
  return at === undefined
}

/** Where each setting stands in a record: a search for every change would be slow with thousands of nodes. */
const allPlaces = new WeakMap<FixRecord, Map<string, number>>()

function placesOf(record: FixRecord): Map<string, number> {
  let places = allPlaces.get(record)
  if (!places) {
    places = new Map(record.changes.map((change, index) => [keyOf(change), index]))
    allPlaces.set(record, places)
  }
  return places
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

/** The sentences that say which changes did not come about though they were asked for; one for all that are alike. */
export function unachievedOf(changes: Change[]): string[] {
  const bad = changes.filter(({ outcome }) => outcome in told)
  const alike = Map.groupBy(bad, ({ remedy, setting, outcome, why, target }) =>
    JSON.stringify([remedy, setting, outcome, why, target.kind]),
  )
  return [...alike.values()].flatMap((group) => {
    const [first] = group
    if (!first) return []
    const why = first.why === undefined ? '' : `: ${first.why}`
    const targets = listNames(group.map(({ target }) => nameOf(target)))
    const what = targets.startsWith(first.setting) ? targets : `${first.setting} of ${targets}`
    return `${first.remedy}: ${what} ${told[first.outcome] ?? first.outcome}${why}`
  })
}

const told: Partial<Record<Change['outcome'], string>> = {
  failed: 'could not be changed',
  refused: 'left as it was',
  unproven: 'may or may not have been changed',
}
