/** Empties a namespace that is deleted, then lets it go. */
import type { KubeObject } from '../objects.ts'
import { resources } from '../resources.ts'
import type { MemoryStore } from '../store.ts'
import { createLoop } from './loop.ts'

export function startNamespaces(store: MemoryStore): () => void {
  const loop = createLoop((name: string) => empty(store, name))
  const terminating = new Set<string>()
  const stops = [
    store.watch('namespaces', {}, ({ type, object }) => {
      const { name, deletionTimestamp } = object.metadata
      if (type === 'DELETED') terminating.delete(name)
      else if (deletionTimestamp) {
        terminating.add(name)
        loop.ask(name)
      }
    }),
    store.watch('pods', {}, ({ type, object }) => {
      const { namespace = '' } = object.metadata
      if (type === 'DELETED' && terminating.has(namespace)) loop.ask(namespace)
    }),
  ]
  return () => {
    loop.stop()
    for (const stop of stops) stop()
  }
}

function empty(store: MemoryStore, name: string): void {
  const namespace = store.get<KubeObject & { status?: { phase?: string } }>('namespaces', '', name)
  if (!namespace?.metadata.deletionTimestamp) return
  if (namespace.status?.phase !== 'Terminating') {
    store.patch('namespaces', '', name, { status: { phase: 'Terminating' } })
  }
  const inside = [...resources.values()].filter(({ namespaced }) => namespaced)
  for (const { id } of inside) store.deleteCollection(id, { namespace: name })
  if (inside.some(({ id }) => store.list(id, { namespace: name }).length > 0)) return
  const present = store.get('namespaces', '', name)
  if (present) store.update('namespaces', { ...present, metadata: { ...present.metadata, finalizers: [] } })
}
