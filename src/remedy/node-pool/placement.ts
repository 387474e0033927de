/** Which nodes a pod may run on, by its selectors, affinity and tolerations: what the scheduler asks first. */

export interface Expression {
  key?: string
  operator?: string
  values?: string[]
}

export interface SelectorTerm {
  matchExpressions?: Expression[]
  matchFields?: Expression[]
}

export interface PodPlacement {
  nodeSelector?: Record<string, string>
  affinity?: {
    nodeAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms?: SelectorTerm[] } }
  }
  tolerations?: { key?: string; operator?: string; value?: string; effect?: string }[]
}

export type Labels = Record<string, string>

export interface Taint {
  key: string
  value?: string
  effect: string
}

/** Labels that name the pool or the very node; the rest of a successor's labels are those of its predecessor. */
const POOL_LABELS = ['kubernetes.azure.com/agentpool', 'agentpool']
const NODE_LABELS = ['kubernetes.io/hostname', 'kubernetes.azure.com/node-image-version']

/** The labels that a node of the successor will have, as far as they can be known. */
export function successorLabels(labels: Labels, successor: string): Labels {
  const kept = Object.entries(labels).filter(([key]) => !NODE_LABELS.includes(key))
  return { ...Object.fromEntries(kept), ...Object.fromEntries(POOL_LABELS.map((key) => [key, successor])) }
}

/** Whether selector and required affinity let a pod run on a node with these labels and this name. */
export function selects(pod: PodPlacement, labels: Labels, name: string): boolean {
  const chosen = Object.entries(pod.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)
  const terms = pod.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  return chosen && (terms === undefined || matchesTerms(terms, labels, name))
}

/** Terms are alternatives; the expressions of one must all hold. */
export function matchesTerms(terms: readonly SelectorTerm[], labels: Labels, name: string): boolean {
  return terms.some(({ matchExpressions = [], matchFields = [] }) => {
    if (matchExpressions.length + matchFields.length === 0) return false
    return (
      matchExpressions.every((each) => holds(each, labels)) &&
      matchFields.every((each) => holds(each, { 'metadata.name': name }))
    )
  })
}

function holds({ key = '', operator, values = [] }: Expression, labels: Labels): boolean {
  const value = labels[key]
  switch (operator) {
    case undefined:
      return false
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0])
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0])
    default:
      return false
  }
}

/** Whether a pod can come back to a node though that is cordoned. */
export function toleratesCordon(pod: PodPlacement): boolean {
  return (pod.tolerations ?? []).some(
    ({ key, operator, effect }) =>
      operator === 'Exists' &&
      (!effect || effect === 'NoSchedule') &&
      (!key || key === 'node.kubernetes.io/unschedulable'),
  )
}

/** Taints that come and go with the state of a node, as the one that a cordon sets. */
const PASSING = ['node.kubernetes.io/', 'node.cloudprovider.kubernetes.io/', 'ToBeDeletedByClusterAutoscaler']

/** Whether a pod bears all taints that keep pods from a node as long as it lives. */
export function toleratesAll(pod: PodPlacement, taints: readonly Taint[]): boolean {
  return taints
    .filter(
      ({ key, effect }) => effect !== 'PreferNoSchedule' && !PASSING.some((start) => key.startsWith(start)),
    )
    .every((taint) =>
      (pod.tolerations ?? []).some(
        ({ key, operator, value = '', effect }) =>
          (!effect || effect === taint.effect) &&
          (!key || key === taint.key) &&
          (operator === 'Exists' || value === (taint.value ?? '')),
      ),
    )
}
