import { type Clock, DeadlineError, realClock, withDeadline } from '../cluster/clock.ts'
import { type KubeApi, KubeError } from '../cluster/kube-api.ts'
import { listAll } from '../cluster/list.ts'
import { messageOf } from '../errors.ts'
import { forEachLimited } from './limit.ts'
import { EXPIRES_ANNOTATION, INSTANCE_LABEL, podSelector } from './pod.ts'
import type { KubePod } from './pod-state.ts'
import { lacksRight } from './refusal.ts'

/** How a removal of pods ended. */
export interface Removal {
  /** Whether it was seen that none is left. */
  complete: boolean
  /** Names of the pods that were left when time was up, as far as that is known. */
  left: string[]
  /** Why it is not complete. */
  why?: string
  /** The right for want of which each pod was deleted by a request of its own. */
  lacking?: string
}

export interface RemovalOptions {
  /** For all of it together; default 30000. */
  timeoutMs?: number
  signal?: AbortSignal
  clock?: Clock
  /**
   * Whether the containers of all these pods have ended. Their kubelets need not be waited for then: with any
   * grace period a real one takes three seconds to take leave of a pod in which nothing runs any more.
   */
  ended?: boolean
}

/**
 * How long pods that are all being ended are waited for. Where the kubelet is dead they stay for ever, and there
 * is no more to do about them than to name them: each further sweep of the run would wait for them again.
 */
const dyingMs = 10_000

/**
 * Removes all short-lived pods of a run and sees that they are gone: one request for the deletion, one to
 * look, more only while something is left (a pod that is dying, or one whose creation was still under way).
 * Safe to call at any time and as often as one likes. Never rejects.
 */
export async function removePods(
  api: KubeApi,
  namespace: string,
  runId: string,
  options: RemovalOptions = {},
): Promise<Removal> {
  const { timeoutMs = 30_000, clock = realClock, ended = false } = options
  const collection = collectionOf(namespace)
  const labelSelector = podSelector(runId)
  let left: string[] = []
  let lacking: string | undefined
  try {
    return await withDeadline(timeoutMs, options.signal, async (signal) => {
      let alive = true
      let dyingSince: number | undefined
      for (let pauseMs = 100; ; pauseMs = Math.min(2000, pauseMs * 2)) {
        if (alive)
          await deleteAll(api, { collection, labelSelector, signal, timeoutMs, ended }, (names, refusal) => {
            left = names
            lacking = lacksRight('deletecollection', namespace, refusal).why
          })
        const { items } = await listAll<KubePod>(api, { path: collection, query: { labelSelector }, signal })
        left = items.map(({ metadata }) => metadata.name)
        alive = items.some(({ metadata }) => metadata.deletionTimestamp === undefined)
        if (left.length === 0) return { complete: true, left, ...(lacking !== undefined && { lacking }) }
        dyingSince = alive ? undefined : (dyingSince ?? clock.now())
        if (dyingSince !== undefined && clock.now() - dyingSince > dyingMs) {
          return {
            complete: false,
            left,
            why: `their kubelets have not ended them within ${dyingMs / 1000} s`,
          }
        }
        await clock.sleep(pauseMs, signal)
      }
    })
  } catch (error) {
    return { complete: false, left, why: whyNot(error, namespace, timeoutMs) }
  }
}

/**
 * Removes pods that dead runs left: those past the time that is written into them, so that no pod of a live
 * run is ever meant. Resolves with how many; what cannot be done is in `why`. Never rejects.
 */
export async function sweepStale(
  api: KubeApi,
  namespace: string,
  options: RemovalOptions = {},
): Promise<{ removed: number; why?: string }> {
  const { timeoutMs = 15_000, clock = realClock } = options
  const path = collectionOf(namespace)
  let removed = 0
  try {
    await withDeadline(timeoutMs, options.signal, async (signal) => {
      const { items } = await listAll<KubePod>(api, { path, query: { labelSelector: podSelector() }, signal })
      await deleteEach(
        api,
        path,
        items.filter((pod) => isStale(pod, clock.now())),
        signal,
        () => removed++,
      )
    })
    return { removed }
  } catch (error) {
    return { removed, why: whyNot(error, namespace, timeoutMs) }
  }
}

function isStale({ metadata }: KubePod, now: number): boolean {
  if (metadata.deletionTimestamp !== undefined || !metadata.labels?.[INSTANCE_LABEL]) return false
  const expires = Date.parse(metadata.annotations?.[EXPIRES_ANNOTATION] ?? '')
  return expires < now
}

interface Target {
  collection: string
  labelSelector: string
  signal: AbortSignal
  timeoutMs: number
  ended: boolean
}

/** With one request, or one a pod for a user who may delete pods but not collections of them. */
async function deleteAll(
  api: KubeApi,
  { collection, labelSelector, signal, timeoutMs, ended }: Target,
  oneByOne: (names: string[], refusal: string) => void,
): Promise<void> {
  try {
    const query = { labelSelector, ...(ended && { gracePeriodSeconds: 0 }) }
    await api.request({ method: 'DELETE', path: collection, query, signal, timeoutMs })
  } catch (error) {
    if (!(error instanceof KubeError) || error.status !== 403) throw error
    const { items } = await listAll<KubePod>(api, { path: collection, query: { labelSelector }, signal })
    oneByOne(
      items.map(({ metadata }) => metadata.name),
      error.message,
    )
    await deleteEach(api, collection, items, signal)
  }
}

async function deleteEach(
  api: KubeApi,
  collection: string,
  pods: KubePod[],
  signal: AbortSignal,
  deleted?: () => void,
): Promise<void> {
  let failure: Error | undefined
  await forEachLimited(pods, 20, async ({ metadata }) => {
    if (failure !== undefined) return
    try {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: metadata.uid } }
      const path = `${collection}/${encodeURIComponent(metadata.name)}`
      await api.request({ method: 'DELETE', path, body, signal })
      deleted?.()
    } catch (error) {
      // Gone, or another pod by now: neither is left of this one.
      if (!(error instanceof KubeError && (error.status === 404 || error.status === 409))) {
        failure = error instanceof Error ? error : new Error(messageOf(error))
      }
    }
  })
  if (failure !== undefined) throw failure
}

function collectionOf(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`
}

function whyNot(error: unknown, namespace: string, timeoutMs: number): string {
  if (error instanceof DeadlineError)
    return `not all of them were seen to be gone within ${timeoutMs / 1000} s`
  if (!(error instanceof KubeError) || error.status !== 403) return messageOf(error)
  return lacksRight(error.call.startsWith('GET') ? 'list' : 'delete', namespace, error.message).why
}
