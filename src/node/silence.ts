import { withDeadline } from '../cluster/clock.ts'
import type { KubeApi } from '../cluster/kube-api.ts'
import type { PodOutcome } from './ledger.ts'
import { listNodes } from './nodes.ts'
import { LEFT_CLUSTER } from './reading.ts'
import { notReadyText } from './scope.ts'

/**
 * Asks once for all nodes, where some of them were silent, what became of them: a node that is not there any
 * more is gone, and one that is not ready now says so. Whatever cannot be found out stays as it is.
 */
export async function explainSilence(
  api: KubeApi,
  outcomes: PodOutcome[],
  signal: AbortSignal,
): Promise<PodOutcome[]> {
  if (signal.aborted || !outcomes.some(isSilent)) return outcomes
  const nodes = await withDeadline(10_000, signal, (within) => listNodes(api, { signal: within })).catch(
    () => [],
  )
  if (nodes.length === 0) return outcomes
  const byName = new Map(nodes.map((node) => [node.info.name, node]))
  return outcomes.map((outcome) => {
    if (!isSilent(outcome)) return outcome
    const node = byName.get(outcome.node.name)
    if (node === undefined) {
      return { kind: 'gone', node: outcome.node, why: LEFT_CLUSTER }
    }
    if (node.readiness.status === 'True') return outcome
    return { ...outcome, why: `${outcome.why}; the node is ${notReadyText(node.readiness)}` }
  })
}

function isSilent(outcome: PodOutcome): outcome is Extract<PodOutcome, { kind: 'failed' }> {
  return outcome.kind === 'failed' && outcome.silent === true
}
