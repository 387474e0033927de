import { randomUUID } from 'node:crypto'

export interface Resource {
  /** As it was spelt when it was made. */
  id: string
  /** What ARM answers with, without the eTag. */
  body: Record<string, unknown>
  etag: string
}

/** ARM's resources by id, in whatever case. Bodies are copied in and out: nobody shares them. */
export interface Resources {
  /**
   * After each change this many reads of the resource still see what was there before it, as in a store that
   * is consistent only in the end. Default 0.
   */
  lag: number
  /** As a reader sees it. */
  read: (id: string) => Resource | undefined
  /** As it is. */
  get: (id: string) => Resource | undefined
  put: (id: string, body: Record<string, unknown>) => Resource
  delete: (id: string) => void
  /** Direct children: `list('/subscriptions/…/managedClusters')`. In the order in which they were made. */
  list: (collection: string) => Resource[]
  /** All of a type, wherever they are: `microsoft.containerservice/managedclusters`. */
  ofType: (type: string) => Resource[]
}

interface Slot {
  now: Resource | undefined
  before: Resource | undefined
  staleReads: number
}

export function createResources(): Resources {
  const slots = new Map<string, Slot>()
  const key = (id: string) => id.toLowerCase()
  const copy = (resource: Resource | undefined) =>
    resource === undefined ? undefined : structuredClone(resource)
  const change = (id: string, now: Resource | undefined) => {
    const before = slots.get(key(id))?.now
    slots.set(key(id), { now, before, staleReads: resources.lag })
  }
  const present = () => [...slots.values()].map(({ now }) => now).filter((each) => each !== undefined)
  const resources: Resources = {
    lag: 0,
    read: (id) => {
      const slot = slots.get(key(id))
      if (slot === undefined) return undefined
      if (slot.staleReads <= 0) return copy(slot.now)
      slot.staleReads -= 1
      return copy(slot.before)
    },
    get: (id) => copy(slots.get(key(id))?.now),
    put: (id, body) => {
      const resource = {
        id: slots.get(key(id))?.now?.id ?? id,
        body: structuredClone(body),
        etag: randomUUID(),
      }
      change(id, resource)
      return structuredClone(resource)
    },
    delete: (id) => change(id, undefined),
    list: (collection) => {
      const prefix = `${key(collection)}/`
      const child = (id: string) => key(id).startsWith(prefix) && !key(id).slice(prefix.length).includes('/')
      return present()
        .filter(({ id }) => child(id))
        .map((each) => structuredClone(each))
    },
    ofType: (type) => {
      const matching = new RegExp(`/providers/${key(type)}/[^/]+$`)
      return present()
        .filter(({ id }) => matching.test(key(id)))
        .map((each) => structuredClone(each))
    },
  }
  return resources
}
