import { changeOf } from '../record.ts'
import type { Change, Plan, Remedy, RemedyContext, Step } from '../remedy.ts'
import type { PoolRestorer } from '../restore-all.ts'
import { type Kit, kitOf, type NodePoolOptions } from './options.ts'
import { planNodePools } from './plan.ts'
import { POOL } from './plan-case.ts'
import { poolNodes } from './pool-nodes.ts'
import { replacePool } from './replace.ts'
import { applyUndo, undoPools } from './undo.ts'
import { isPoolItem, planUndo } from './undo-plan.ts'
import { updatePool } from './update.ts'
import { proved, readByName } from './verify.ts'
import { type PoolStep, wantedValues } from './wanted.ts'

export type { NodePoolOptions } from './options.ts'

/**
 * Writes connection-tracking and TCP settings into the configuration of node pools in Azure, so that every node
 * has them, now and later.
 * @throws UserError for inputs that AKS would not take.
 */
export function nodePool(options: NodePoolOptions): Remedy {
  const kit = kitOf(options)
  return {
    id: 'node-pool',
    plan: (context) => planNodePools(kit, context),
    apply: (plan, context) => apply(plan, kit, context),
    verify: (changes, context) => verify(changes, context),
    undo: (changes, context) => undoPools(changes, kit, context),
  }
}

/** Puts pools back for the remedy restore. @throws UserError for inputs that AKS would not take. */
export function poolRestorer(options: NodePoolOptions): PoolRestorer {
  const kit = kitOf(options)
  return {
    plan: (items, context) => planUndo(items.filter(isPoolItem), kit, context),
    apply: (steps, context) => applyUndo(steps.filter(isPoolStep), kit, context),
  }
}

export function isPoolStep(step: Step): step is PoolStep {
  return step.target.kind === 'node-pool'
}

/** One pool at a time. A pool that fails ends it: what went wrong there would likely go wrong at the next one. */
async function apply(plan: Plan, kit: Kit, context: RemedyContext): Promise<Change[]> {
  const steps = plan.steps.filter(isPoolStep).filter(({ intent }) => intent === 'change')
  const changes: Change[] = []
  let failed: string | undefined
  for (const [name, own] of Map.groupBy(steps, ({ target }) => target.name)) {
    if (failed !== undefined) {
      const why = `it was not tried, as ${failed} went wrong`
      const left = own.map((step) => changeOf(step, 'refused', why))
      for (const change of left) context.record(change)
      changes.push(...left)
      continue
    }
    const done = await one(name, own, kit, context)
    if (done.some(({ outcome }) => ['failed', 'refused', 'unproven'].includes(outcome))) failed = name
    changes.push(...done)
  }
  return changes
}

function one(name: string, steps: PoolStep[], kit: Kit, context: RemedyContext): Promise<Change[]> {
  const successor = steps.find(({ setting }) => setting === POOL)?.to
  if (!successor) return updatePool(name, steps, kit, context)
  const settings = { raise: wantedValues(steps, name) }
  return replacePool({ name, successor, settings, steps }, kit, context)
}

/** Reads the nodes of the pools by which the changes are proved, and those that they took the place of. */
async function verify(changes: Change[], context: RemedyContext): Promise<Change[]> {
  const verified: Change[] = []
  for (const [name, own] of Map.groupBy(changes, ({ target }) => ('name' in target ? target.name : ''))) {
    if (!own.some(({ outcome }) => outcome === 'changed' || outcome === 'unchanged')) {
      verified.push(...own)
      continue
    }
    const heir = own.find(({ setting }) => setting === POOL)?.after ?? name
    const nodes = await poolNodes(context.api, heir, context.signal)
    const before = context.nodes.filter(({ node }) => node.pool === name).map(({ node }) => node.name)
    const results = await readByName(
      nodes.map((node) => node.name),
      before,
      context,
    )
    verified.push(...own.map((change) => (change.setting === POOL ? change : proved(change, results))))
  }
  return verified
}
