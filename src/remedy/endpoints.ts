import type { ObjectMeta } from '../cluster/kube-api.ts'
import type { ClusterNode } from './cluster-nodes.ts'

/** The part of a discovery.k8s.io/v1 EndpointSlice that is read. */
export interface EndpointSlice {
  metadata: ObjectMeta
  addressType?: string
  ports?: ServicePort[] | null
  endpoints?:
    | {
        conditions?: { ready?: boolean | null } | null
        nodeName?: string | null
      }[]
    | null
}

/** A port of a service or of a slice: its name, '' where it has none, and protocol tie the two together. */
export interface ServicePort {
  name?: string | null
  protocol?: string | null
}

/** The ways in which traffic reaches a service: each port, over each family of addresses. */
export interface Reached {
  ipFamilies?: string[]
  ports?: ServicePort[]
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

/**
 * Which of `nodes` lack a ready endpoint for some port or family of the service that `slices` belong to: they would
 * drop that part of its traffic. A pod that has not all of the ports is in a slice with those that it has.
 */
export function nodesWithoutEndpoint(
  nodes: readonly string[],
  { ipFamilies = ['IPv4'], ports = [] }: Reached,
  slices: EndpointSlice[],
): string[] {
  const ways = ipFamilies.flatMap((family) => ports.map((port) => servingNodes(family, port, slices)))
  return nodes.filter((node) => ways.length === 0 || ways.some((serving) => !serving.has(node)))
}

function servingNodes(family: string, wanted: ServicePort, slices: EndpointSlice[]): Set<string> {
  const endpoints = slices
    .filter(({ addressType, ports }) => addressType === family && ports?.some((port) => isSame(port, wanted)))
    .flatMap((slice) => slice.endpoints ?? [])
  // The API says of a condition that is not set: consumers take it as ready.
  const ready = endpoints.filter(({ conditions }) => conditions?.ready ?? true)
  return new Set(ready.flatMap(({ nodeName }) => nodeName || []))
}

function isSame(a: ServicePort, b: ServicePort): boolean {
  return (a.name ?? '') === (b.name ?? '') && (a.protocol ?? 'TCP') === (b.protocol ?? 'TCP')
}
