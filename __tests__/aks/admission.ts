/** Everything that can refuse a write which the user is allowed to make. */
import { podSecurityRefusal } from './admission/pod-security.ts'
import { quotaRefusal } from './admission/quota.ts'
import type { Admission, AdmissionRequest } from './auth-types.ts'
import type { KubeObject, Pod } from './objects.ts'
import { type ResourceDefinition, resources } from './resources.ts'
import { forbidden, notFound, StatusError } from './status.ts'
import type { MemoryStore } from './store.ts'

interface Namespace extends KubeObject {
  status?: { phase?: string }
}

const namespaces = definitionOf('namespaces')
const pods = definitionOf('pods')

function definitionOf(id: string): ResourceDefinition {
  const definition = resources.get(id)
  if (!definition) throw new Error(`no such resource: ${id}`)
  return definition
}

/** Throws when a namespace is not there, or is going away, or is one that must stay. */
export function admitNamespace(
  store: MemoryStore,
  definition: ResourceDefinition,
  request: AdmissionRequest,
): void {
  if (request.operation === 'DELETE' && definition.id === 'namespaces') {
    if (['default', 'kube-system', 'kube-public'].includes(request.name)) {
      throw forbidden(definition, request.name, 'this namespace may not be deleted')
    }
  }
  if (request.operation !== 'CREATE' || !definition.namespaced) return
  const namespace = store.get<Namespace>('namespaces', '', request.namespace)
  if (!namespace) throw notFound(namespaces, request.namespace)
  if (!namespace.metadata.deletionTimestamp) return
  throw forbidden(
    definition,
    request.name,
    `unable to create new content in namespace ${request.namespace} because it is being terminated`,
    [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${request.namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  )
}

/** Throws what the cluster's policies have against a request. `own` is the bed's admission rule. */
export function admit(store: MemoryStore, own: Admission | undefined, request: AdmissionRequest): void {
  const pod =
    request.resource === 'pods' && request.operation === 'CREATE' ? (request.object as Pod) : undefined
  if (pod) {
    const account = pod.spec.serviceAccountName ?? 'default'
    const labels = store.get('namespaces', '', request.namespace)?.metadata.labels ?? {}
    if (account !== 'default' && !store.get('serviceaccounts', request.namespace, account)) {
      const why = `error looking up service account ${request.namespace}/${account}: serviceaccount "${account}" not found`
      throw forbidden(pods, request.name, why)
    }
    const violation = podSecurityRefusal(pod, labels)
    if (violation) throw forbidden(pods, request.name, violation)
  }
  const refusal = own?.(request)
  if (refusal) {
    const text = `admission webhook "${refusal.webhook}" denied the request: ${refusal.message}`
    const code = refusal.code ?? 403
    throw new StatusError(code, code === 403 ? 'Forbidden' : 'Invalid', text)
  }
  const excess = pod && quotaRefusal(pod, store)
  if (excess) throw forbidden(pods, request.name, excess)
}
