import {
  type AgentPool,
  type AgentPoolBody,
  agentPoolPath,
  deleteAgentPool,
  isBusy,
  isOsConfigRefusal,
  isStale,
  readAgentPool,
  writeAgentPool,
} from '../../azure/agent-pools.ts'
import { ArmError } from '../../azure/arm-error.ts'
import { clusterPath } from '../../azure/managed-cluster.ts'
import { isSettled, waitUntilSettled } from '../../azure/operation.ts'
import { messageOf, UserError } from '../../errors.ts'
import type { RemedyContext } from '../remedy.ts'
import { followOptions, type Kit, POLL_MS } from './options.ts'
import { teller } from './progress.ts'

/** What became of a change of a pool. */
export type Written =
  /** ARM carried it out. */
  | { kind: 'written'; pool: AgentPool }
  /** The pool was as wanted. `sent`: an order of ours that was not answered did it. */
  | { kind: 'as-wanted'; pool: AgentPool; sent: boolean }
  | { kind: 'gone' }
  /** AKS does not change this on a pool that exists. */
  | { kind: 'not-changeable'; error: ArmError }
  /** `pool` as it was read after that; undefined: it is not known what it has. `sent`: an order was given. */
  | { kind: 'failed'; error: Error; pool: AgentPool | undefined; sent: boolean }

/** How often a change is decided anew as the pool changed in between, or as other operations ran. */
export const MOST_TRIES = 60

export interface WriteOptions {
  /** Decides on the pool as it is now; undefined: it is as wanted already. */
  decide: (pool: AgentPool) => AgentPoolBody | undefined
  /** Called before an order is sent. */
  sending: () => void
  /** UIDs of the nodes before, to tell how many were renewed. */
  before: ReadonlySet<string>
}

/**
 * Changes a pool: reads it, decides, writes it if it is still the same, and follows the operation to its end.
 * Waits for operations that others run, and decides anew when the pool changed in between.
 */
export async function changePool(
  name: string,
  options: WriteOptions,
  kit: Kit,
  context: RemedyContext,
): Promise<Written> {
  let sent = false
  for (let tries = 1; ; tries++) {
    try {
      const pool = await settledPool(name, kit, context)
      if (pool === undefined) return { kind: 'gone' }
      const body = options.decide(pool)
      if (body === undefined) return { kind: 'as-wanted', pool, sent }
      options.sending()
      sent = true
      const follow = followOptions(kit, context, teller(name, kit, context, options.before))
      const condition = pool.etag === undefined ? {} : { ifMatch: pool.etag }
      await writeAgentPool(kit.arm, pool, body, condition, follow, () =>
        context.log.info(`${name}: Azure has taken the change`),
      )
      const now = await settledPool(name, kit, context)
      if (now === undefined) return { kind: 'gone' }
      if (now.state !== undefined && now.state.toLowerCase() !== 'succeeded') {
        const error = new UserError(`Azure took the change, and ${name} is ${now.state}.`, {
          next: 'Look at the node pool in Azure, and run again.',
        })
        return { kind: 'failed', error, pool: now, sent }
      }
      return { kind: 'written', pool: now }
    } catch (error) {
      context.signal.throwIfAborted()
      if (error instanceof ArmError && isOsConfigRefusal(error)) return { kind: 'not-changeable', error }
      if (tries < MOST_TRIES && isStale(error)) {
        context.log.info(`${name} changed since it was read; it is read again`)
        continue
      }
      if (tries < MOST_TRIES && isBusy(error)) {
        context.log.info(`${name}: ${messageOf(error)}`)
        await untilFree(name, kit, context)
        continue
      }
      if (!(error instanceof Error)) throw error
      return { kind: 'failed', error, pool: await seen(name, kit, context), sent }
    }
  }
}

/** What a pool is after a change that failed; undefined when it is not known, or something still works on it. */
async function seen(name: string, kit: Kit, { signal }: RemedyContext): Promise<AgentPool | undefined> {
  try {
    const pool = await readAgentPool(kit.arm, kit.cluster, name, { signal })
    return isSettled(pool?.state) ? pool : undefined
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

/** A pool on which no operation runs; undefined when there is none of that name. */
export async function settledPool(
  name: string,
  kit: Kit,
  context: RemedyContext,
): Promise<AgentPool | undefined> {
  const { signal } = context
  for (;;) {
    const pool = await readAgentPool(kit.arm, kit.cluster, name, { signal })
    if (pool === undefined || isSettled(pool.state)) return pool
    context.log.info(`${name} is ${pool.state ?? ''}: waiting for the operation that runs on it`)
    const follow = followOptions(kit, context, teller(name, kit, context))
    try {
      await waitUntilSettled(kit.arm, agentPoolPath(kit.cluster, name), follow)
    } catch (error) {
      // It can be a deletion that is waited for.
      if (!(error instanceof ArmError && error.status === 404)) throw error
    }
  }
}

/** How long a pool may still be shown once Azure says that its deletion is done. */
const SHOWN_MS = 5 * 60_000

/**
 * Deletes a pool, and waits until Azure has none of that name any more: that an order was taken, or that its
 * operation ended, is no proof.
 */
export async function deletePool(pool: AgentPool, kit: Kit, context: RemedyContext): Promise<void> {
  const { name } = pool
  await deleteAgentPool(kit.arm, pool, followOptions(kit, context, teller(name, kit, context)))
  const deadline = kit.now() + SHOWN_MS
  for (;;) {
    const left = await settledPool(name, kit, context)
    if (left === undefined) return
    if (left.state?.toLowerCase() === 'failed' || kit.now() >= deadline) {
      throw new UserError(
        `Azure says that ${name} was deleted, and still has it (${left.state ?? 'no state'}).`,
        { next: 'Look at the node pool in Azure, and run again.' },
      )
    }
    await context.sleep(POLL_MS)
  }
}

/** Waits until neither the cluster nor the pool says that something runs on it. */
export async function untilFree(name: string, kit: Kit, context: RemedyContext): Promise<void> {
  const look = async () => undefined
  await context.sleep(POLL_MS)
  await waitUntilSettled(kit.arm, clusterPath(kit.cluster), followOptions(kit, context, look))
  await settledPool(name, kit, context)
}
