import { type KubeApi, KubeError, type ObjectMeta } from '../../cluster/kube-api.ts'
import { listAll } from '../../cluster/list.ts'
import { count, listNames } from '../words.ts'
import {
  type Labels,
  matchesTerms,
  type SelectorTerm,
  selects,
  successorLabels,
  toleratesCordon,
} from './placement.ts'
import { isUnschedulable, kindOf, listPods, podName, type WorkPod, waitingFor, whyWaiting } from './pods.ts'
import type { PoolNode } from './pool-nodes.ts'

/** What stands in the way of draining a pool, and what draining does to what runs on it. Sentences. */
export interface Ties {
  blockers: string[]
  impact: string[]
}

interface Volume {
  metadata: ObjectMeta
  spec?: {
    claimRef?: { namespace?: string; name?: string }
    local?: unknown
    hostPath?: unknown
    nodeAffinity?: { required?: { nodeSelectorTerms?: SelectorTerm[] } }
  }
}

interface Budget {
  metadata: ObjectMeta
  status?: {
    disruptionsAllowed?: number
    currentHealthy?: number
    desiredHealthy?: number
    expectedPods?: number
  }
}

/**
 * Looks at everything that runs on the nodes of a pool, before anything is made or moved.
 * @param begins false when a replacement is gone on with: pods that wait then wait for it.
 */
export async function tiesOf(
  api: KubeApi,
  nodes: readonly PoolNode[],
  successor: string,
  signal: AbortSignal,
  begins: boolean,
): Promise<Ties> {
  const all = await listPods(api, signal)
  const byNode = new Map(nodes.map((node) => [node.name, node]))
  const here = all.filter(({ spec }) => byNode.has(spec.nodeName ?? ''))
  const moving = here.filter((pod) => kindOf(pod) === 'moves')
  const volumes = moving.some((pod) => claimsOf(pod).length > 0) ? await listVolumes(api, signal) : []
  const labelsFor = ({ spec }: WorkPod): Labels =>
    successorLabels(byNode.get(spec.nodeName ?? '')?.labels ?? {}, successor)

  const blockers: string[] = []
  const add = (pods: WorkPod[], why: string) => {
    if (pods.length > 0) blockers.push(`${listNames(pods.map(podName))}: ${why}`)
  }
  add(
    here.filter((pod) => kindOf(pod) === 'bare'),
    'no controller would make it anew elsewhere',
  )
  add(
    moving.filter((pod) => !selects(pod.spec, labelsFor(pod), `new-node-of-${successor}`)),
    'its node selector or affinity ties it to this pool or node',
  )
  add(
    moving.filter((pod) =>
      volumesOf(pod, volumes).some((volume) => isTied(volume, labelsFor(pod), successor)),
    ),
    'its volume is on the node itself',
  )
  const waiting = begins ? waitingFor(nodes, all).filter(isUnschedulable) : []
  if (waiting.length > 0) {
    blockers.push(`pods wait for a place already: ${listNames(waiting.map(whyWaiting), 3)}`)
  }
  return { blockers, impact: await impactOf(api, here, moving, signal) }
}

function claimsOf({ spec }: WorkPod): string[] {
  return (spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [])
}

async function listVolumes(api: KubeApi, signal: AbortSignal): Promise<Volume[]> {
  return (await listAll<Volume>(api, { path: '/api/v1/persistentvolumes', signal })).items
}

function volumesOf(pod: WorkPod, volumes: readonly Volume[]): Volume[] {
  const claims = claimsOf(pod)
  return volumes.filter(
    ({ spec }) =>
      spec?.claimRef?.namespace === pod.metadata.namespace && claims.includes(spec?.claimRef?.name ?? ''),
  )
}

/** A disk of a zone goes along, as the successor has the zones of its predecessor; a disk of the node does not. */
function isTied({ spec = {} }: Volume, labels: Labels, successor: string): boolean {
  if (spec.local !== undefined || spec.hostPath !== undefined) return true
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms
  return terms !== undefined && !matchesTerms(terms, labels, `new-node-of-${successor}`)
}

async function impactOf(
  api: KubeApi,
  here: readonly WorkPod[],
  moving: readonly WorkPod[],
  signal: AbortSignal,
): Promise<string[]> {
  const impact: string[] = [
    `${count(moving.length, 'pod')} will be evicted and made anew on the successor; those that a PodDisruptionBudget covers only as it allows, others without a look at how many are left. ${count(here.length - moving.length, 'other pod')} (DaemonSets, static and ended ones) go with their nodes.`,
  ]
  const withVolume = (kind: 'emptyDir' | 'hostPath') =>
    moving.filter(({ spec }) => spec.volumes?.some((volume) => volume[kind] !== undefined))
  const empty = withVolume('emptyDir')
  if (empty.length > 0) {
    impact.push(`What these pods keep in emptyDir volumes is lost: ${listNames(empty.map(podName))}.`)
  }
  const host = withVolume('hostPath')
  if (host.length > 0) {
    impact.push(`What these pods keep in folders of the node stays behind: ${listNames(host.map(podName))}.`)
  }
  const returning = moving.filter(({ spec }) => toleratesCordon(spec))
  if (returning.length > 0) {
    impact.push(
      `These pods tolerate a cordon, so the scheduler can put them back on the old nodes; they are evicted again, within their budgets, and draining stops if they come back all the same: ${listNames(returning.map(podName))}.`,
    )
  }
  const tight = (await listBudgets(api, signal)).filter(
    ({ metadata, status }) =>
      (status?.expectedPods ?? 0) > 0 &&
      status?.disruptionsAllowed === 0 &&
      moving.some((pod) => pod.metadata.namespace === metadata.namespace),
  )
  if (tight.length > 0) {
    const named = tight.map(
      ({ metadata, status }) =>
        `${metadata.namespace ?? ''}/${metadata.name} (${status?.currentHealthy ?? 0} healthy, ${status?.desiredHealthy ?? 0} needed)`,
    )
    impact.push(
      `Budgets that allow no disruption now, so that draining stops at their pods until they do: ${listNames(named)}.`,
    )
  }
  return impact
}

/** Budgets are shown, not relied on: the eviction API keeps them. */
async function listBudgets(api: KubeApi, signal: AbortSignal): Promise<Budget[]> {
  try {
    return (await listAll<Budget>(api, { path: '/apis/policy/v1/poddisruptionbudgets', signal })).items
  } catch (error) {
    if (error instanceof KubeError && error.status === 403) return []
    throw error
  }
}
