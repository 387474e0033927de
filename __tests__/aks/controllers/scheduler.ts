/** Binds pods without a node to one that can take them: the one with the fewest pods. */
import type { KubeNode, Pod } from '../objects.ts'
import type { MemoryStore } from '../store.ts'
import { createLoop } from './loop.ts'
import { isFinished, nodeIsReady, selectsNode, tolerates } from './pods.ts'

export function startScheduler(store: MemoryStore): () => void {
  const waiting = new Map<string, Pod>()
  const loop = createLoop(() => {
    if (waiting.size === 0) return
    const nodes = store.list<KubeNode>('nodes').filter(nodeIsReady)
    const load = new Map<string, number>()
    for (const pod of store.list<Pod>('pods')) {
      const { nodeName } = pod.spec
      if (nodeName && !isFinished(pod)) load.set(nodeName, (load.get(nodeName) ?? 0) + 1)
    }
    for (const pod of [...waiting.values()]) {
      const name = nodeFor(pod, nodes, load)
      if (name === undefined) continue
      load.set(name, (load.get(name) ?? 0) + 1)
      bind(store, pod, name)
    }
  })
  const stops = [
    store.watch<Pod>('pods', { from: 'start' }, ({ type, object }) => {
      const key = object.metadata.uid ?? ''
      const unbound = type !== 'DELETED' && !object.spec.nodeName && !isFinished(object)
      if (!unbound) waiting.delete(key)
      else if (!waiting.has(key)) {
        waiting.set(key, object)
        loop.ask(0)
      }
    }),
    store.watch('nodes', {}, () => loop.ask(0)),
  ]
  return () => {
    loop.stop()
    for (const stop of stops) stop()
  }
}

/** A pod that tolerates it is put on cordoned nodes too. */
const CORDON = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const

function nodeFor(pod: Pod, nodes: KubeNode[], load: Map<string, number>): string | undefined {
  const tolerations = pod.spec.tolerations ?? []
  const fitting = nodes.filter((node) => {
    const taints = (node.spec.taints ?? []).filter(({ effect }) => effect !== 'PreferNoSchedule')
    return (
      (!node.spec.unschedulable || tolerates(tolerations, CORDON)) &&
      taints.every((taint) => tolerates(tolerations, taint)) &&
      selectsNode(pod.spec, node)
    )
  })
  const count = (node: KubeNode) => load.get(node.metadata.name) ?? 0
  return fitting.sort((left, right) => count(left) - count(right))[0]?.metadata.name
}

function bind(store: MemoryStore, pod: Pod, nodeName: string): void {
  const { namespace = '', name } = pod.metadata
  if (!store.get('pods', namespace, name)) return
  const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: store.timestamp() }
  store.patch('pods', namespace, name, { spec: { nodeName }, status: { conditions: [scheduled] } })
}
