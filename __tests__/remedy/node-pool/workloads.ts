import type { KubeObject, Pod, SmallAks } from '../../aks/aks.ts'

const labels = { app: 'web' }

export interface WebOptions {
  replicas?: number
  /** Additions to the spec of its pods. */
  spec?: Record<string, unknown>
  /** The budget; default: one pod may be missing. */
  minAvailable?: number
}

/** A Deployment `shop/web` with a budget, as objects to start with. */
export function web({ replicas = 4, spec = {}, minAvailable = replicas - 1 }: WebOptions = {}): KubeObject[] {
  const container = {
    name: 'web',
    image: 'mcr.microsoft.com/azurelinux/busybox:1.36',
    command: ['sleep', '86400'],
  }
  const template = {
    metadata: { labels },
    spec: { terminationGracePeriodSeconds: 0, containers: [container], ...spec },
  }
  const metadata = { name: 'web', namespace: 'shop' }
  return [
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata,
      spec: { selector: { matchLabels: labels }, minAvailable },
    } as KubeObject,
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { replicas, selector: { matchLabels: labels }, template },
    } as KubeObject,
  ]
}

/** A pod that no controller makes anew. */
export function barePod(name: string, nodeName: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: { nodeName, containers: [{ name: 'job', image: 'job:1' }] },
    status: { phase: 'Running' },
  } as KubeObject
}

const isServing = ({ metadata, status }: Pod) =>
  metadata.deletionTimestamp === undefined &&
  (status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false)

/** The pods of the Deployment that serve now. */
export function serving(aks: SmallAks): Pod[] {
  return aks.store.list<Pod>('pods', { namespace: 'shop', labelSelector: 'app=web' }).filter(isServing)
}

/** Resolves when so many pods serve. */
export function served(aks: SmallAks, replicas = 4): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (serving(aks).length < replicas) return
      unwatch()
      resolve()
    }
    const unwatch = aks.store.watch('pods', { namespace: 'shop' }, () => setImmediate(look))
    setImmediate(look)
  })
}

/** Notes the lowest number of serving pods from now on, at every single change of a pod. */
export function lowestServing(aks: SmallAks): { now(): number } {
  let lowest = serving(aks).length
  aks.store.watch('pods', { namespace: 'shop' }, () => {
    lowest = Math.min(lowest, serving(aks).length)
  })
  return { now: () => lowest }
}
