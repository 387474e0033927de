import type { ServiceInfo } from '../health/service.ts'
import type { Measured } from '../node/reading.ts'
import { type KubeApi, KubeError, type ObjectMeta } from './kube-api.ts'
import { listAll } from './list.ts'
import { missingRight, rightName } from './permissions.ts'

/** The part of a core/v1 Service that is read. */
interface Service {
  metadata: ObjectMeta
  spec?: {
    type?: string
    externalTrafficPolicy?: string
    clusterIP?: string
    clusterIPs?: string[]
    externalIPs?: string[]
  }
  status?: { loadBalancer?: { ingress?: { ip?: string }[] } }
}

/** An address at which a service is reached. */
export interface ServiceAddress {
  address: string
  namespace: string
  name: string
}

/**
 * The services that take traffic from outside, or why they could not be listed: a run without the right to
 * list them, or on a cluster that does not answer, still judges its nodes.
 */
export async function listExternalServices(
  api: KubeApi,
  signal?: AbortSignal,
): Promise<Measured<ServiceInfo[]>> {
  return (await listServices(api, signal)).external
}

/** The same, with the addresses of all services, also of those that take no traffic from outside. */
export async function listServices(
  api: KubeApi,
  signal?: AbortSignal,
): Promise<{ external: Measured<ServiceInfo[]>; addresses: ServiceAddress[] }> {
  try {
    const list = await listAll<Service>(api, { path: '/api/v1/services', ...(signal && { signal }) })
    return { external: { value: list.items.flatMap(toInfo) }, addresses: list.items.flatMap(addressesOf) }
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    const right = missingRight(error)
    const unknown = right ? `the right ${rightName(right)} is missing` : error.message
    return { external: { unknown }, addresses: [] }
  }
}

function toInfo({ metadata, spec }: Service): ServiceInfo[] {
  const { type } = spec ?? {}
  if (type !== 'LoadBalancer' && type !== 'NodePort') return []
  return [
    {
      namespace: metadata.namespace ?? 'default',
      name: metadata.name,
      type,
      policy: spec?.externalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
      resourceVersion: metadata.resourceVersion ?? '',
    },
  ]
}

function addressesOf({ metadata, spec, status }: Service): ServiceAddress[] {
  const balanced = status?.loadBalancer?.ingress?.map(({ ip }) => ip) ?? []
  const all = [spec?.clusterIP, ...(spec?.clusterIPs ?? []), ...(spec?.externalIPs ?? []), ...balanced]
  const { namespace = 'default', name } = metadata
  return [...new Set(all)].flatMap((address) =>
    address === undefined || address === '' || address === 'None' ? [] : [{ address, namespace, name }],
  )
}
