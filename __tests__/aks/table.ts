import { History, type Version } from './history.ts'
import { type ResourceDefinition, resources } from './resources.ts'
import { noSuchResource, notFound } from './status.ts'
import { keyOf, randomSuffix } from './store-rules.ts'
import { Subscribers } from './subscribers.ts'

/** All objects of one resource. */
export interface Table {
  definition: ResourceDefinition
  versions: Map<string, Version>
  /** Keys in order; undefined after a key came or went. */
  order: string[] | undefined
  history: History
  subscribers: Subscribers
}

export function makeTable(resource: string, historyLimit: number): Table {
  const definition = resources.get(resource)
  if (!definition) throw noSuchResource()
  return {
    definition,
    versions: new Map(),
    order: undefined,
    history: new History(historyLimit),
    subscribers: new Subscribers(),
  }
}

/** Throws 404 when there is no such object. */
export function existingIn(table: Table, namespace: string, name: string): Version {
  const version = table.versions.get(keyOf(table.definition.namespaced ? namespace : '', name))
  if (!version) throw notFound(table.definition, name)
  return version
}

/** A name for generateName that is not taken. */
export function freeName(table: Table, namespace: string, prefix: string): string {
  for (;;) {
    const name = prefix.slice(0, 58) + randomSuffix()
    if (!table.versions.has(keyOf(namespace, name))) return name
  }
}
