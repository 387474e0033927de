import type { KubeApi, ObjectMeta } from '../cluster/kube-api.ts'
import { listAll } from '../cluster/list.ts'
import { plain } from '../node/plain-text.ts'
import { CONTAINERS, type DaemonSet, SELECTOR } from './daemonset-object.ts'
import type { RemedyContext } from './remedy.ts'
import { listNames } from './words.ts'

export interface RolloutOptions {
  namespace: string
  name: string
  /** How long it may go on without one more pod becoming ready. */
  seconds: number
}

export interface Rollout {
  complete: boolean
  /** Pods that are wanted, and those of the newest version that are ready. */
  desired: number
  ready: number
  /** Why it is not complete; empty when it is. */
  why: string
}

const pollMs = 1_000
/** Polls between two lines of progress when nothing moves, and before a refusal of pods is looked for. */
const quietPolls = 15
const refusalPolls = 8

/** Follows the rollout of a DaemonSet until it ends or stands still. Rejects only when the run is ended or a read fails. */
export async function followRollout(options: RolloutOptions, context: RemedyContext): Promise<Rollout> {
  const { api, log, signal } = context
  let told = -1
  const most = { ready: 0, at: 0 }
  for (let polls = 0; ; polls++) {
    const now = stateOf(await readDaemonSet(api, options, signal))
    if (now.complete) return now
    if (now.ready > most.ready) Object.assign(most, { ready: now.ready, at: polls })
    if (now.ready !== told || polls % quietPolls === 0) {
      log.info(`DaemonSet ${options.namespace}/${options.name}: ${now.ready} of ${now.desired} pods ready`)
      told = now.ready
    }
    const over = (polls - most.at) * pollMs >= options.seconds * 1000
    if (over || polls % refusalPolls === refusalPolls - 1) {
      const refused = await refusal(api, options, signal)
      if (over || (refused && now.ready === 0))
        return { ...now, why: await reasons(now, refused, options, context) }
    }
    await context.sleep(pollMs)
  }
}

export async function readDaemonSet(
  api: KubeApi,
  { namespace, name }: { namespace: string; name: string },
  signal: AbortSignal,
): Promise<DaemonSet> {
  return api.request<DaemonSet>({ method: 'GET', path: daemonSetPath(namespace, name), signal })
}

export function daemonSetPath(namespace: string, name?: string): string {
  const collection = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/daemonsets`
  return name === undefined ? collection : `${collection}/${encodeURIComponent(name)}`
}

function stateOf({ metadata, status = {} }: DaemonSet): Rollout {
  const seen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  const desired = status.desiredNumberScheduled ?? 0
  const ready = seen ? Math.min(status.updatedNumberScheduled ?? 0, status.numberReady ?? 0) : 0
  const complete = seen && desired > 0 && ready >= desired
  return { complete, desired, ready, why: complete ? '' : `${ready} of ${desired} pods are ready` }
}

/** The part of a pod of the DaemonSet that is read. */
export interface TunerPodState {
  metadata: ObjectMeta
  spec?: { nodeName?: string }
  status?: {
    phase?: string
    conditions?: { type: string; status: string; reason?: string; message?: string }[]
    initContainerStatuses?: ContainerState[]
    containerStatuses?: ContainerState[]
  }
}

interface ContainerState {
  name: string
  ready?: boolean
  state?: {
    waiting?: { reason?: string; message?: string }
    terminated?: { exitCode?: number; reason?: string; message?: string }
  }
  lastState?: { terminated?: { message?: string } }
}

/** The pods of the DaemonSet. */
export async function readPods(
  api: KubeApi,
  namespace: string,
  signal: AbortSignal,
): Promise<TunerPodState[]> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`
  const query = { labelSelector: `${SELECTOR.key}=${SELECTOR.value}` }
  return (await listAll<TunerPodState>(api, { path, query, signal })).items
}

/** What the pod of each node left as its answer. One that is being removed speaks of what was wanted before. */
export function answersByNode(pods: TunerPodState[]): Map<string | undefined, string | undefined> {
  const present = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  return new Map(present.map((pod) => [pod.spec?.nodeName, answerOf(pod)]))
}

/** What the first step of a pod, which writes once, left as its answer; undefined when there is none yet. */
function answerOf({ status }: TunerPodState): string | undefined {
  const first = status?.initContainerStatuses?.find(({ name }) => name === CONTAINERS.once)
  return first?.state?.terminated?.message ?? first?.lastState?.terminated?.message
}

/** Why the controller could not make pods: admission refuses them without the DaemonSet itself being refused. */
async function refusal(
  api: KubeApi,
  { namespace, name }: RolloutOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const events = await listAll<{ reason?: string; message?: string }>(api, {
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`,
      query: {
        fieldSelector: `involvedObject.kind=DaemonSet,involvedObject.name=${name},reason=FailedCreate`,
      },
      signal,
    })
    const message = events.items.at(-1)?.message
    return message && plain(message)
  } catch {
    // Events are a courtesy: without the right to read them the numbers have to do.
    signal.throwIfAborted()
    return undefined
  }
}

async function reasons(
  now: Rollout,
  refused: string | undefined,
  { namespace }: RolloutOptions,
  { api, signal }: RemedyContext,
): Promise<string> {
  const pods = await readPods(api, namespace, signal)
  const stuck = pods.flatMap((pod) => {
    const why = whyNotReady(pod)
    return why === undefined ? [] : [`${pod.spec?.nodeName ?? 'no node'}: ${why}`]
  })
  const parts = [now.why, ...(refused ? [`pods are refused: ${refused}`] : [])]
  if (stuck.length > 0) parts.push(listNames(stuck, 3))
  return parts.join('; ')
}

function whyNotReady({ status }: TunerPodState): string | undefined {
  if (status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')) return undefined
  for (const { state } of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
    const { waiting, terminated } = state ?? {}
    if (waiting?.reason && waiting.reason !== 'PodInitializing') {
      return plain([waiting.reason, waiting.message].filter(Boolean).join(': '), 300)
    }
    if (terminated && terminated.exitCode !== 0) return `exit code ${terminated.exitCode ?? 'unknown'}`
  }
  const unscheduled = status?.conditions?.find(
    ({ type, status }) => type === 'PodScheduled' && status === 'False',
  )
  return plain(unscheduled?.message ?? `phase ${status?.phase ?? 'unknown'}`, 300)
}
