import type { PodTask } from './ledger.ts'
import { quoted } from './plain-text.ts'

/** Where a pod is, as the API server tells it. */
interface Placed {
  spec?: { nodeName?: string; hostNetwork?: boolean }
}

/**
 * Why a pod cannot speak for the node that it was made for; undefined if it can. Admission may change a pod,
 * and one that has a network namespace of its own, or another node, would give healthy numbers of the wrong one.
 */
export function misplaced({ spec = {} }: Placed, { pod }: PodTask): string | undefined {
  if (spec.nodeName !== pod.spec.nodeName) {
    return `something in the cluster changed its pod: it was given the node ${quoted(spec.nodeName ?? '')}`
  }
  if (spec.hostNetwork !== true) {
    return 'something in the cluster changed its pod: hostNetwork was taken away, so that it does not see the network of the node'
  }
  return undefined
}

/** What to do about that. */
export const placementNext =
  'Exempt the label app.kubernetes.io/managed-by=aks-connection-health from the mutating webhook or policy that did it, or name another namespace in the input "namespace".'
