import { type KubeApi, KubeError, type ObjectMeta } from '../cluster/kube-api.ts'
import { listAll } from '../cluster/list.ts'
import type { ClusterNode } from './cluster-nodes.ts'
import { type EndpointSlice, entryNodes, nodesWithoutEndpoint, type Reached } from './endpoints.ts'
import { count, listNames } from './words.ts'

/** The part of a core/v1 Service that is read. */
export interface Service {
  metadata: ObjectMeta
  spec?: { type?: string; externalTrafficPolicy?: string } & Reached
}

export interface ServiceName {
  namespace: string
  name: string
}

/** The service as it is now; undefined when there is none of that name. */
export async function readService(
  api: KubeApi,
  { namespace, name }: ServiceName,
  signal: AbortSignal,
): Promise<Service | undefined> {
  try {
    return await api.request<Service>({ method: 'GET', path: pathOf({ namespace, name }), signal })
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return undefined
    throw error
  }
}

/**
 * Sets the traffic policy of a service, if its version is still the given one (409 otherwise); answers the policy
 * that the API server then has. It is sent once only: a 409 to a second sending could not be told from one that
 * says that somebody else changed the service.
 */
export async function setPolicy(
  api: KubeApi,
  service: ServiceName,
  policy: 'Cluster' | 'Local',
  resourceVersion: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const patched = await api.request<Service>({
    method: 'PATCH',
    path: pathOf(service),
    contentType: 'application/merge-patch+json',
    query: { fieldManager: 'aks-connection-health' },
    body: { metadata: { resourceVersion }, spec: { externalTrafficPolicy: policy } },
    retry: false,
    signal,
  })
  return patched.spec?.externalTrafficPolicy
}

/** Why the policy Local would lose traffic of a service; undefined when every node has a ready endpoint. */
export async function endpointGap(
  api: KubeApi,
  { namespace, name }: ServiceName,
  service: Service,
  nodes: ClusterNode[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const entry = entryNodes(nodes, externalType(service) ?? 'NodePort')
  if (entry.length === 0) return 'there is no schedulable node by which its traffic could enter'
  const slices = await listAll<EndpointSlice>(api, {
    path: `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`,
    query: { labelSelector: `kubernetes.io/service-name=${name}` },
    signal,
  })
  const without = nodesWithoutEndpoint(entry, service.spec ?? {}, slices.items)
  if (without.length === 0) return undefined
  return `${count(without.length, 'node')} of ${entry.length} without a ready endpoint would drop its traffic: ${listNames(without)}`
}

/** The service's type where the external traffic policy applies to it. */
export function externalType(service: Service): 'LoadBalancer' | 'NodePort' | undefined {
  const type = service.spec?.type
  return type === 'LoadBalancer' || type === 'NodePort' ? type : undefined
}

/** `externalTrafficPolicy`; the API server's default is Cluster. */
export function policyOf(service: Service): string {
  return service.spec?.externalTrafficPolicy ?? 'Cluster'
}

function pathOf({ namespace, name }: ServiceName): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${encodeURIComponent(name)}`
}
