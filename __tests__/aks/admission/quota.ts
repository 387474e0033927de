/** ResourceQuota admission for pods. */
import { quantityOf } from '../kinds/pod-spec.ts'
import type { Container, KubeObject, Pod } from '../objects.ts'
import type { MemoryStore } from '../store.ts'

interface ResourceQuota extends KubeObject {
  spec: { hard?: Record<string, string>; scopes?: string[] }
}

/** Why a pod does not fit into the namespace's quotas; undefined when it does. */
export function quotaRefusal(pod: Pod, store: MemoryStore): string | undefined {
  const namespace = pod.metadata.namespace ?? ''
  for (const quota of store.list<ResourceQuota>('resourcequotas', { namespace })) {
    const hard = quota.spec.hard ?? {}
    const missing = unsetResources(pod, Object.keys(hard))
    if (missing) return `failed quota: ${quota.metadata.name}: must specify ${missing}`
    const running = store
      .list<Pod>('pods', { namespace })
      .filter(({ status }) => status.phase !== 'Succeeded' && status.phase !== 'Failed')
    const over = Object.entries(hard).flatMap(([name, limit]) => {
      const wanted = usage(pod, name)
      const used = running.reduce((sum, other) => sum + usage(other, name), 0)
      const exceeded = wanted > 0 && used + wanted > quantityOf(limit)
      return exceeded ? [{ name, wanted: show(name, wanted), used: show(name, used), limit }] : []
    })
    if (over.length > 0) {
      const column = (field: 'wanted' | 'used' | 'limit') =>
        over.map((row) => `${row.name}=${row[field]}`).join(',')
      return `exceeded quota: ${quota.metadata.name}, requested: ${column('wanted')}, used: ${column('used')}, limited: ${column('limit')}`
    }
  }
  return undefined
}

/** `requests.cpu` and `cpu` are the same. */
function kindOf(name: string): { side: 'requests' | 'limits'; resource: string } | undefined {
  if (['cpu', 'memory'].includes(name)) return { side: 'requests', resource: name }
  const match = /^(requests|limits)\.(cpu|memory)$/.exec(name)
  return match ? { side: match[1] === 'limits' ? 'limits' : 'requests', resource: match[2] ?? '' } : undefined
}

function amount(container: Container, side: 'requests' | 'limits', resource: string): string | undefined {
  const { requests, limits } = container.resources ?? {}
  return side === 'limits' ? limits?.[resource] : (requests?.[resource] ?? limits?.[resource])
}

function usage(pod: Pod, name: string): number {
  if (name === 'pods' || name === 'count/pods') return 1
  const kind = kindOf(name)
  if (!kind) return 0
  return pod.spec.containers.reduce(
    (sum, container) => sum + quantityOf(amount(container, kind.side, kind.resource) ?? '0'),
    0,
  )
}

function unsetResources(pod: Pod, names: string[]): string | undefined {
  const missing = names.flatMap((name) => {
    const kind = kindOf(name)
    const without = kind
      ? pod.spec.containers.filter((container) => amount(container, kind.side, kind.resource) === undefined)
      : []
    return without.length > 0 ? [`${name} for: ${without.map((container) => container.name).join(',')}`] : []
  })
  return missing.length > 0 ? missing.sort().join('; ') : undefined
}

function show(name: string, value: number): string {
  if (name.endsWith('cpu') && !Number.isInteger(value)) return `${Math.round(value * 1000)}m`
  if (name.endsWith('memory') && value > 0 && value % 2 ** 20 === 0) return `${value / 2 ** 20}Mi`
  return String(value)
}
