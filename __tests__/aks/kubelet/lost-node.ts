import { kubeTime } from '../node-runtime/status.ts'
import type { KubeNode } from '../objects.ts'
import type { Store } from '../store-types.ts'

/** What the node controller does to a node whose kubelet is silent: its conditions become Unknown. */
export function markNodeLost(store: Store, name: string): void {
  const node = store.get<KubeNode>('nodes', '', name)
  if (!node) return
  const now = kubeTime(new Date())
  const conditions = node.status.conditions.map((condition) => ({
    ...condition,
    status: 'Unknown' as const,
    reason: 'NodeStatusUnknown',
    message: 'Kubelet stopped posting node status.',
    lastTransitionTime: now,
  }))
  const taints = (['NoSchedule', 'NoExecute'] as const).map((effect) => {
    return { key: 'node.kubernetes.io/unreachable', effect, timeAdded: now }
  })
  store.patch('nodes', '', name, {
    status: { conditions },
    spec: { taints: [...(node.spec.taints ?? []), ...taints] },
  })
}
