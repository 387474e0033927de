import { listNodes } from './cluster-nodes.ts'
import { equals, isNodeStep, proveOnNodes } from './node-steps.ts'
import { changeOf, notDone } from './record.ts'
import type { Change, RemedyContext, Step } from './remedy.ts'
import { applyDaemonSets, keepersAfter, keptBy, planDaemonSets } from './restore-daemonsets.ts'
import { type Restorable, restorablesOf } from './restore-input.ts'
import { applyNodes, planNodes } from './restore-nodes.ts'
import { applyServices, planServices, verifyServices } from './restore-services.ts'
import { whyFailed } from './rights.ts'
import type { TunerOptions } from './tune.ts'

/** Puts node pools back: code for Azure, which is loaded only when there is something of theirs to put back. */
export interface PoolRestorer {
  plan(items: Restorable[], context: RemedyContext): Promise<Step[]>
  apply(steps: Step[], context: RemedyContext): Promise<Change[]>
}

/** The steps that put node pools back; refused where the cluster is not reached through Azure. */
export async function planPools(
  items: Restorable[],
  pools: PoolRestorer | undefined,
  context: RemedyContext,
): Promise<Step[]> {
  const own = items.filter(({ target }) => target.kind === 'node-pool')
  if (own.length === 0) return []
  if (pools !== undefined) return pools.plan(own, context)
  const why = 'node pools are changed through Azure: name the cluster by cluster-name and resource-group'
  return own.map(({ target, setting, before }) => ({
    ...{ remedy: 'restore', target, setting, from: undefined, to: before ?? null, intent: 'refuse', why },
  }))
}

/**
 * The steps that put everything back: DaemonSets first, as they would write the values of the nodes again, then
 * services, then nodes. A value that a DaemonSet which stays would write again is refused.
 */
export async function planRestore(items: Restorable[], context: RemedyContext): Promise<Step[]> {
  const daemonSets = await planDaemonSets(items, context)
  const services = await planServices(items, context)
  const nodes = planNodes(items, context)
  return [...daemonSets, ...services, ...(await holdAgainstKeepers(nodes, daemonSets, context))]
}

async function holdAgainstKeepers(
  steps: ReturnType<typeof planNodes>,
  daemonSets: Step[],
  context: RemedyContext,
): Promise<Step[]> {
  if (!steps.some(({ intent }) => intent === 'change')) return steps
  try {
    const keepers = await keepersAfter(daemonSets, await listNodes(context.api, context.signal), context)
    return steps.map((step) => {
      const why = step.intent === 'change' ? keptBy(keepers, step) : undefined
      return why === undefined ? step : { ...step, intent: 'refuse', why }
    })
  } catch (error) {
    context.signal.throwIfAborted()
    const remark = `whether a DaemonSet would write it again could not be seen: ${whyFailed(error)}`
    return steps.map((step) =>
      step.intent === 'change' ? { ...step, why: step.why ? `${step.why}; ${remark}` : remark } : step,
    )
  }
}

/** Does the change steps. Values of nodes are left where a DaemonSet that was to go could not be removed. */
export async function applyRestore(
  steps: Step[],
  options: TunerOptions,
  context: RemedyContext,
): Promise<Change[]> {
  const daemonSets = await applyDaemonSets(steps, context)
  const services = await applyServices(steps, context)
  const nodeSteps = steps.filter(isNodeStep)
  const stays = daemonSets.find(({ outcome }) => outcome !== 'changed')
  if (!stays) return [...daemonSets, ...services, ...(await applyNodes(nodeSteps, options, context))]
  const kept = nodeSteps
    .filter(({ intent }) => intent === 'change')
    .map((step) => ({
      ...changeOf(step, 'refused', 'a DaemonSet that writes it again could not be put back first'),
      after: step.from,
    }))
  context.record(...kept)
  return [...daemonSets, ...services, ...kept]
}

/** Reads services and nodes again: the values must be exactly those that were put back. */
export async function verifyRestore(changes: Change[], context: RemedyContext): Promise<Change[]> {
  return proveOnNodes(await verifyServices(changes, context), await context.readAgain(), equals)
}

/** Takes DaemonSets of `changes` back, with the values that they wrote: plan, apply and verify in one. */
export async function undoDaemonSets(
  changes: Change[],
  options: TunerOptions,
  context: RemedyContext,
): Promise<Change[]> {
  const steps = await planRestore(restorablesOf(changes), context)
  const left = notDone(steps)
  context.record(...left)
  return [...left, ...(await verifyRestore(await applyRestore(steps, options, context), context))]
}
