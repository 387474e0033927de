import { type KubeApi, type KubeCall, KubeError, type ObjectMeta } from '../../cluster/kube-api.ts'
import { listAll } from '../../cluster/list.ts'
import type { Labels, Taint } from './placement.ts'

/** A node of a pool, as the Kubernetes API tells it. */
export interface PoolNode {
  name: string
  uid: string
  ready: boolean
  cordoned: boolean
  /** Which successor it was cordoned for by this action; undefined: it was not, or by somebody else. */
  cordonedFor: string | undefined
  labels: Labels
  taints: Taint[]
  kubeletVersion: string
}

interface RawNode {
  metadata: ObjectMeta
  spec?: { unschedulable?: boolean; taints?: Partial<Taint>[] }
  status?: {
    conditions?: { type?: string; status?: string }[]
    nodeInfo?: { kubeletVersion?: string; osImage?: string }
  }
}

/** Says on a node for which successor this action cordoned it. */
export const CORDON_ANNOTATION = 'aks-connection-health/cordoned-for'

const nodesPath = '/api/v1/nodes'

/** The nodes of a node pool, by name. */
export async function poolNodes(api: KubeApi, pool: string, signal: AbortSignal): Promise<PoolNode[]> {
  const { items } = await listAll<RawNode>(api, {
    path: nodesPath,
    query: { labelSelector: `kubernetes.azure.com/agentpool=${pool}` },
    signal,
  })
  return items.map(describe).sort((a, b) => (a.name < b.name ? -1 : 1))
}

function describe({ metadata, spec = {}, status = {} }: RawNode): PoolNode {
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    ready: status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
    cordoned: spec.unschedulable === true,
    cordonedFor: metadata.annotations?.[CORDON_ANNOTATION],
    labels: metadata.labels ?? {},
    taints: (spec.taints ?? []).flatMap(({ key, value, effect }) =>
      key && effect ? [{ key, effect, ...(value !== undefined && { value }) }] : [],
    ),
    kubeletVersion: status.nodeInfo?.kubeletVersion ?? '',
  }
}

/** Keeps new pods from a node, and remembers on it for which successor; false: it is gone. */
export async function cordon(
  api: KubeApi,
  node: Pick<PoolNode, 'name' | 'uid'>,
  successor: string,
  signal: AbortSignal,
): Promise<boolean> {
  return patchNode(api, node, { unschedulable: true, annotation: successor }, signal)
}

/** Lets pods on a node again that this action cordoned. */
export async function uncordon(
  api: KubeApi,
  node: Pick<PoolNode, 'name' | 'uid'>,
  signal: AbortSignal,
): Promise<void> {
  await patchNode(api, node, { unschedulable: null, annotation: null }, signal)
}

/**
 * The UID makes the patch fail on a node that was made anew under the same name. A node that is gone needs none:
 * autoscalers remove those that are drained.
 */
async function patchNode(
  api: KubeApi,
  { name, uid }: Pick<PoolNode, 'name' | 'uid'>,
  to: { unschedulable: true | null; annotation: string | null },
  signal: AbortSignal,
): Promise<boolean> {
  const call: KubeCall = {
    method: 'PATCH',
    path: `${nodesPath}/${encodeURIComponent(name)}`,
    contentType: 'application/merge-patch+json',
    body: {
      metadata: { uid, annotations: { [CORDON_ANNOTATION]: to.annotation } },
      spec: { unschedulable: to.unschedulable },
    },
    retry: true,
    signal,
  }
  try {
    await api.request(call)
    return true
  } catch (error) {
    if (!(error instanceof KubeError && (error.status === 404 || error.status === 409))) throw error
    return false
  }
}
