import { changeOf } from '../record.ts'
import type { Change, RemedyContext } from '../remedy.ts'
import { lineageOf } from './lineage.ts'
import type { Kit } from './options.ts'
import { POOL } from './plan-case.ts'
import { poolNodes } from './pool-nodes.ts'
import { retirePool } from './retire.ts'
import { makeSuccessor, removeUnfit, type SuccessorSettings, uncordonFor, whyUnfit } from './successor.ts'
import type { PoolStep } from './wanted.ts'
import { settledPool } from './write-pool.ts'

/** Which pool takes the place of which, and what it shall have. */
export interface Replacement {
  name: string
  successor: string
  settings: SuccessorSettings
  steps: readonly PoolStep[]
}

/** How it ended: `pools` are those of the two that are there then. */
type End = { done: true } | { done: false; why: string; pools: string[] }

/**
 * Replaces a pool: makes its successor, waits until that serves, moves the pods, deletes the pool. Every stage
 * is found in Azure and Kubernetes again, so that a run that was ended is gone on with by the next one.
 */
export async function replacePool(
  replacement: Replacement,
  kit: Kit,
  context: RemedyContext,
): Promise<Change[]> {
  const { name, successor, steps } = replacement
  const tell = (make: (step: PoolStep) => Change): Change[] => {
    const changes = steps.map(make)
    for (const change of changes) context.record(change)
    return changes
  }
  const stage = (text: string) =>
    void tell((step) =>
      changeOf(step, 'unproven', `the replacement of ${name} by ${successor} has not ended: ${text}`),
    )
  let end: End
  try {
    end = await carryOut(replacement, kit, context, stage)
  } catch (error) {
    context.signal.throwIfAborted()
    const said = kit.explain(error, `The replacement of ${name} stopped`)
    const why = said instanceof Error ? said.message : String(said)
    end = {
      done: false,
      why: `${why} Both pools stay as they are; the next run goes on.`,
      pools: [name, successor],
    }
  }
  if (end.done) return tell((step) => ({ ...changeOf(step, 'changed', step.why), after: step.to }))
  const { why, pools } = end
  context.log.warning(`${name} is not replaced: ${why}`)
  return tell((step) =>
    step.setting === POOL
      ? { ...changeOf(step, 'failed', why), after: pools.join(' ') }
      : changeOf(step, 'skipped', `${name} is not replaced`),
  )
}

async function carryOut(
  { name, successor, settings }: Replacement,
  kit: Kit,
  context: RemedyContext,
  stage: (text: string) => void,
): Promise<End> {
  const pool = await settledPool(name, kit, context)
  if (pool === undefined) {
    // An earlier run had ordered its deletion.
    const heir = await settledPool(successor, kit, context)
    const done = heir !== undefined && lineageOf(heir)?.predecessor === name
    return done ? { done } : { done: false, why: `${name} is gone`, pools: [] }
  }
  const hasNodes = (await poolNodes(context.api, name, context.signal)).length > 0
  const made = await makeSuccessor(pool, successor, settings, kit, context, stage)
  if (made.pool === undefined && made.theirs) return { done: false, why: made.why, pools: [name] }
  stage(`${successor} is there and its nodes are awaited`)
  // A run that ended while it removed the successor left its nodes cordoned.
  if (made.pool !== undefined) await uncordonFor(successor, successor, context)
  const unfit = made.pool === undefined ? made.why : await whyUnfit(successor, hasNodes, kit, context)
  if (unfit !== undefined) {
    const { removed, text } = await removeUnfit(successor, pool, kit, context)
    const open = await uncordonFor(name, successor, context)
    const left = open.length > 0 ? ` and ${name} takes pods again` : `, and nothing of ${name} was touched`
    return {
      done: false,
      why: `${unfit}. ${removed ? `${text}${left}.` : text}`,
      pools: removed ? [name] : [name, successor],
    }
  }
  const retired = await retirePool({ from: name, to: successor, successor }, kit, context, stage)
  if (retired.done) return { done: true }
  const nodes = await poolNodes(context.api, name, context.signal)
  const closed = nodes.some(({ cordonedFor }) => cordonedFor === successor)
  const left = closed ? `the nodes of ${name} take no new pods` : `nothing of ${name} was touched`
  const why = `${retired.why}. Both pools are there, ${left}; run again to go on, or with fix: restore to go back`
  return { done: false, why, pools: [name, successor] }
}
