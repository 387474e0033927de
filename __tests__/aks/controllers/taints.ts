/** Deletes pods from nodes with a NoExecute taint that they do not tolerate, and pods of nodes that are gone. */
import type { KubeNode, Pod } from '../objects.ts'
import type { MemoryStore } from '../store.ts'
import { createLoop } from './loop.ts'
import { tolerates } from './pods.ts'

export function startTaintEviction(store: MemoryStore): () => void {
  const loop = createLoop((nodeName: string) => {
    const node = store.get<KubeNode>('nodes', '', nodeName)
    const taints = (node?.spec.taints ?? []).filter(({ effect }) => effect === 'NoExecute')
    if (node && taints.length === 0) return
    for (const pod of store.list<Pod>('pods', { fieldSelector: `spec.nodeName=${nodeName}` })) {
      const { namespace = '', name } = pod.metadata
      if (!node) store.delete('pods', namespace, name, { gracePeriodSeconds: 0 })
      else if (!taints.every((taint) => tolerates(pod.spec.tolerations ?? [], taint))) {
        if (!pod.metadata.deletionTimestamp) store.delete('pods', namespace, name)
      }
    }
  })
  const stops = [
    store.watch<KubeNode>('nodes', {}, ({ object }) => loop.ask(object.metadata.name)),
    store.watch<Pod>('pods', {}, ({ type, object }) => {
      if (type === 'ADDED' && object.spec.nodeName) loop.ask(object.spec.nodeName)
    }),
  ]
  return () => {
    loop.stop()
    for (const stop of stops) stop()
  }
}
