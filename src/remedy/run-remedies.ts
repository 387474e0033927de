import { UserError } from '../errors.ts'
import type { Finding } from '../health/finding.ts'
import type { ServiceInfo } from '../health/service.ts'
import { LEFT_CLUSTER, type Measured, type NodeResult } from '../node/reading.ts'
import { effectsOf, total } from './effects.ts'
import { notDone, recordChange, unachievedOf } from './record.ts'
import {
  type Change,
  type FixRecord,
  type Plan,
  REMEDIES,
  type Remedy,
  type RemedyContext,
} from './remedy.ts'
import { whyFailed } from './rights.ts'
import { count, round } from './words.ts'

/** What the run stands on after the remedies: what the verdict is judged on. */
export interface Standing {
  nodes: NodeResult[]
  findings: Finding[]
  services: Measured<ServiceInfo[]>
}

/** What the entry hands in besides the readings that it has already. */
export interface RunOptions
  extends Pick<RemedyContext, 'api' | 'log' | 'runId' | 'readAgain' | 'sleep' | 'signal'> {
  /** Any order; they run in that of {@link REMEDIES}. */
  remedies: Remedy[]
  /** Made with `newRecord`; filled as things happen, and true at any moment. */
  record: FixRecord
  /** The judging room: what readings mean. */
  findingsOf(nodes: NodeResult[], services: Measured<ServiceInfo[]>): Finding[]
  /** Reads the services that take traffic from outside again; what fails is in the answer. */
  readServices(): Promise<Measured<ServiceInfo[]>>
  /**
   * Keeps the record where the end of the process does not take it. Called before anything is changed: once all
   * plans are in it, and with each change that is begun. Throws when it cannot be done; nothing is changed then.
   */
  save?: () => void
}

/**
 * Plans every remedy, tells the plans, and unless it is a dry run does them in the guide's order: after each
 * one the nodes are read again, and the next is planned anew on what still breaches. Returns what was read
 * last. Never rejects because a remedy failed or the run was ended: that stands in the record.
 */
export async function runRemedies(start: Standing, options: RunOptions): Promise<Standing> {
  const remedies = inOrder(options.remedies)
  const { record, signal } = options
  const plans = new Map<Remedy, Plan>()
  let standing = start
  for (const remedy of remedies) {
    const plan = await planned(remedy, standing, options)
    if (signal.aborted) return ended(standing, record)
    if (!plan) continue
    plans.set(remedy, plan)
    record.plans.push(afterOthers(plan, record.plans))
  }
  tellPlans(record.plans, options)
  options.save?.()
  if (record.dryRun) return standing
  let stale = false
  for (const remedy of remedies) {
    const first = plans.get(remedy)
    if (!first) continue
    const plan = stale ? await planned(remedy, standing, options) : first
    if (!plan) continue
    record.plans = record.plans.map((known) => (known.remedy === remedy.id ? plan : known))
    const result = await carryOut(remedy, plan, standing, options)
    stale ||= result !== standing
    standing = result
    if (signal.aborted) return ended(standing, record)
  }
  record.unachieved.push(...unachievedOf(record.changes))
  return standing
}

function inOrder(remedies: Remedy[]): Remedy[] {
  if (remedies.length > 1 && remedies.some((remedy) => remedy.id === 'restore')) {
    throw new UserError('fix: restore stands alone, it cannot be combined with other remedies', {
      next: 'Run the action once with fix: restore, and again for the other remedies.',
    })
  }
  return remedies.toSorted((a, b) => REMEDIES.indexOf(a.id) - REMEDIES.indexOf(b.id))
}

/** A plan that is shown before others are carried out does not know what they leave to be done. */
function afterOthers(plan: Plan, others: Plan[]): Plan {
  if (others.length === 0 || !plan.steps.some(({ intent }) => intent === 'change')) return plan
  const names = others.map(({ remedy }) => remedy).join(' and ')
  const note = `This is for the nodes as they are now. It is planned anew on what is there after ${names}: what does not breach any more is left then, unless fix-scope is all.`
  return { ...plan, notes: [note, ...plan.notes] }
}

/** The plan of one remedy; undefined, and noted in the record, when it cannot be made. */
async function planned(remedy: Remedy, standing: Standing, options: RunOptions): Promise<Plan | undefined> {
  try {
    return await remedy.plan(contextOf(standing, options))
  } catch (error) {
    if (options.signal.aborted) return undefined
    if (!(error instanceof Error)) throw error
    const why = whyFailed(error)
    options.record.unachieved.push(`${remedy.id}: it could not be planned: ${why}`)
    options.log.warning(`${remedy.id} could not be planned: ${why}`)
    options.log.debug(error.stack ?? why)
    return undefined
  }
}

/** Applies a plan and measures what came of it. Returns the standing it was given when nothing was tried. */
async function carryOut(
  remedy: Remedy,
  plan: Plan,
  standing: Standing,
  options: RunOptions,
): Promise<Standing> {
  const { record, log, signal } = options
  for (const change of notDone(plan.steps)) recordChange(record, change)
  if (!plan.steps.some((step) => step.intent === 'change')) {
    log.info(`${remedy.id}: nothing to change`)
    return standing
  }
  let nodes: NodeResult[] | undefined
  const context = contextOf(standing, {
    ...options,
    readAgain: async (names) => {
      const results = await options.readAgain(names)
      nodes =
        names === undefined ? withLeft(standing.nodes, results) : merge(nodes ?? standing.nodes, results)
      return results
    },
  })
  try {
    const changes = await remedy.apply(plan, context)
    if (signal.aborted) return standing
    for (const change of await remedy.verify(changes, context)) recordChange(record, change)
  } catch (error) {
    if (signal.aborted) return standing
    const why = whyFailed(error)
    record.unachieved.push(`${remedy.id}: it ended early: ${why}`)
    log.warning(`${remedy.id} ended early: ${why}`)
    if (error instanceof Error) log.debug(error.stack ?? why)
    nodes = undefined
  }
  const next = await standingAfter(remedy, nodes, standing, options)
  record.effects.push(...effectsOf(remedy.id, standing.nodes, next.nodes))
  tellEffect(remedy, options)
  return next
}

/** What verify read serves for the next remedy and the verdict; only where it read nothing is there one more reading. */
async function standingAfter(
  remedy: Remedy,
  nodes: NodeResult[] | undefined,
  standing: Standing,
  options: RunOptions,
): Promise<Standing> {
  const changesServices = remedy.id === 'service-policy' || remedy.id === 'restore'
  const services = changesServices ? await options.readServices() : standing.services
  let read = nodes
  try {
    read ??= withLeft(standing.nodes, await options.readAgain())
  } catch (error) {
    // The old reading says nothing about what is there after the change.
    const why = `could not be read again after ${remedy.id}: ${whyFailed(error)}`
    options.record.unachieved.push(`${remedy.id}: the nodes ${why}`)
    read ??= standing.nodes.map((result) =>
      result.kind === 'out-of-scope' ? result : { kind: 'unread', node: result.node, why },
    )
  }
  return { nodes: read, services, findings: options.findingsOf(read, services) }
}

/** All nodes that were read now, and those that were there before and are no more. */
function withLeft(before: NodeResult[], read: NodeResult[]): NodeResult[] {
  const names = new Set(read.map(({ node }) => node.name))
  const left = before
    .filter(({ node }) => !names.has(node.name))
    .map(({ node }): NodeResult => ({ kind: 'out-of-scope', node, why: LEFT_CLUSTER }))
  return [...read, ...left].sort((a, b) => (a.node.name < b.node.name ? -1 : 1))
}

function merge(nodes: NodeResult[], later: NodeResult[]): NodeResult[] {
  const byName = new Map(nodes.map((result) => [result.node.name, result]))
  for (const result of later) byName.set(result.node.name, result)
  return [...byName.values()]
}

function contextOf(standing: Standing, options: RunOptions): RemedyContext {
  const { api, log, runId, readAgain, sleep, signal, record } = options
  const tell = (...changes: Change[]) => {
    const begun = changes.filter((change) => recordChange(record, change) && change.outcome === 'unproven')
    if (begun.length > 0) saveBegun(begun, options)
  }
  return { ...standing, api, log, runId, readAgain, sleep, signal, record: tell }
}

/** What could not be put back after a crash is not begun. */
function saveBegun(begun: Change[], { record, save }: RunOptions): void {
  try {
    save?.()
  } catch (error) {
    const why = 'it was not begun, as the report that could undo it could not be written'
    for (const change of begun)
      recordChange(record, { ...change, after: change.before, outcome: 'failed', why })
    throw error
  }
}

/** The last standing of a run that was ended from outside. */
function ended(standing: Standing, record: FixRecord): Standing {
  record.interrupted = true
  record.unachieved.push(...unachievedOf(record.changes))
  record.unachieved.push('The run was ended before all remedies were through.')
  return standing
}

function tellPlans(plans: Plan[], { log, record }: RunOptions): void {
  for (const plan of plans) {
    const changes = plan.steps.filter((step) => step.intent === 'change').length
    const refused = plan.steps.filter((step) => step.intent === 'refuse').length
    const rest = refused > 0 ? `, ${refused} refused` : ''
    log.info(
      `${record.dryRun ? 'Would do' : 'Plan of'} ${plan.remedy}: ${count(changes, 'change')}${rest}; lasts ${plan.lasts}`,
    )
    for (const line of plan.impact) log.info(`  ${line}`)
  }
}

function tellEffect(remedy: Remedy, { log, record }: RunOptions): void {
  const entries = total(record.effects, remedy.id, 'conntrack-entries')
  if (!entries) return
  const percent = entries.reductionPercent
  const less =
    percent === undefined ? '' : ` (${round(Math.abs(percent))} % ${percent < 0 ? 'more' : 'less'})`
  log.info(`${remedy.id}: tracked connections ${entries.before} → ${entries.after}${less}`)
}
