import type { ServiceInfo } from '../health/service.ts'
import type { Measured } from '../node/reading.ts'
import { type KubeApi, KubeError, type ObjectMeta } from './kube-api.ts'
import { listAll } from './list.ts'
import { missingRight, rightName } from './permissions.ts'

/** The part of a core/v1 Service that is read. */
interface Service {
  metadata: ObjectMeta
  spec?: { type?: string; externalTrafficPolicy?: string }
}

/**
 * The services that take traffic from outside, or why they could not be listed: a run without the right to
 * list them, or on a cluster that does not answer, still judges its nodes.
 */
export async function listExternalServices(
  api: KubeApi,
  signal?: AbortSignal,
): Promise<Measured<ServiceInfo[]>> {
  try {
    const list = await listAll<Service>(api, { path: '/api/v1/services', ...(signal && { signal }) })
    return { value: list.items.flatMap(toInfo) }
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    const right = missingRight(error)
    return { unknown: right ? `the right ${rightName(right)} is missing` : error.message }
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
