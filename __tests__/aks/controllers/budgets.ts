import type { MemoryStore } from '../store.ts'
import { updateBudgets } from './eviction.ts'
import { createLoop } from './loop.ts'

/** Keeps the status of PodDisruptionBudgets. Evictions count pods themselves and do not wait for it. */
export function startBudgets(store: MemoryStore): () => void {
  const loop = createLoop((namespace: string) => updateBudgets(store, namespace))
  const namespaces = new Set<string>()
  const stops = [
    store.watch('poddisruptionbudgets.policy', { from: 'start' }, ({ object }) => {
      const { namespace = '' } = object.metadata
      namespaces.add(namespace)
      loop.ask(namespace)
    }),
    store.watch('pods', {}, ({ object }) => {
      const { namespace = '' } = object.metadata
      if (namespaces.has(namespace)) loop.ask(namespace)
    }),
  ]
  return () => {
    loop.stop()
    for (const stop of stops) stop()
  }
}
