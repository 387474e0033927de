import type { KubeObject } from './objects.ts'

/** One resource that the API server serves. */
export interface ResourceDefinition {
  /** `pods`, `daemonsets.apps`: plural and group, the way kubectl names it. */
  id: string
  group: string
  version: string
  plural: string
  kind: string
  namespaced: boolean
  shortNames: string[]
  subresources: string[]
  /** Whether `metadata.generation` counts changes of the spec. */
  generation: boolean
}

type Row = [
  apiVersion: string,
  plural: string,
  kind: string,
  options?: { cluster?: boolean; short?: string[]; sub?: string[]; generation?: boolean },
]

const rows: Row[] = [
  ['v1', 'namespaces', 'Namespace', { cluster: true, short: ['ns'], sub: ['status'] }],
  ['v1', 'nodes', 'Node', { cluster: true, short: ['no'], sub: ['status'] }],
  ['v1', 'pods', 'Pod', { short: ['po'], sub: ['status', 'eviction'], generation: true }],
  ['v1', 'services', 'Service', { short: ['svc'], sub: ['status'] }],
  ['v1', 'persistentvolumes', 'PersistentVolume', { cluster: true, short: ['pv'], sub: ['status'] }],
  ['v1', 'persistentvolumeclaims', 'PersistentVolumeClaim', { short: ['pvc'], sub: ['status'] }],
  ['v1', 'configmaps', 'ConfigMap', { short: ['cm'] }],
  ['v1', 'secrets', 'Secret'],
  ['v1', 'serviceaccounts', 'ServiceAccount', { short: ['sa'] }],
  ['v1', 'events', 'Event', { short: ['ev'] }],
  ['v1', 'resourcequotas', 'ResourceQuota', { short: ['quota'], sub: ['status'] }],
  ['apps/v1', 'daemonsets', 'DaemonSet', { short: ['ds'], sub: ['status'], generation: true }],
  ['apps/v1', 'deployments', 'Deployment', { short: ['deploy'], sub: ['status'], generation: true }],
  ['apps/v1', 'replicasets', 'ReplicaSet', { short: ['rs'], sub: ['status'], generation: true }],
  ['apps/v1', 'statefulsets', 'StatefulSet', { short: ['sts'], sub: ['status'], generation: true }],
  ['apps/v1', 'controllerrevisions', 'ControllerRevision'],
  ['batch/v1', 'jobs', 'Job', { sub: ['status'], generation: true }],
  [
    'policy/v1',
    'poddisruptionbudgets',
    'PodDisruptionBudget',
    { short: ['pdb'], sub: ['status'], generation: true },
  ],
  ['discovery.k8s.io/v1', 'endpointslices', 'EndpointSlice', { generation: true }],
  ['coordination.k8s.io/v1', 'leases', 'Lease'],
]

const reviewRows: Row[] = [
  ['authorization.k8s.io/v1', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview', { cluster: true }],
  ['authorization.k8s.io/v1', 'selfsubjectrulesreviews', 'SelfSubjectRulesReview', { cluster: true }],
  ['authentication.k8s.io/v1', 'selfsubjectreviews', 'SelfSubjectReview', { cluster: true }],
]

function define([apiVersion, plural, kind, options = {}]: Row): ResourceDefinition {
  const [version = '', group = ''] = apiVersion.split('/').reverse()
  return {
    id: group ? `${plural}.${group}` : plural,
    group,
    version,
    plural,
    kind,
    namespaced: !options.cluster,
    shortNames: options.short ?? [],
    subresources: options.sub ?? [],
    generation: options.generation ?? false,
  }
}

/** Resources whose objects are stored. */
export const resources: ReadonlyMap<string, ResourceDefinition> = new Map(
  rows.map(define).map((definition) => [definition.id, definition]),
)

/** Resources that answer a question and store nothing. */
export const reviews: ReadonlyMap<string, ResourceDefinition> = new Map(
  reviewRows.map(define).map((definition) => [definition.id, definition]),
)

/** `v1` or `group/v1`. */
export function apiVersionOf(definition: ResourceDefinition): string {
  return definition.group ? `${definition.group}/${definition.version}` : definition.version
}

/** The resource that an object belongs to; throws for a kind that the small AKS does not serve. */
export function resourceOf(object: Pick<KubeObject, 'kind' | 'apiVersion'>): ResourceDefinition {
  for (const definition of resources.values()) {
    if (definition.kind === object.kind && apiVersionOf(definition) === object.apiVersion) return definition
  }
  throw new Error(`the small AKS does not serve ${object.kind} of ${object.apiVersion}`)
}
