import type { Change, Version } from './history.ts'
import type { KubeObject, Pod } from './objects.ts'
import type { Predicate } from './selectors.ts'

/** Who wants to hear of which changes. */
export interface Subscription {
  namespace?: string
  matches?: Predicate
  /** Set when only pods of this node can match: the others are not even looked at. */
  nodeName?: string
  tell(change: Change): void
}

/** The listeners of one resource. Those that wait for pods of one node are kept by node. */
export class Subscribers {
  readonly #general = new Set<Subscription>()
  readonly #byNode = new Map<string, Set<Subscription>>()

  add(subscription: Subscription): () => void {
    const { nodeName } = subscription
    if (nodeName === undefined) {
      this.#general.add(subscription)
      return () => this.#general.delete(subscription)
    }
    const group = this.#byNode.get(nodeName) ?? new Set()
    group.add(subscription)
    this.#byNode.set(nodeName, group)
    return () => {
      group.delete(subscription)
      if (group.size === 0 && this.#byNode.get(nodeName) === group) this.#byNode.delete(nodeName)
    }
  }

  tell(change: Change): void {
    for (const subscription of this.#general) tellSafely(subscription, change)
    if (this.#byNode.size === 0) return
    for (const nodeName of new Set([nodeOf(change.current), nodeOf(change.previous)])) {
      for (const subscription of this.#byNode.get(nodeName) ?? []) tellSafely(subscription, change)
    }
  }
}

function nodeOf(version: Version | undefined): string {
  return (version?.object as Pod | undefined)?.spec.nodeName ?? ''
}

/** A listener that throws must neither break the write nor go unseen. */
function tellSafely(subscription: Subscription, change: Change): void {
  try {
    subscription.tell(change)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

/** How a change looks through a selector: as Kubernetes does, coming in is ADDED, going out is DELETED. */
export function selectedEvent(
  change: Change,
  selection: Pick<Subscription, 'namespace' | 'matches'>,
): { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject; resourceVersion: string } | undefined {
  const type = selectedType(change, selection)
  if (!type) return undefined
  const resourceVersion = String(change.number)
  if (type !== 'DELETED' || change.deleted) return { type, object: change.current.object, resourceVersion }
  return { type, object: leftObject(change), resourceVersion }
}

/** An object that has just stopped to match: as it was when it did, with the version of the change. */
export function leftObject(change: Change): KubeObject {
  const { object } = change.previous ?? change.current
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(change.number) } }
}

/** The type alone; undefined when the change is none of the selection's business. */
export function selectedType(
  change: Change,
  selection: Pick<Subscription, 'namespace' | 'matches'>,
): 'ADDED' | 'MODIFIED' | 'DELETED' | undefined {
  if (selection.namespace && change.current.object.metadata.namespace !== selection.namespace)
    return undefined
  const matches = selection.matches
  const before = change.previous !== undefined && (!matches || matches(change.previous.object))
  const after = !change.deleted && (!matches || matches(change.current.object))
  if (before && after) return 'MODIFIED'
  if (after) return 'ADDED'
  return before ? 'DELETED' : undefined
}
