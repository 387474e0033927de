import { kindRules } from './kinds/kinds.ts'
import type { KubeObject } from './objects.ts'
import { mergePatch } from './patch.ts'
import { type ResourceDefinition, resourceOf } from './resources.ts'
import type { MemoryStore } from './store.ts'

const systemNamespaces = ['default', 'kube-node-lease', 'kube-public', 'kube-system']

/** Puts in the namespaces that every cluster has, then the bed's own objects with the defaults of their kind. */
export function putObjects(store: MemoryStore, objects: KubeObject[]): void {
  for (const name of systemNamespaces) {
    if (!objects.some((object) => object.kind === 'Namespace' && object.metadata.name === name)) {
      putNamespace(store, name)
    }
  }
  for (const object of objects) {
    const definition = resourceOf(object)
    const { namespace = 'default' } = object.metadata
    if (definition.namespaced && !store.get('namespaces', '', namespace)) putNamespace(store, namespace)
    put(store, definition, object)
  }
}

function putNamespace(store: MemoryStore, name: string): void {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
  put(store, resourceOf(namespace), namespace)
}

function put(store: MemoryStore, definition: ResourceDefinition, object: KubeObject): void {
  const { status } = object as { status?: unknown }
  const prepared = kindRules(definition.id).prepareCreate?.(object, store) ?? object
  store.create(
    definition.id,
    status === undefined ? prepared : (mergePatch(prepared, { status }) as KubeObject),
  )
}
