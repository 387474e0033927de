/** Deletes what is owned by objects that are gone, or that wait in the foreground for it to go. */
import type { KubeObject } from '../objects.ts'
import type { MemoryStore } from '../store.ts'
import { createLoop } from './loop.ts'

const ownerResources: Record<string, string> = {
  DaemonSet: 'daemonsets.apps',
  Deployment: 'deployments.apps',
  ReplicaSet: 'replicasets.apps',
  StatefulSet: 'statefulsets.apps',
}
const dependentResources = ['pods', 'replicasets.apps', 'controllerrevisions.apps']

export function startGarbageCollection(store: MemoryStore): () => void {
  const loop = createLoop((owner: KubeObject) => collect(store, owner))
  const stops = Object.values(ownerResources).map((resource) =>
    store.watch(resource, {}, ({ type, object }) => {
      if (type === 'DELETED' || isWaiting(object)) loop.ask(object)
    }),
  )
  stops.push(
    store.watch('pods', {}, ({ type, object }) => {
      if (type !== 'DELETED') return
      for (const reference of object.metadata.ownerReferences ?? []) {
        const resource = ownerResources[reference.kind]
        const owner = resource && store.get(resource, object.metadata.namespace ?? '', reference.name)
        if (owner && isWaiting(owner)) loop.ask(owner)
      }
    }),
  )
  return () => {
    loop.stop()
    for (const stop of stops) stop()
  }
}

function isWaiting(object: KubeObject): boolean {
  return object.metadata.finalizers?.includes('foregroundDeletion') ?? false
}

function collect(store: MemoryStore, owner: KubeObject): void {
  const { namespace = '', name, uid } = owner.metadata
  const dependents = dependentResources.flatMap((resource) =>
    store
      .list(resource, { namespace })
      .filter((object) => object.metadata.ownerReferences?.some((reference) => reference.uid === uid))
      .map((object) => ({ resource, object })),
  )
  for (const { resource, object } of dependents) {
    if (!object.metadata.deletionTimestamp) store.delete(resource, namespace, object.metadata.name)
  }
  if (!isWaiting(owner)) return
  const left = dependents.some(({ resource, object }) => store.get(resource, namespace, object.metadata.name))
  const resource = ownerResources[owner.kind] ?? ''
  const present = left ? undefined : store.get(resource, namespace, name)
  if (present?.metadata.uid !== uid || !present) return
  const finalizers = (present.metadata.finalizers ?? []).filter(
    (finalizer) => finalizer !== 'foregroundDeletion',
  )
  store.update(resource, { ...present, metadata: { ...present.metadata, finalizers } })
}
