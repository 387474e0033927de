import type { KubeNode, Pod } from '../objects.ts'

/** Why a kubelet does not take a pod that is bound to its node; the pod then fails at once. */
export interface Rejection {
  reason: string
  message: string
}

/** Smaller than one: milli; the others are factors of bytes or of one. */
const SUFFIXES: Record<string, number> = {
  '': 1,
  m: 0.001,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

/** A Kubernetes quantity as a number. Throws on what is none. */
export function quantity(text: string): number {
  const [, number, suffix] = /^([0-9.]+(?:e[0-9]+)?)([A-Za-z]*)$/.exec(text) ?? []
  const factor = SUFFIXES[suffix ?? 'none']
  if (number === undefined || factor === undefined) throw new Error(`"${text}" is no quantity.`)
  return Number(number) * factor
}

/**
 * What the kubelet looks at before it takes a pod: whether what is asked for is still free. `others` are the
 * pods on the node that are not at their end.
 */
export function rejectionOf(pod: Pod, others: Pod[], node: KubeNode | undefined): Rejection | undefined {
  const allocatable: Record<string, string | undefined> = node?.status.allocatable ?? {}
  for (const resource of ['cpu', 'memory', 'pods']) {
    const limit = allocatable[resource]
    if (limit === undefined) continue
    const scale = resource === 'cpu' ? 1000 : 1
    const asked = Math.round(requestOf(pod, resource) * scale)
    const used = Math.round(others.reduce((sum, other) => sum + requestOf(other, resource), 0) * scale)
    const capacity = Math.round(quantity(limit) * scale)
    if (asked > 0 && asked + used > capacity) {
      const what = `${resource}, requested: ${asked}, used: ${used}, capacity: ${capacity}`
      return {
        reason: `OutOf${resource}`,
        message: `Pod was rejected: Node didn't have enough resource: ${what}`,
      }
    }
  }
  return undefined
}

/** Containers together, or the greediest init container when that is more. */
function requestOf(pod: Pod, resource: string): number {
  if (resource === 'pods') return 1
  const of = (container: { resources?: { requests?: Record<string, string> } }) => {
    return quantity(container.resources?.requests?.[resource] ?? '0')
  }
  const together = pod.spec.containers.reduce((sum, container) => sum + of(container), 0)
  return Math.max(together, ...(pod.spec.initContainers ?? []).map(of))
}
