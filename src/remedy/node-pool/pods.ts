import type { KubeApi, ObjectMeta } from '../../cluster/kube-api.ts'
import { listAll } from '../../cluster/list.ts'
import { MANAGED_BY, MANAGED_BY_LABEL } from '../../node/pod.ts'
import { type Labels, type PodPlacement, selects, type Taint, toleratesAll } from './placement.ts'

/** The part of a Pod that draining looks at. */
export interface WorkPod {
  metadata: ObjectMeta
  spec: PodPlacement & {
    nodeName?: string
    schedulingGates?: unknown[]
    volumes?: {
      name: string
      emptyDir?: unknown
      hostPath?: unknown
      persistentVolumeClaim?: { claimName: string }
      ephemeral?: unknown
    }[]
  }
  status?: {
    phase?: string
    conditions?: { type: string; status: string; reason?: string; message?: string }[]
  }
}

/**
 * `stays`: it goes with the node (of a DaemonSet, a static pod, one that has ended, a short-lived one of this
 * action). `moves`: a controller makes it anew elsewhere. `bare`: nobody makes it anew.
 */
export type PodKind = 'stays' | 'moves' | 'bare'

export function kindOf({ metadata, status }: WorkPod): PodKind {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return 'stays'
  if (metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return 'stays'
  const controller = metadata.ownerReferences?.find((owner) => owner.controller)
  if (controller !== undefined) return ['DaemonSet', 'Node'].includes(controller.kind) ? 'stays' : 'moves'
  return metadata.labels?.[MANAGED_BY_LABEL] === MANAGED_BY ? 'stays' : 'bare'
}

export function podName({ metadata }: WorkPod): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

/** All pods of the cluster. */
export async function listPods(api: KubeApi, signal: AbortSignal): Promise<WorkPod[]> {
  return (await listAll<WorkPod>(api, { path: '/api/v1/pods', signal })).items
}

/** The pods of one node. */
export async function podsOn(api: KubeApi, node: string, signal: AbortSignal): Promise<WorkPod[]> {
  const query = { fieldSelector: `spec.nodeName=${node}` }
  return (await listAll<WorkPod>(api, { path: '/api/v1/pods', query, signal })).items
}

/** The pods that have no node yet. */
export async function unboundPods(api: KubeApi, signal: AbortSignal): Promise<WorkPod[]> {
  const query = { fieldSelector: 'spec.nodeName=' }
  return (await listAll<WorkPod>(api, { path: '/api/v1/pods', query, signal })).items
}

/** Where pods of a pool can run: the labels and taints of its nodes. */
export interface Site {
  name: string
  labels: Labels
  taints: readonly Taint[]
}

/** The pods that wait for a place and would take one on these nodes, were they not cordoned. */
export function waitingFor(sites: readonly Site[], pods: readonly WorkPod[]): WorkPod[] {
  return pods.filter((pod) => {
    const { metadata, spec } = pod
    if (spec.nodeName || metadata.deletionTimestamp !== undefined || kindOf(pod) === 'stays') return false
    if ((spec.schedulingGates ?? []).length > 0) return false
    return sites.some(({ name, labels, taints }) => selects(spec, labels, name) && toleratesAll(spec, taints))
  })
}

/** Whether the scheduler has looked at a waiting pod and found no place. */
export function isUnschedulable({ status }: WorkPod): boolean {
  return (
    status?.conditions?.some(
      ({ type, status, reason }) =>
        type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable',
    ) ?? false
  )
}

/** Why a waiting pod waits, in the scheduler's words where there are any. */
export function whyWaiting(pod: WorkPod): string {
  const said = pod.status?.conditions?.find(
    ({ type, status }) => type === 'PodScheduled' && status === 'False',
  )
  return said?.message ? `${podName(pod)} (${said.message.slice(0, 200)})` : podName(pod)
}
