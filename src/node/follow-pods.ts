import { type Clock, withDeadline } from '../cluster/clock.ts'
import type { KubeApi } from '../cluster/kube-api.ts'
import { listAll } from '../cluster/list.ts'
import { watchCollection } from '../cluster/watch.ts'
import { messageOf } from '../errors.ts'
import type { Ledger, Open, Outcome } from './ledger.ts'
import { misplaced, placementNext } from './placement.ts'
import { podSelector } from './pod.ts'
import { type KubePod, stateOf } from './pod-state.ts'

export interface FollowOptions {
  namespace: string
  runId: string
  nodeTimeoutSeconds: number
  signal: AbortSignal
  clock: Clock
  /** Called when the pods were listed for the first time: from then on nothing that happens is missed. */
  listed: () => void
  note: (text: string) => void
}

/** After so much silence a list is asked for, as a watch may be dead without a word. Doubles each time. */
const firstSilenceMs = 10_000
const listDeadlineMs = 10_000

const lookAtNode = 'Look at the node and its kubelet, or raise the input "node-timeout-seconds".'

/**
 * Follows the pods of a run and settles the nodes in the ledger: those whose container ended, those that will
 * never answer, and those whose time is up. Never resolves: it ends with `signal`, or rejects with the
 * KubeError for which the pods cannot be followed.
 */
export async function followPods(api: KubeApi, ledger: Ledger, options: FollowOptions): Promise<never> {
  const { clock, signal, note } = options
  const path = `/api/v1/namespaces/${encodeURIComponent(options.namespace)}/pods`
  const query = { labelSelector: podSelector(options.runId) }
  let heardAt = clock.now()

  const [never] = await Promise.all([follow(), guard()])
  return never

  async function follow(): Promise<never> {
    let synced = false
    const onLost = (error: Error) =>
      note(`The watch on the pods was lost and is resumed: ${messageOf(error)}`)
    for await (const event of watchCollection<KubePod>(api, { path, query, signal, onLost, clock })) {
      heardAt = clock.now()
      if (event.type === 'SYNCED') {
        synced = true
        options.listed()
      } else if (!synced) remember(event.object)
      else hear(event.object, event.type === 'DELETED')
    }
    throw new Error('a watch that never ends has ended')
  }

  function remember({ metadata }: KubePod): void {
    ledger.leftovers.set(metadata.name, metadata.uid ?? '')
  }

  function hear(pod: KubePod, deleted: boolean): void {
    const { name, uid = '' } = pod.metadata
    const open = ledger.openByPod(name)
    if (open === undefined || ledger.leftovers.get(name) === uid) return
    const why = misplaced(pod, open.task.node.name)
    const state = stateOf(pod)
    if (why !== undefined) ledger.settle(name, { kind: 'failed', why, next: placementNext })
    else if (state.kind !== 'pending') ledger.settle(name, state)
    else if (deleted)
      ledger.settle(name, { kind: 'failed', why: 'its pod was deleted before it answered', silent: true })
    else Object.assign(open, { doing: state.doing, next: state.next })
  }

  async function guard(): Promise<never> {
    let silenceMs = firstSilenceMs
    let lookedAt = Number.NEGATIVE_INFINITY
    for (;;) {
      const waiting = ledger.allOpen().filter((open) => open.createdAt !== undefined)
      const dueAt = Math.min(...waiting.map(deadlineOf), clock.now() + options.nodeTimeoutSeconds * 1000)
      await clock.sleep(Math.max(50, Math.min(dueAt, heardAt + silenceMs) - clock.now()), signal)
      const now = clock.now()
      const silent = now - heardAt >= silenceMs
      const late = ledger.allOpen().filter((open) => deadlineOf(open) <= now)
      if (!silent && late.length === 0) continue
      if (silent) {
        silenceMs *= 2
        heardAt = now
      }
      if (ledger.created > 0 && now - lookedAt > 2000) {
        lookedAt = now
        await look()
      }
      for (const open of late) giveUp(open)
    }
  }

  function deadlineOf(open: Open): number {
    return open.createdAt === undefined
      ? Number.POSITIVE_INFINITY
      : open.createdAt + options.nodeTimeoutSeconds * 1000
  }

  async function look(): Promise<void> {
    try {
      const { items } = await withDeadline(listDeadlineMs, signal, (within) =>
        listAll<KubePod>(api, { path, query, signal: within }),
      )
      for (const pod of items) hear(pod, false)
    } catch (error) {
      signal.throwIfAborted()
      note(`The pods could not be listed: ${messageOf(error)}`)
    }
  }

  function giveUp({ task, doing = 'nothing was heard of its pod', next }: Open): void {
    ledger.settle(
      task.pod.metadata.name,
      noAnswerIn(options.nodeTimeoutSeconds, { doing, ...(next && { next }) }),
    )
  }
}

/** The outcome of a node whose pod has not answered in time; `doing` is what was last heard of it. */
export function noAnswerIn(seconds: number, { doing, next }: { doing: string; next?: string }): Outcome {
  const why = `no answer within ${seconds} s: ${doing}`
  return { kind: 'failed', why, next: next ?? lookAtNode, silent: true }
}
