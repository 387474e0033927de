import { type KubeApi, KubeError, type ObjectMeta } from '../../cluster/kube-api.ts'
import { listAll } from '../../cluster/list.ts'
import { whyFailed } from '../rights.ts'
import { listNames } from '../words.ts'
import { type Expression, matchesTerms } from './placement.ts'
import { podName, type WorkPod } from './pods.ts'

/** What the API server said to an eviction. `budget`: not now. `error`: something else than a budget is in the way. */
export type Evicted = { kind: 'evicted' | 'gone' | 'budget' } | { kind: 'error'; why: string }

/** Asks for the eviction of exactly this pod, not of one of the same name. */
export async function evict(api: KubeApi, pod: WorkPod, signal: AbortSignal): Promise<Evicted> {
  const { name, namespace = '', uid } = pod.metadata
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/eviction`
  const deleteOptions = uid === undefined ? {} : { deleteOptions: { preconditions: { uid } } }
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, ...deleteOptions }
  try {
    await api.request({ method: 'POST', path, body, signal })
    return { kind: 'evicted' }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof KubeError)) throw error
    if (error.status === 404 || error.status === 409) return { kind: 'gone' }
    if (error.status === 429) return { kind: 'budget' }
    return { kind: 'error', why: `${podName(pod)}: ${whyFailed(error)}` }
  }
}

interface Budget {
  metadata: ObjectMeta
  spec?: { selector?: { matchLabels?: Record<string, string>; matchExpressions?: Expression[] } }
  status?: { currentHealthy?: number; desiredHealthy?: number; disruptionsAllowed?: number }
}

/** The budgets that cover these pods, with how many pods they have and need; the pods alone where they cannot be read. */
export async function blockingBudgets(
  api: KubeApi,
  pods: readonly WorkPod[],
  signal: AbortSignal,
): Promise<string> {
  const names = listNames(pods.map(podName))
  try {
    const { items } = await listAll<Budget>(api, { path: '/apis/policy/v1/poddisruptionbudgets', signal })
    const blocking = items.filter((budget) => pods.some((pod) => coversPod(budget, pod)))
    const told = blocking.map(
      ({ metadata, status = {} }) =>
        `${metadata.namespace ?? ''}/${metadata.name} (${status.currentHealthy ?? 0} healthy, ${status.desiredHealthy ?? 0} needed)`,
    )
    return `${listNames(told)} for the pods ${names}`
  } catch (error) {
    signal.throwIfAborted()
    return `for the pods ${names} (the budgets could not be listed: ${whyFailed(error)})`
  }
}

/** An empty selector covers all pods of its namespace, a missing one none. */
function coversPod({ metadata, spec }: Budget, pod: WorkPod): boolean {
  if (metadata.namespace !== pod.metadata.namespace || spec?.selector === undefined) return false
  const labels = pod.metadata.labels ?? {}
  const { matchLabels = {}, matchExpressions = [] } = spec.selector
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    (matchExpressions.length === 0 || matchesTerms([{ matchExpressions }], labels, ''))
  )
}
