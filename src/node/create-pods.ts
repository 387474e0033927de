import type { Clock } from '../cluster/clock.ts'
import { type KubeApi, KubeError } from '../cluster/kube-api.ts'
import type { Ledger, Open, Outcome, PodTask } from './ledger.ts'
import { forEachLimited } from './limit.ts'
import { type Refusal, refusalOf } from './refusal.ts'

export interface CreateOptions {
  namespace: string
  concurrency: number
  signal: AbortSignal
  clock: Clock
}

/** So many nodes must be refused, and none taken, before a refusal counts as one that hits them all. */
const enoughAlike = 5

/**
 * Creates the pods of all nodes that are open. A refusal that every node would get ends it: the nodes that
 * are left get the same outcome without a request. Never rejects.
 */
export async function createPods(api: KubeApi, ledger: Ledger, options: CreateOptions): Promise<void> {
  let halted: Refusal | undefined
  let refused = 0
  await forEachLimited(ledger.allOpen(), options.concurrency, async (open) => {
    if (options.signal.aborted) return
    if (halted) return ledger.settle(open.task.pod.metadata.name, failed(halted))
    const refusal = await create(open)
    if (refusal) halted = refusal
  })

  async function create(open: Open): Promise<Refusal | undefined> {
    try {
      ledger.sent++
      open.sent = true
      await post(open.task)
      ledger.created++
      open.createdAt = options.clock.now()
    } catch (error) {
      if (options.signal.aborted) return undefined
      const refusal = refusalOf(error, options.namespace)
      const outcome: Outcome = { ...failed(refusal), ...(isAnswered(error) && { neverRan: true }) }
      ledger.settle(open.task.pod.metadata.name, outcome)
      refused++
      const maybe = refusal.alike === 'maybe' && refused >= enoughAlike && ledger.created === 0
      return refusal.alike === 'all' || maybe ? refusal : undefined
    }
    return undefined
  }

  /** The name is this node's and pass's own: if it was not there before, an earlier attempt of this call made it. */
  async function post({ pod }: PodTask): Promise<void> {
    const path = `/api/v1/namespaces/${encodeURIComponent(options.namespace)}/pods`
    try {
      await api.request({ method: 'POST', path, body: pod, retry: true, signal: options.signal })
    } catch (error) {
      const exists = error instanceof KubeError && error.reason === 'AlreadyExists'
      if (!exists || ledger.leftovers.has(pod.metadata.name)) throw error
    }
  }
}

/** Whether the API server said no, which a lost answer or its own failure does not. */
function isAnswered(error: unknown): boolean {
  return error instanceof KubeError && error.status !== undefined && error.status < 500
}

function failed({ why, next }: Refusal): { kind: 'failed'; why: string; next: string } {
  return { kind: 'failed', why, next }
}
