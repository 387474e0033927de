/** What all controllers need to know of pods and nodes. */
import type { KubeNode, Pod, PodSpec, Taint, Toleration } from '../objects.ts'
import { matchesExpression } from '../selectors.ts'

export function isReady(pod: Pod): boolean {
  return pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
}

export function isFinished(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
}

export function nodeIsReady(node: KubeNode): boolean {
  return node.status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
}

export function tolerates(tolerations: Toleration[], taint: Taint): boolean {
  return tolerations.some(
    (toleration) =>
      (!toleration.effect || toleration.effect === taint.effect) &&
      (!toleration.key || toleration.key === taint.key) &&
      (toleration.operator === 'Exists' || (toleration.value ?? '') === (taint.value ?? '')),
  )
}

interface NodeSelectorTerm {
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
  matchFields?: { key: string; operator: string; values?: string[] }[]
}

/** nodeSelector and required node affinity. */
export function selectsNode(spec: PodSpec, node: KubeNode): boolean {
  const labels = node.metadata.labels ?? {}
  const selected = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)
  if (!selected) return false
  const affinity = spec.affinity as
    | {
        nodeAffinity?: {
          requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms: NodeSelectorTerm[] }
        }
      }
    | undefined
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  if (!terms) return true
  return terms.some(
    (term) =>
      (term.matchExpressions ?? []).every((expression) => matchesExpression(expression, labels)) &&
      (term.matchFields ?? []).every((field) =>
        matchesExpression(field, { 'metadata.name': node.metadata.name }),
      ),
  )
}
