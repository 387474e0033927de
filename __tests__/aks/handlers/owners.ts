import type { FieldWriter } from '../apply.ts'
import { apiVersionOf } from '../resources.ts'
import type { Call } from './call.ts'

/** Pods and nodes change too often, and nobody applies them: owners of their fields are not kept. */
const untracked = new Set([
  'pods',
  'nodes',
  'events',
  'endpointslices.discovery.k8s.io',
  'leases.coordination.k8s.io',
])

/** Whether managedFields are kept for a resource. */
export function tracksOwners(resource: string): boolean {
  return !untracked.has(resource)
}

/** Who writes, as managedFields name it. */
export function asWriter(call: Call): FieldWriter {
  return {
    manager: call.query.get('fieldManager') || call.userAgent.split('/')[0] || 'unknown',
    apiVersion: apiVersionOf(call.definition),
    subresource: call.info.resource?.subresource ?? '',
    time: call.api.store.timestamp(),
  }
}
