import { type AgentPool, isBusy, isStale, readAgentPool } from '../../azure/agent-pools.ts'
import { text } from '../../azure/arm-error.ts'
import type { RemedyContext } from '../remedy.ts'
import { listNames } from '../words.ts'
import { type Drained, drainPool, hasToMove } from './drain.ts'
import { isSame, lineageOf } from './lineage.ts'
import { type Kit, POLL_MS } from './options.ts'
import { listPods, podName, unboundPods, waitingFor, whyWaiting } from './pods.ts'
import { poolNodes } from './pool-nodes.ts'
import { deletePool, MOST_TRIES, settledPool, untilFree } from './write-pool.ts'

/** Two pools of one replacement: `from` goes, `to` stays. Either may be the successor. */
export interface Pair {
  from: string
  to: string
  successor: string
}

/**
 * Moves everything from one pool of a pair to the other and deletes it. Both pools stay when the draining is
 * blocked. Right before the deletion all is read again, and it must still be the same two pools.
 */
export async function retirePool(
  pair: Pair,
  kit: Kit,
  context: RemedyContext,
  stage: (text: string) => void,
): Promise<Drained> {
  for (let tries = 1; ; tries++) {
    const unready = await whyNotBegun(pair, kit, context)
    if (unready !== undefined) return { done: false, why: `${pair.from} is not drained: ${unready}` }
    stage(`${pair.from} is being drained`)
    const drained = await drainPool(pair.from, pair.to, kit, context)
    if (!drained.done) return drained
    const pool = await settledPool(pair.from, kit, context)
    if (pool === undefined) return { done: true }
    const may = await mayDelete(pair, kit, context)
    if ('why' in may) return { done: false, why: may.why }
    if (!may.now) continue
    stage(`${pair.from} is being deleted`)
    context.log.info(`${pair.from}: nothing but DaemonSet and static pods is left; it is deleted`)
    try {
      await deletePool(may.pool, kit, context)
      return { done: true }
    } catch (error) {
      context.signal.throwIfAborted()
      const again = tries < MOST_TRIES && (isStale(error) || isBusy(error))
      if (!again) throw error
      context.log.info(`${pair.from}: the deletion is decided anew, as something changed or runs`)
      await untilFree(pair.from, kit, context)
    }
  }
}

/** Why nothing must be moved yet: pods that are evicted need a place to go. */
async function whyNotBegun(pair: Pair, kit: Kit, context: RemedyContext): Promise<string | undefined> {
  const { api, signal } = context
  const goes = await readAgentPool(kit.arm, kit.cluster, pair.from, { signal })
  if (goes === undefined) return undefined
  const stays = await readAgentPool(kit.arm, kit.cluster, pair.to, { signal })
  if (stays === undefined) return `${pair.to} is gone`
  const nodes = await poolNodes(api, pair.from, signal)
  // An autoscaler adds nodes as soon as pods wait.
  const grows = stays.properties.enableAutoScaling === true
  return whyNotServing(goes, stays, pair, grows ? 0 : nodes.length, context)
}

type Decision = { now: true; pool: AgentPool } | { now: false } | { why: string }

/**
 * Looks at everything once more. `now: false`: there is something to move again. Waits, as long as a node may
 * take to drain, for pods that have no place yet.
 */
async function mayDelete(pair: Pair, kit: Kit, context: RemedyContext): Promise<Decision> {
  const { api, signal } = context
  const deadline = kit.now() + kit.drainTimeoutMinutes * 60_000
  for (;;) {
    const pool = await readAgentPool(kit.arm, kit.cluster, pair.from, { signal })
    const stays = await readAgentPool(kit.arm, kit.cluster, pair.to, { signal })
    if (pool === undefined) return { now: false }
    const nodes = await poolNodes(api, pair.from, signal)
    const why =
      stays === undefined
        ? `${pair.to} is gone`
        : await whyNotServing(pool, stays, pair, nodes.length, context)
    if (why !== undefined) return { why: `${pair.from} is not deleted: ${why}` }
    const waiting = waitingFor(nodes, await unboundPods(api, signal))
    if (waiting.length === 0) {
      const here = new Set(nodes.map((node) => node.name))
      const left = (await listPods(api, signal)).filter(
        (pod) => here.has(pod.spec.nodeName ?? '') && hasToMove(pod),
      )
      if (left.length === 0) return { now: true, pool }
      context.log.info(`${pair.from} has pods again: ${listNames(left.map(podName))}`)
      return { now: false }
    }
    if (kit.now() >= deadline) {
      return {
        why: `${pair.from} is not deleted: pods wait for a place: ${listNames(waiting.map(whyWaiting), 3)}`,
      }
    }
    context.log.info(`${pair.from}: waiting for pods without a place: ${listNames(waiting.map(podName), 3)}`)
    await context.sleep(POLL_MS)
  }
}

/** Why the other pool does not serve in the place of this one, or is not the one that it shall be. */
async function whyNotServing(
  goes: AgentPool,
  stays: AgentPool,
  pair: Pair,
  nodesThatGo: number,
  { api, signal }: RemedyContext,
): Promise<string | undefined> {
  const successor = pair.successor === stays.name ? stays : goes
  const predecessor = successor === stays ? goes : stays
  const lineage = lineageOf(successor)
  const own = await poolNodes(api, predecessor.name, signal)
  if (lineage === undefined || !isSame(lineage, predecessor, own)) {
    return `${predecessor.name} is not the pool that ${successor.name} was made for`
  }
  if (stays.state?.toLowerCase() !== 'succeeded')
    return `${stays.name} is ${stays.state ?? 'in an unknown state'}`
  if (text(goes.properties.mode) === 'System' && text(stays.properties.mode) !== 'System') {
    return `${stays.name} is no system pool`
  }
  if (nodesThatGo === 0) return undefined
  const serving = (await poolNodes(api, stays.name, signal)).filter(
    ({ ready, cordoned }) => ready && !cordoned,
  )
  return serving.length === 0 ? `no node of ${stays.name} is ready and takes pods` : undefined
}
