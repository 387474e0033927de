import type { ClusterFacts } from './facts.ts'
import { type KubeApi, KubeError, type ObjectMeta } from './kube-api.ts'

/** The label with which AKS marks nodes whose pod traffic Cilium carries. */
const ebpfLabel = 'kubernetes.azure.com/ebpf-dataplane'

/** These facts are context for the report: the run does not wait long for them. */
const patience = { timeoutMs: 5_000, retry: false }

/**
 * Finds out whether kube-proxy runs and whether Cilium carries the pods' traffic, as far as the rights allow:
 * by the DaemonSets kube-proxy and cilium of kube-system, else for Cilium by the label of its nodes. What
 * nothing says stays absent.
 */
export async function readDataplane(
  api: KubeApi,
  signal?: AbortSignal,
): Promise<Pick<ClusterFacts, 'dataplane' | 'kubeProxy'>> {
  const [kubeProxy, cilium] = await Promise.all([
    hasDaemonSet(api, 'kube-proxy', signal),
    hasDaemonSet(api, 'cilium', signal),
  ])
  const byCilium = cilium || (kubeProxy !== true && (await hasLabelledNode(api, signal)))
  return {
    ...(byCilium && { dataplane: 'cilium' }),
    ...(kubeProxy !== undefined && { kubeProxy }),
  }
}

/** Undefined where that could not be found out. */
async function hasDaemonSet(
  api: KubeApi,
  name: string,
  signal: AbortSignal | undefined,
): Promise<boolean | undefined> {
  const path = `/apis/apps/v1/namespaces/kube-system/daemonsets/${name}`
  try {
    await api.request<{ metadata: ObjectMeta }>({
      method: 'GET',
      path,
      ...patience,
      ...(signal && { signal }),
    })
    return true
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    return error.status === 404 ? false : undefined
  }
}

async function hasLabelledNode(api: KubeApi, signal: AbortSignal | undefined): Promise<boolean> {
  const query = { labelSelector: `${ebpfLabel}=cilium`, limit: 1 }
  try {
    const page = await api.request<{ items?: unknown[] }>({
      method: 'GET',
      path: '/api/v1/nodes',
      query,
      ...patience,
      ...(signal && { signal }),
    })
    return (page.items?.length ?? 0) > 0
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    return false
  }
}
