import type { KubeApi, ObjectMeta } from '../cluster/kube-api.ts'
import { listAll } from '../cluster/list.ts'
import { plain } from './plain-text.ts'
import { bytesOf, coresOf } from './quantity.ts'
import type { NodeInfo } from './reading.ts'

/** A node as far as its part in a sweep needs it, beyond what the report shows of it. */
export interface ListedNode {
  info: NodeInfo
  /** A node without a kernel of its own: pods placed on it run elsewhere. */
  virtual: boolean
  /** The Ready condition; `status` Unknown: the kubelet has not reported for a while. */
  readiness: { status: 'True' | 'False' | 'Unknown'; reason?: string; message?: string; since?: string }
}

/** The fields of a v1 Node that are read. All may be missing. */
export interface KubeNode {
  metadata: ObjectMeta
  spec?: {
    unschedulable?: boolean
    providerID?: string
    taints?: { key?: string; value?: string; effect?: string }[]
  }
  status?: {
    capacity?: Record<string, string>
    conditions?: {
      type?: string
      status?: string
      reason?: string
      message?: string
      lastTransitionTime?: string
    }[]
    addresses?: { type?: string; address?: string }[]
    nodeInfo?: { operatingSystem?: string; osImage?: string; bootID?: string }
  }
}

/** All nodes that the selector (syntax of `kubectl -l`) takes in, by name; rejects with a KubeError. */
export async function listNodes(
  api: KubeApi,
  options: { labelSelector?: string; signal?: AbortSignal } = {},
): Promise<ListedNode[]> {
  const { items } = await listAll<KubeNode>(api, {
    path: '/api/v1/nodes',
    ...(options.labelSelector && { query: { labelSelector: options.labelSelector } }),
    ...(options.signal && { signal: options.signal }),
  })
  return items.map(describeNode).sort((a, b) => (a.info.name < b.info.name ? -1 : 1))
}

/** Labels that name a node's pool, the first that is there counts. The last is that of node autoprovisioning. */
export const poolLabels = ['kubernetes.azure.com/agentpool', 'agentpool', 'karpenter.sh/nodepool']

/** All labels that are read. */
export const readLabels = [
  ...poolLabels,
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'type',
]

/** A UUID as kernels and API servers make them. */
export const RANDOM_ID = /^[0-9a-f-]{1,64}$/

/** What a Node object says; nothing in it is believed to be there. */
export function describeNode(node: KubeNode): ListedNode {
  const { metadata, spec = {}, status = {} } = node
  const labels = metadata.labels ?? {}
  const readiness = readinessOf(node)
  const optional = {
    osImage: status.nodeInfo?.osImage,
    cores: coresOf(status.capacity?.cpu),
    memoryKb: kilobytes(bytesOf(status.capacity?.memory)),
    vmSize: labels['node.kubernetes.io/instance-type'] ?? labels['beta.kubernetes.io/instance-type'],
    internalAddress: status.addresses?.find(({ type }) => type === 'InternalIP')?.address,
    bootId: idOf(status.nodeInfo?.bootID),
    uid: idOf(metadata.uid),
  }
  const info: NodeInfo = {
    name: metadata.name,
    pool: poolLabels.map((label) => labels[label]).find(Boolean) ?? '',
    os: status.nodeInfo?.operatingSystem ?? labels['kubernetes.io/os'] ?? '',
    ...withoutUndefined(optional),
    ready: readiness.status === 'True',
    schedulable: spec.unschedulable !== true,
    taints: (spec.taints ?? []).flatMap(({ key, value, effect }) =>
      key && effect ? [{ key, effect, ...(value && { value }) }] : [],
    ),
  }
  return { info, virtual: isVirtual(node), readiness }
}

function idOf(text: string | undefined): string | undefined {
  return text !== undefined && RANDOM_ID.test(text) ? text : undefined
}

function readinessOf(node: KubeNode): ListedNode['readiness'] {
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')
  const status = ready?.status === 'True' || ready?.status === 'False' ? ready.status : 'Unknown'
  return {
    status,
    ...withoutUndefined({
      reason: ready?.reason && plain(ready.reason, 100),
      message: ready?.message && plain(ready.message, 300),
      since: ready?.lastTransitionTime && plain(ready.lastTransitionTime, 40),
    }),
  }
}

/** The virtual nodes of AKS carry the label; others are known by the taint that virtual-kubelet sets. */
function isVirtual({ metadata, spec }: KubeNode): boolean {
  if (metadata.labels?.type === 'virtual-kubelet') return true
  if (spec?.taints?.some(({ key }) => key === 'virtual-kubelet.io/provider')) return true
  return /^(virtual-kubelet|aci):/.test(spec?.providerID ?? '')
}

function kilobytes(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : Math.round(bytes / 1024)
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Keys whose value is undefined are left out, as an optional key is not one that holds undefined. */
function withoutUndefined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>
}
