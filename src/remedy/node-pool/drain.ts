import type { RemedyContext } from '../remedy.ts'
import { count, listNames } from '../words.ts'
import { blockingBudgets, evict } from './evict.ts'
import { type Kit, POLL_MS } from './options.ts'
import { toleratesCordon } from './placement.ts'
import { kindOf, podName, podsOn, unboundPods, type WorkPod, waitingFor, whyWaiting } from './pods.ts'
import { cordon, type PoolNode, poolNodes } from './pool-nodes.ts'

/** Whether all that has to move has moved; if not, what is in the way. */
export type Drained = { done: true } | { done: false; why: string }

/** Passes over a pool to which new pods keep coming. */
const MOST_PASSES = 100

/**
 * Empties a pool node by node: no node of it takes new pods, and the eviction API moves the pods as the budgets
 * allow. Never evicts while a pod waits for a place. Stops at the first node that is not empty in time. Ends
 * with a pass in which there was nothing to move.
 * @param other the pool that the pods move to; the nodes remember for which pool they were cordoned.
 */
export async function drainPool(
  name: string,
  other: string,
  kit: Kit,
  context: RemedyContext,
): Promise<Drained> {
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const { moved, blocked } = await drainOnce(name, other, kit, context)
    if (blocked !== undefined) return { done: false, why: blocked }
    if (!moved) return { done: true }
  }
  return { done: false, why: `${name} gets new pods as fast as they are moved` }
}

async function drainOnce(
  name: string,
  other: string,
  kit: Kit,
  context: RemedyContext,
): Promise<{ moved: boolean; blocked?: string }> {
  const visited = new Set<string>()
  let moved = false
  for (;;) {
    // Nodes that an autoscaler adds in the meantime are drained too.
    const nodes = await cordonAll(name, other, context)
    const next = nodes.find(({ uid }) => !visited.has(uid))
    if (next === undefined) return { moved }
    visited.add(next.uid)
    const here = await podsOn(context.api, next.name, context.signal)
    if (!here.some(hasToMove)) continue
    moved = true
    context.log.info(`${next.name}: draining (node ${visited.size} of ${nodes.length} of ${name})`)
    const drained = await drainNode(next, nodes, kit, context)
    if (!drained.done) return { moved, blocked: drained.why }
    context.log.info(`${next.name}: drained`)
  }
}

/** Cordons every node of a pool; which nodes it has is looked up anew each time. */
async function cordonAll(
  name: string,
  other: string,
  { api, signal, log }: RemedyContext,
): Promise<PoolNode[]> {
  const nodes = await poolNodes(api, name, signal)
  const open = nodes.filter(({ cordoned }) => !cordoned)
  const gone = new Set<string>()
  for (const node of open) if (!(await cordon(api, node, other, signal))) gone.add(node.uid)
  const cordoned = open.filter(({ uid }) => !gone.has(uid))
  if (cordoned.length > 0) log.info(`${name}: cordoned ${listNames(cordoned.map((node) => node.name))}`)
  return nodes.filter(({ uid }) => !gone.has(uid))
}

export function hasToMove(pod: WorkPod): boolean {
  return kindOf(pod) !== 'stays'
}

async function drainNode(
  node: PoolNode,
  sites: readonly PoolNode[],
  kit: Kit,
  context: RemedyContext,
): Promise<Drained> {
  const { api, signal } = context
  const deadline = kit.now() + kit.drainTimeoutMinutes * 60_000
  const returning = returnWatch()
  let told = -1
  for (;;) {
    const here = (await podsOn(api, node.name, signal)).filter(hasToMove)
    if (here.length === 0) return { done: true }
    const bare = here.filter((pod) => kindOf(pod) === 'bare')
    if (bare.length > 0) {
      return {
        done: false,
        why: `no controller would make these pods anew elsewhere: ${listNames(bare.map(podName))}`,
      }
    }
    if (here.length !== told) context.log.info(`${node.name}: ${count(here.length, 'pod')} to move`)
    told = here.length
    const back = returning(here)
    if (back.length > 0) {
      return {
        done: false,
        why: `pods tolerate the cordon and come back to ${node.name} as often as they are evicted: ${listNames(back.map(podName))}. Azure moves what is left on a pool within its budgets when it is deleted by hand (az aks nodepool delete)`,
      }
    }
    const inTheWay = await evictSome(here, sites, context)
    if (kit.now() >= deadline)
      return { done: false, why: await whyNotEmpty(node, here, inTheWay, kit, context) }
    await context.sleep(POLL_MS)
  }
}

/** How often a pod that a cordon does not keep out is moved, before it is clear that it comes back. */
const MOST_RETURNS = 5

/** Tells the pods that took the place of evicted ones so often that moving them is of no use. */
function returnWatch(): (here: readonly WorkPod[]) => WorkPod[] {
  const known = new Set<string>()
  const atFirst = new Map<string, number>()
  const later = new Map<string, number>()
  let first = true
  return (here) => {
    const tolerant = here.flatMap((pod) => {
      const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller)?.uid
      const uid = pod.metadata.uid ?? ''
      return owner !== undefined && toleratesCordon(pod.spec) && !known.has(uid) ? [{ pod, owner, uid }] : []
    })
    const counts = first ? atFirst : later
    first = false
    for (const { owner, uid } of tolerant) {
      known.add(uid)
      counts.set(owner, (counts.get(owner) ?? 0) + 1)
    }
    return tolerant.flatMap(({ pod, owner }) =>
      (later.get(owner) ?? 0) > MOST_RETURNS * Math.max(1, atFirst.get(owner) ?? 0) ? [pod] : [],
    )
  }
}

/** What kept pods of a node from being evicted at the last try. */
interface InTheWay {
  waiting: WorkPod[]
  budgeted: WorkPod[]
  errors: string[]
}

async function evictSome(
  here: readonly WorkPod[],
  sites: readonly PoolNode[],
  { api, signal }: RemedyContext,
): Promise<InTheWay> {
  const inTheWay: InTheWay = { waiting: [], budgeted: [], errors: [] }
  inTheWay.waiting = waitingFor(sites, await unboundPods(api, signal))
  if (inTheWay.waiting.length > 0) return inTheWay
  for (const pod of here) {
    if (pod.metadata.deletionTimestamp !== undefined) continue
    const evicted = await evict(api, pod, signal)
    if (evicted.kind === 'budget') inTheWay.budgeted.push(pod)
    if (evicted.kind === 'error') inTheWay.errors.push(evicted.why)
  }
  return inTheWay
}

async function whyNotEmpty(
  node: PoolNode,
  here: readonly WorkPod[],
  { waiting, budgeted, errors }: InTheWay,
  kit: Kit,
  { api, signal }: RemedyContext,
): Promise<string> {
  const reasons: string[] = []
  if (waiting.length > 0) reasons.push(`pods wait for a place: ${listNames(waiting.map(whyWaiting), 3)}`)
  if (budgeted.length > 0) {
    reasons.push(`disruption budgets do not allow it: ${await blockingBudgets(api, budgeted, signal)}`)
  }
  if (errors.length > 0) reasons.push(`evictions are refused: ${listNames(errors, 3)}`)
  if (reasons.length === 0) {
    const back = here.filter(({ spec }) => toleratesCordon(spec))
    const rest = here.filter((pod) => !back.includes(pod))
    if (rest.length > 0) reasons.push(`pods do not end: ${listNames(rest.map(podName))}`)
    if (back.length > 0) {
      reasons.push(`pods that tolerate a cordon do not end or come back: ${listNames(back.map(podName))}`)
    }
  }
  return `${node.name} could not be drained within ${kit.drainTimeoutMinutes} minutes (drain-timeout-minutes): ${reasons.join('; ')}`
}
