import type { Admission } from '../auth-types.ts'
import type { MemoryStore } from '../store.ts'
import { startBudgets } from './budgets.ts'
import { startDaemonSets } from './daemonsets.ts'
import { startGarbageCollection } from './garbage.ts'
import { startNamespaces } from './namespaces.ts'
import { startReplicas } from './replicas.ts'
import { startScheduler } from './scheduler.ts'
import { startTaintEviction } from './taints.ts'

/** The controllers of the control plane. Each acts in a later turn of the event loop than the change. */
export function startControllers(store: MemoryStore, admission: Admission | undefined): () => void {
  const stops = [
    startGarbageCollection(store),
    startNamespaces(store),
    startDaemonSets(store, admission),
    startReplicas(store, admission),
    startScheduler(store),
    startTaintEviction(store),
    startBudgets(store),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
