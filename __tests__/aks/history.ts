import type { KubeObject } from './objects.ts'
import { apiVersionOf, type ResourceDefinition } from './resources.ts'

/** One version of one object, with its JSON, which is made at most once. */
export class Version {
  readonly key: string
  readonly object: KubeObject
  readonly number: number
  #json: string | undefined

  constructor(key: string, object: KubeObject, number: number) {
    this.key = key
    this.object = object
    this.number = number
  }

  /** JSON without kind and apiVersion, as items of lists travel. */
  get itemJson(): string {
    if (this.#json === undefined) {
      const { kind: _kind, apiVersion: _apiVersion, ...rest } = this.object
      this.#json = JSON.stringify(rest)
    }
    return this.#json
  }

  json(definition: ResourceDefinition): string {
    return `{"kind":"${definition.kind}","apiVersion":"${apiVersionOf(definition)}",${this.itemJson.slice(1)}`
  }
}

/** One change in the store. `current` of a deletion is the last state, with the version of the deletion. */
export interface Change {
  readonly number: number
  readonly deleted: boolean
  readonly current: Version
  readonly previous: Version | undefined
  /** Lines of the watch stream, made at most once per event type. */
  lines: { ADDED?: string; MODIFIED?: string; DELETED?: string }
}

/** The last changes of one resource, and what is no longer known. */
export class History {
  readonly #limit: number
  #changes: Change[] = []
  /** Watches can resume from this version or a later one. */
  floor = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  add(change: Change): void {
    this.#changes.push(change)
    if (this.#changes.length < this.#limit * 1.25) return
    const dropped = this.#changes.splice(0, this.#changes.length - this.#limit)
    this.floor = dropped.at(-1)?.number ?? this.floor
  }

  forget(number: number): void {
    this.#changes = []
    this.floor = number
  }

  /** Changes later than a version, oldest first; undefined when they are not all known any more. */
  since(number: number): Change[] | undefined {
    if (number < this.floor) return undefined
    let low = 0
    let high = this.#changes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#changes[middle]?.number ?? 0) <= number) low = middle + 1
      else high = middle
    }
    return this.#changes.slice(low)
  }
}

/** What there was before some changes, given what there is after them. */
export function stateBefore(now: ReadonlyMap<string, Version>, changes: Change[]): Version[] {
  const state = new Map(now)
  for (const { current, previous } of changes.toReversed()) {
    if (previous) state.set(current.key, previous)
    else state.delete(current.key)
  }
  return [...state.values()]
}
