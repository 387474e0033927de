import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { type Change, stateBefore, Version } from './history.ts'
import type { KubeObject, ObjectMeta, Pod } from './objects.ts'
import { jsonPatch, mergePatch, strategicPatch } from './patch.ts'
import { resources } from './resources.ts'
import { objectPredicate } from './selectors.ts'
import { alreadyExists, conflict, expired } from './status.ts'
import {
  byKey,
  checkPreconditions,
  deepFreeze,
  finalizersFor,
  keepIdentity,
  keyOf,
  podGrace,
} from './store-rules.ts'
import type { DeleteOptions, SelectOptions, Store, StoreEvent, WatchOptions } from './store-types.ts'
import { type Subscription, selectedEvent } from './subscribers.ts'
import { existingIn, freeName, makeTable, type Table } from './table.ts'

/** Resource-versioned objects with history: what etcd and the watch cache are to a real API server. */
export class MemoryStore implements Store {
  readonly #tables = new Map<string, Table>()
  readonly #watchHistory: number
  readonly #now: () => Date
  /** Events wait here while one is told, so that every listener sees the same order. */
  readonly #pending: (() => void)[] = []
  #telling = false
  #number = 1000

  constructor(options: { watchHistory?: number; now?: () => Date } = {}) {
    this.#watchHistory = options.watchHistory ?? 20_000
    this.#now = options.now ?? (() => new Date())
  }

  get resourceVersion(): string {
    return String(this.#number)
  }

  get<T extends KubeObject>(resource: string, namespace: string, name: string): T | undefined {
    return this.version(resource, namespace, name)?.object as T | undefined
  }

  /** The stored version with its cached JSON. */
  version(resource: string, namespace: string, name: string): Version | undefined {
    const { definition, versions } = this.#table(resource)
    return versions.get(keyOf(definition.namespaced ? namespace : '', name))
  }

  list<T extends KubeObject>(resource: string, options: SelectOptions = {}): T[] {
    return this.versions(resource, options).map((version) => version.object as T)
  }

  versions(resource: string, options: SelectOptions = {}): Version[] {
    const table = this.#table(resource)
    table.order ??= [...table.versions.keys()].sort(byKey)
    const prefix = options.namespace ? `${options.namespace}/` : ''
    const matches = objectPredicate(resource, options.labelSelector, options.fieldSelector)
    const found: Version[] = []
    for (const key of table.order) {
      if (!key.startsWith(prefix)) continue
      const version = table.versions.get(key)
      if (version && (!matches || matches(version.object))) found.push(version)
    }
    return found
  }

  /** All objects of a resource as they were at an earlier version, in order. Throws 410 when that is forgotten. */
  versionsAt(resource: string, number: number): Version[] {
    const table = this.#table(resource)
    const changes = table.history.since(number)
    if (!changes) throw expired(`too old resource version: ${number} (${table.history.floor})`)
    const past = stateBefore(table.versions, changes)
    return past.sort((left, right) => byKey(left.key, right.key))
  }

  create<T extends KubeObject>(resource: string, object: T): T {
    const table = this.#table(resource)
    const { definition } = table
    const namespace = definition.namespaced ? (object.metadata.namespace ?? 'default') : ''
    const name = object.metadata.name || freeName(table, namespace, object.metadata.generateName ?? '')
    const key = keyOf(namespace, name)
    if (table.versions.has(key)) throw alreadyExists(definition, name)
    const { namespace: _namespace, ...meta } = object.metadata
    return this.#write(table, key, undefined, {
      ...object,
      metadata: {
        ...meta,
        name,
        ...(namespace && { namespace }),
        uid: randomUUID(),
        creationTimestamp: this.timestamp(),
        ...(definition.generation && { generation: 1 }),
      },
    }).object as T
  }

  update<T extends KubeObject>(resource: string, object: T): T {
    const table = this.#table(resource)
    const old = existingIn(table, object.metadata.namespace ?? '', object.metadata.name)
    const given = object.metadata.resourceVersion
    if (given && given !== String(old.number)) throw conflict(table.definition, object.metadata.name)
    const next = keepIdentity(object, old.object, table.definition)
    if (
      next.metadata.deletionTimestamp &&
      !next.metadata.finalizers?.length &&
      old.object.metadata.finalizers?.length
    ) {
      return this.#remove(table, { key: old.key, object: next }).object as T
    }
    if (isDeepStrictEqual(next, old.object)) return old.object as T
    return this.#write(table, old.key, old, next).object as T
  }

  patch<T extends KubeObject>(
    resource: string,
    namespace: string,
    name: string,
    patch: unknown,
    kind: 'merge' | 'strategic' | 'json' = 'merge',
  ): T {
    const old = existingIn(this.#table(resource), namespace, name)
    const apply = { merge: mergePatch, strategic: strategicPatch, json: jsonPatch }[kind]
    return this.update(resource, apply(old.object, patch) as T)
  }

  delete<T extends KubeObject>(
    resource: string,
    namespace: string,
    name: string,
    options: DeleteOptions = {},
  ): T {
    const table = this.#table(resource)
    const old = existingIn(table, namespace, name)
    checkPreconditions(table.definition, old.object, options.preconditions)
    const finalizers = finalizersFor(old.object, options)
    const grace = resource === 'pods' ? podGrace(old.object as Pod, options.gracePeriodSeconds) : 0
    if (grace === 0 && finalizers.length === 0) return this.#remove(table, old).object as T
    const { deletionTimestamp, deletionGracePeriodSeconds = Number.POSITIVE_INFINITY } = old.object.metadata
    if (deletionTimestamp && grace >= deletionGracePeriodSeconds) return old.object as T
    return this.#write(table, old.key, old, {
      ...old.object,
      metadata: {
        ...old.object.metadata,
        ...(finalizers.length > 0 && { finalizers }),
        deletionTimestamp: this.timestamp(grace),
        deletionGracePeriodSeconds: grace,
      },
    }).object as T
  }

  deleteCollection<T extends KubeObject>(
    resource: string,
    select?: SelectOptions,
    options?: DeleteOptions,
  ): T[] {
    return this.list(resource, select).map((object) =>
      this.delete<T>(resource, object.metadata.namespace ?? '', object.metadata.name, options),
    )
  }

  watch<T extends KubeObject>(
    resource: string,
    options: WatchOptions,
    listener: (event: StoreEvent<T>) => void,
  ): () => void {
    const matches = objectPredicate(resource, options.labelSelector, options.fieldSelector)
    const nodeName = /^spec\.nodeName=([^,!]+)$/.exec(options.fieldSelector ?? '')?.[1]
    const subscription: Subscription = {
      ...(options.namespace && { namespace: options.namespace }),
      ...(matches && { matches }),
      ...(nodeName && resource === 'pods' && { nodeName }),
      tell: (change) => {
        const event = selectedEvent(change, subscription)
        if (event) listener({ ...event, object: event.object as T })
      },
    }
    if (options.from === 'start') {
      for (const version of this.versions(resource, options)) {
        listener({ type: 'ADDED', object: version.object as T, resourceVersion: String(version.number) })
      }
    }
    const from = options.from === undefined || options.from === 'start' ? this.#number : Number(options.from)
    return this.subscribe(resource, from, subscription)
  }

  /** Tells all changes later than a version, then each new one. Throws 410 when that version is forgotten. */
  subscribe(resource: string, from: number, subscription: Subscription): () => void {
    const table = this.#table(resource)
    const missed = table.history.since(from)
    if (!missed) throw expired(`too old resource version: ${from} (${table.history.floor})`)
    for (const change of missed) subscription.tell(change)
    return table.subscribers.add(subscription)
  }

  compact(): void {
    for (const id of resources.keys()) this.#table(id).history.forget(this.#number)
  }

  /** Now, or in so many seconds, as Kubernetes writes it. */
  timestamp(inSeconds = 0): string {
    return new Date(this.#now().getTime() + inSeconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z')
  }

  #table(resource: string): Table {
    const known = this.#tables.get(resource)
    if (known) return known
    const table = makeTable(resource, this.#watchHistory)
    this.#tables.set(resource, table)
    return table
  }

  #write(table: Table, key: string, previous: Version | undefined, object: KubeObject): Version {
    const current = this.#stamp(key, object)
    if (!previous) table.order = undefined
    table.versions.set(key, current)
    this.#tell(table, { number: current.number, deleted: false, current, previous, lines: {} })
    return current
  }

  #remove(table: Table, old: Pick<Version, 'key' | 'object'>): Version {
    const previous = table.versions.get(old.key)
    const current = this.#stamp(old.key, old.object)
    table.versions.delete(old.key)
    table.order = undefined
    this.#tell(table, { number: current.number, deleted: true, current, previous, lines: {} })
    return current
  }

  #stamp(key: string, object: KubeObject): Version {
    this.#number++
    const metadata: ObjectMeta = { ...object.metadata, resourceVersion: String(this.#number) }
    return new Version(key, deepFreeze({ ...object, metadata }), this.#number)
  }

  #tell(table: Table, change: Change): void {
    table.history.add(change)
    this.#pending.push(() => table.subscribers.tell(change))
    if (this.#telling) return
    this.#telling = true
    try {
      for (let next = this.#pending.shift(); next; next = this.#pending.shift()) next()
    } finally {
      this.#telling = false
    }
  }
}
