/** The eviction subresource and the bookkeeping of PodDisruptionBudgets. */

import type { Workload } from '../kinds/workloads.ts'
import type { KubeObject, LabelSelector, Pod } from '../objects.ts'
import { matchesSelector } from '../selectors.ts'
import { StatusError } from '../status.ts'
import type { MemoryStore } from '../store.ts'
import type { DeleteOptions } from '../store-types.ts'
import { isReady } from './pods.ts'

interface PodDisruptionBudget extends KubeObject {
  spec: {
    selector?: LabelSelector
    minAvailable?: number | string
    maxUnavailable?: number | string
    unhealthyPodEvictionPolicy?: string
  }
  status?: {
    currentHealthy?: number
    desiredHealthy?: number
    expectedPods?: number
    disruptionsAllowed?: number
  }
}

const refused = "Cannot evict pod as it would violate the pod's disruption budget."

/** Evicts a pod or throws 429 when a budget forbids it now. */
export function evict(store: MemoryStore, pod: Pod, options: DeleteOptions, dryRun: boolean): void {
  const { namespace = '', name } = pod.metadata
  const running = pod.status.phase === 'Running'
  if (running && !pod.metadata.deletionTimestamp) {
    const [budget, ...more] = budgetsOf(store, pod)
    if (more.length > 0) {
      const text =
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.'
      throw new StatusError(500, 'InternalError', text)
    }
    if (budget) spend(store, budget, pod)
  }
  if (!dryRun) store.delete('pods', namespace, name, options)
}

function spend(store: MemoryStore, budget: PodDisruptionBudget, pod: Pod): void {
  const { expected, healthy, desired } = healthOf(store, budget)
  const policy = budget.spec.unhealthyPodEvictionPolicy ?? 'IfHealthyBudget'
  if (!isReady(pod) && (policy === 'AlwaysAllow' || (healthy >= desired && desired > 0))) return
  if (healthy - desired > 0 && expected > 0) return
  const { name } = budget.metadata
  throw new StatusError(429, 'TooManyRequests', refused, {
    causes: [
      {
        reason: 'DisruptionBudget',
        message: `The disruption budget ${name} needs ${desired} healthy pods and has ${healthy} currently`,
      },
    ],
  })
}

function budgetsOf(store: MemoryStore, pod: Pod): PodDisruptionBudget[] {
  return store
    .list<PodDisruptionBudget>('poddisruptionbudgets.policy', { namespace: pod.metadata.namespace ?? '' })
    .filter((budget) => matchesSelector(budget.spec.selector, pod.metadata.labels))
}

function healthOf(store: MemoryStore, budget: PodDisruptionBudget) {
  const namespace = budget.metadata.namespace ?? ''
  const pods = store
    .list<Pod>('pods', { namespace })
    .filter((pod) => matchesSelector(budget.spec.selector, pod.metadata.labels))
    .filter(({ status }) => status.phase !== 'Succeeded' && status.phase !== 'Failed')
  const healthy = pods.filter((pod) => isReady(pod) && !pod.metadata.deletionTimestamp).length
  const { minAvailable, maxUnavailable } = budget.spec
  const expected = typeof minAvailable === 'number' ? pods.length : expectedPods(store, namespace, pods)
  const desired =
    maxUnavailable === undefined
      ? count(minAvailable ?? 1, expected)
      : Math.max(0, expected - count(maxUnavailable, expected))
  return { expected, healthy, desired }
}

/** Replicas that the owners of the pods want, as the disruption controller counts them. */
function expectedPods(store: MemoryStore, namespace: string, pods: Pod[]): number {
  const owners = new Map(
    pods
      .flatMap((pod) => (pod.metadata.ownerReferences ?? []).filter(({ controller }) => controller))
      .map((owner) => [owner.uid, owner]),
  )
  const wanted = [...owners.values()].map(({ kind, name }) => {
    const resource = { ReplicaSet: 'replicasets.apps', StatefulSet: 'statefulsets.apps' }[kind]
    return resource ? store.get<Workload>(resource, namespace, name)?.spec.replicas : undefined
  })
  const known = wanted.filter((replicas) => replicas !== undefined)
  return known.length > 0 ? known.reduce((sum, replicas) => sum + replicas, 0) : pods.length
}

function count(value: number | string, of: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number.parseFloat(value) / 100) * of)
}

/** Writes the status of every budget in a namespace. */
export function updateBudgets(store: MemoryStore, namespace: string): void {
  for (const budget of store.list<PodDisruptionBudget>('poddisruptionbudgets.policy', { namespace })) {
    const { expected, healthy, desired } = healthOf(store, budget)
    const status = {
      observedGeneration: budget.metadata.generation ?? 1,
      expectedPods: expected,
      currentHealthy: healthy,
      desiredHealthy: desired,
      disruptionsAllowed: Math.max(0, healthy - desired),
    }
    store.patch('poddisruptionbudgets.policy', namespace, budget.metadata.name, { status })
  }
}
