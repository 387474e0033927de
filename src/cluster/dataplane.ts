import type { ClusterFacts } from './facts.ts'
import { type KubeApi, KubeError, type ObjectMeta } from './kube-api.ts'
import { missingRight, rightName } from './permissions.ts'

/** The label with which AKS marks nodes whose pod traffic Cilium carries. */
export const ebpfLabel = 'kubernetes.azure.com/ebpf-dataplane'

/** These facts are context for the report: the run does not wait long for them. */
const patience = { timeoutMs: 5_000, retry: false }

/**
 * Finds out whether kube-proxy runs and whether Cilium carries the pods' traffic, as far as the rights allow:
 * by the DaemonSets kube-proxy and cilium of kube-system, else for Cilium by the label of its nodes. What
 * nothing says stays absent, with the reason.
 */
export async function readDataplane(
  api: KubeApi,
  signal?: AbortSignal,
): Promise<Pick<ClusterFacts, 'dataplane' | 'kubeProxy' | 'dataplaneUnknown'>> {
  const [kubeProxy, cilium] = await Promise.all([
    hasDaemonSet(api, 'kube-proxy', signal),
    hasDaemonSet(api, 'cilium', signal),
  ])
  const byCilium = cilium.value === true || (kubeProxy.value !== true && (await hasLabelledNode(api, signal)))
  const unknown = kubeProxy.unknown ?? cilium.unknown
  return {
    ...(byCilium && { dataplane: 'cilium' }),
    ...(kubeProxy.value !== undefined && { kubeProxy: kubeProxy.value }),
    ...(!byCilium && unknown !== undefined && { dataplaneUnknown: unknown }),
  }
}

async function hasDaemonSet(
  api: KubeApi,
  name: string,
  signal: AbortSignal | undefined,
): Promise<{ value: boolean; unknown?: never } | { unknown: string; value?: never }> {
  const path = `/apis/apps/v1/namespaces/kube-system/daemonsets/${name}`
  try {
    await api.request<{ metadata: ObjectMeta }>({
      method: 'GET',
      path,
      ...patience,
      ...(signal && { signal }),
    })
    return { value: true }
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    if (error.status === 404) return { value: false }
    const right = missingRight(error)
    return { unknown: right ? `the right ${rightName(right)} is missing` : error.message }
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
