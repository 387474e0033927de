import { admit } from '../admission.ts'
import type { Admission, Identity } from '../auth-types.ts'
import { kindRules } from '../kinds/kinds.ts'
import type { Workload } from '../kinds/workloads.ts'
import type { KubeObject, Pod } from '../objects.ts'
import { invalid, StatusError } from '../status.ts'
import type { MemoryStore } from '../store.ts'
import { randomSuffix } from '../store-rules.ts'

/** Which pod of a workload to make. */
export interface PodOrder {
  owner: Workload
  labels?: Record<string, string>
  /** Additions to the template's spec. */
  spec?: Partial<Pod['spec']>
  controller: string
}

/** Makes a pod from a template as a controller does; a refusal becomes a FailedCreate event. */
export function makePod(
  store: MemoryStore,
  admission: Admission | undefined,
  order: PodOrder,
): Pod | undefined {
  const { owner } = order
  const { namespace = '' } = owner.metadata
  const { metadata: template, spec } = owner.spec.template
  const name = `${owner.metadata.name}-${randomSuffix()}`
  const raw: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      generateName: `${owner.metadata.name}-`,
      namespace,
      labels: { ...template?.labels, ...order.labels },
      ...(template?.annotations && { annotations: template.annotations }),
      ownerReferences: [ownerReference(owner)],
    },
    spec: { ...spec, ...order.spec },
    status: {},
  }
  const rules = kindRules('pods')
  const pod = (rules.prepareCreate?.(raw, store) ?? raw) as Pod
  const user: Identity = {
    name: `system:serviceaccount:kube-system:${order.controller}`,
    groups: ['system:serviceaccounts'],
  }
  try {
    const problems = rules.validate?.(pod, undefined, store) ?? []
    if (problems.length > 0) throw invalid('', 'Pod', name, problems)
    admit(store, admission, { operation: 'CREATE', user, resource: 'pods', namespace, name, object: pod })
    return store.create('pods', pod)
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    reportFailure(store, owner, order.controller, `Error creating: ${error.message}`)
    return undefined
  }
}

export function ownerReference(
  owner: KubeObject,
): NonNullable<KubeObject['metadata']['ownerReferences']>[number] {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}

interface EventObject extends KubeObject {
  involvedObject: unknown
  reason: string
  message: string
  type: string
  count: number
  source: unknown
  firstTimestamp: string
  lastTimestamp: string
}

/** One event per owner and kind of refusal; the pod's made-up name aside. */
function reportFailure(store: MemoryStore, owner: KubeObject, component: string, message: string): void {
  const { namespace = '', name, uid = '' } = owner.metadata
  const eventName = `${name}.${uid.slice(0, 8)}.failedcreate`
  const now = store.timestamp()
  const known = store.get<EventObject>('events', namespace, eventName)
  if (known) {
    store.patch('events', namespace, eventName, { count: known.count + 1, lastTimestamp: now, message })
    return
  }
  const event: EventObject = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: eventName, namespace },
    involvedObject: { kind: owner.kind, apiVersion: owner.apiVersion, namespace, name, uid },
    reason: 'FailedCreate',
    message,
    type: 'Warning',
    count: 1,
    source: { component },
    firstTimestamp: now,
    lastTimestamp: now,
  }
  store.create('events', event)
}
