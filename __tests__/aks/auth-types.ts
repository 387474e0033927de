import type { KubeObject } from './objects.ts'

/** A rule of a Kubernetes Role or ClusterRole. */
export interface PolicyRule {
  apiGroups?: string[]
  /** Plural names, with subresources as `pods/eviction`; `*` is all. */
  resources?: string[]
  resourceNames?: string[]
  verbs: string[]
  nonResourceURLs?: string[]
}

/** Rules that hold in one namespace only. */
export interface NamespacedRules {
  namespace: string
  rules: PolicyRule[]
}

/** Who asks, once that is known. */
export interface Identity {
  name: string
  groups?: string[]
  /** Rules that hold in the whole cluster. */
  rules?: PolicyRule[]
  roles?: NamespacedRules[]
  /** Appended to refusals, as authorizers like Azure RBAC do. */
  refusalReason?: string
}

export interface UserSpec extends Identity {
  /** Default: made up, see the kubeconfig. */
  token?: string
  /** When the token stops being good. Default: never. */
  tokenExpiresAt?: Date
}

/** What an admission rule sees. */
export interface AdmissionRequest {
  operation: 'CREATE' | 'UPDATE' | 'DELETE'
  user: Identity
  /** `pods`, `daemonsets.apps`, `pods/eviction`, … */
  resource: string
  namespace: string
  name: string
  /** The object as it would be stored; absent for deletes. */
  object?: KubeObject
  oldObject?: KubeObject
}

/**
 * A rule of the cluster's owner. A returned text refuses the request, in the words of a webhook: `admission
 * webhook "<webhook>" denied the request: <message>`.
 */
export type Admission = (
  request: AdmissionRequest,
) => { webhook: string; message: string; code?: number } | undefined
