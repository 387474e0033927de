import type { KubeNode, Pod } from './objects.ts'
import type { MemoryStore } from './store.ts'
import type { AksEvents } from './types.ts'

/** Turns changes in the store into the moments at which tests act. */
export function tellPodEvents(store: MemoryStore, events: AksEvents): () => void {
  const deleting = new Set<string>()
  const stops = [
    store.watch<Pod>('pods', {}, ({ type, object }) => {
      const { uid = '', deletionTimestamp } = object.metadata
      if (type === 'ADDED') events.emit('pod-created', object)
      const going = deletionTimestamp !== undefined || type === 'DELETED'
      if (going && !deleting.has(uid)) {
        deleting.add(uid)
        events.emit('pod-deleting', object)
      }
      if (type !== 'DELETED') return
      deleting.delete(uid)
      events.emit('pod-deleted', object)
    }),
    store.watch<KubeNode>('nodes', {}, ({ type, object }) => {
      if (type === 'ADDED') events.emit('node-added', object)
      else if (type === 'DELETED') events.emit('node-removed', object)
    }),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
