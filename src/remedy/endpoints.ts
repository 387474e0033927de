import type { ObjectMeta } from '../cluster/kube-api.ts'
import type { ClusterNode } from './cluster-nodes.ts'

/** The part of a discovery.k8s.io/v1 EndpointSlice that is read. */
export interface EndpointSlice {
  metadata: ObjectMeta
  endpoints?:
    | {
        conditions?: { ready?: boolean | null } | null
        nodeName?: string | null
      }[]
    | null
}

/** Label by which a node is kept out of the backends of load balancers. */
const excluded = 'node.kubernetes.io/exclude-from-external-load-balancers'

/**
 * The names of the schedulable nodes through which traffic of a service can enter. Virtual nodes run no
 * kube-proxy; nodes that are kept out of load balancers count for node ports only. A node that is not ready
 * counts: it may come back at any moment.
 */
export function entryNodes(nodes: ClusterNode[], type: 'LoadBalancer' | 'NodePort'): string[] {
  return nodes
    .filter(({ metadata, spec }) => {
      const labels = metadata.labels ?? {}
      if (spec?.unschedulable === true || labels.type === 'virtual-kubelet') return false
      return type === 'NodePort' || labels[excluded] === undefined
    })
    .map(({ metadata }) => metadata.name)
}

/** Which of `nodes` have no ready endpoint of the service that `slices` belong to: they would drop its traffic. */
export function nodesWithoutEndpoint(nodes: readonly string[], slices: EndpointSlice[]): string[] {
  const serving = new Set<string>()
  for (const slice of slices) {
    for (const endpoint of slice.endpoints ?? []) {
      // The API says of a condition that is not set: consumers take it as ready.
      if (endpoint.nodeName && (endpoint.conditions?.ready ?? true)) serving.add(endpoint.nodeName)
    }
  }
  return nodes.filter((node) => !serving.has(node))
}
