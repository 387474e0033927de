import { setTimeout as delay } from 'node:timers/promises'
import { type KubeApi, KubeError } from '../cluster/kube-api.ts'
import { INSTANCE_LABEL, labelValue } from '../node/pod.ts'
import { daemonSetManifest } from './daemonset-manifest.ts'
import { type DaemonSet, FIELD_MANAGER } from './daemonset-object.ts'
import { findDaemonSet } from './daemonset-plan.ts'
import type { DaemonSetSettings } from './daemonset-settings.ts'
import type { RemedyContext } from './remedy.ts'
import { daemonSetPath, readPods } from './rollout.ts'

export interface ApplyOptions {
  namespace: string
  settings: DaemonSetSettings
  runId: string
  /** Version of the object that the settings were decided on; absent when there was none. */
  resourceVersion?: string
}

/**
 * Server-side apply without force: fields that another manager owns are a conflict (409), never taken over. An
 * object that changed since `resourceVersion` is a conflict too; see {@link isOutdated}.
 */
export async function applyDaemonSet(
  api: KubeApi,
  { namespace, settings, runId, resourceVersion }: ApplyOptions,
  signal: AbortSignal,
): Promise<DaemonSet> {
  const manifest = daemonSetManifest({ settings, namespace, runId })
  const metadata = { ...manifest.metadata, ...(resourceVersion !== undefined && { resourceVersion }) }
  return api.request<DaemonSet>({
    method: 'PATCH',
    path: daemonSetPath(namespace, manifest.metadata.name),
    query: { fieldManager: FIELD_MANAGER, force: false, fieldValidation: 'Strict' },
    contentType: 'application/apply-patch+yaml',
    body: { ...manifest, metadata },
    retry: true,
    signal,
  })
}

/** Whether a conflict says that the object has another version, and not that another manager owns a field. */
export function isOutdated(error: unknown): boolean {
  return error instanceof KubeError && error.status === 409 && !/apply failed with/i.test(error.message)
}

/** What came of a removal. `pods`: how many of its pods are still there. */
export interface Removal {
  gone: boolean
  pods: number
}

const pollMs = 1_000

/**
 * Removes exactly this DaemonSet (by its uid) and waits until its pods are gone too: as long as one is there
 * it writes the values again. Absent already counts as gone.
 */
export async function removeDaemonSet(
  object: DaemonSet,
  seconds: number,
  context: RemedyContext,
): Promise<Removal> {
  const { api, signal } = context
  const { namespace = '', name } = object.metadata
  await deleteByUid(api, object, signal)
  for (let waited = 0; ; waited += pollMs) {
    const there = await findDaemonSet(namespace, context, name)
    const gone = there === undefined || there.metadata.uid !== object.metadata.uid
    const pods = gone ? (await readPods(api, namespace, signal)).length : -1
    if (pods === 0 || waited >= seconds * 1000) return { gone, pods: Math.max(0, pods) }
    await context.sleep(pollMs)
  }
}

async function deleteByUid(api: KubeApi, object: DaemonSet, signal?: AbortSignal): Promise<void> {
  const { namespace = '', name, uid } = object.metadata
  try {
    await api.request({
      method: 'DELETE',
      path: daemonSetPath(namespace, name),
      body: { propagationPolicy: 'Background', ...(uid && { preconditions: { uid } }) },
      ...(signal ? { signal } : { timeoutMs: 3_000 }),
    })
  } catch (error) {
    if (!(error instanceof KubeError && error.status === 404)) throw error
  }
}

/** Time that an ended run has for taking back what it had begun; the runner kills it after ten seconds. */
const takeBackMs = 4_000
/** How long a DaemonSet of which no answer came is waited for, and how often it is looked for. */
const unseen = { ms: 2_000, pollMs: 200 }

/**
 * Takes back a DaemonSet that this run made and could not finish, after the run was ended: nothing privileged
 * stays behind. Answers whether it is gone. Where the API server never said that it `made` it, it may do so only
 * now; that it is not there yet proves nothing.
 */
export async function takeBack(
  { namespace, runId, made }: { namespace: string; runId: string; made: boolean },
  api: KubeApi,
): Promise<boolean> {
  const signal = AbortSignal.timeout(takeBackMs)
  try {
    for (const end = performance.now() + unseen.ms; ; await delay(unseen.pollMs, undefined, { signal })) {
      const object = await findDaemonSet(namespace, { api, signal })
      if (object === undefined && !made && performance.now() < end) continue
      if (object === undefined) return made
      if (object.metadata.labels?.[INSTANCE_LABEL] !== labelValue(runId)) return false
      await deleteByUid(api, object, signal)
      return true
    }
  } catch {
    return false
  }
}
