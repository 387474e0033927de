import { quoted } from './plain-text.ts'
import type { KubePod } from './pod-state.ts'

/**
 * Why a pod cannot speak for the node that it was made for; undefined if it can. Admission may change a pod,
 * and one that has a network namespace of its own, or another node, would give healthy numbers of the wrong one.
 */
export function misplaced({ spec = {} }: KubePod, node: string): string | undefined {
  if (spec.nodeName !== node) {
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
