import { type Clock, realClock } from './clock.ts'
import { type KubeApi, KubeError, type ObjectMeta, type WatchEvent } from './kube-api.ts'
import { isGone, listAll } from './list.ts'
import { backoffMs, patientRetries } from './retry.ts'
import { type Status, statusError } from './status.ts'

/** The least that an object of a collection has. */
export interface Watched {
  metadata: ObjectMeta
}

/**
 * What happened in a collection. `SYNCED` says that everything which was there when the list was read has
 * been told: once after the first list, and again after each list that a lost history made necessary.
 * A `DELETED` object is the final state where the watch saw the deletion, else the last state that was seen.
 */
export type CollectionEvent<T> = { type: 'SYNCED' } | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }

export interface WatchOptions {
  /** Path of the collection, e.g. `/api/v1/namespaces/kube-system/pods`. */
  path: string
  /** Selectors: `labelSelector`, `fieldSelector`. Paging, bookmarks and versions are this function's own. */
  query?: { labelSelector?: string; fieldSelector?: string }
  /** The only end of the iteration apart from an error; its reason is thrown. A deadline is a signal too. */
  signal: AbortSignal
  /** How long the server keeps one watch open before it is resumed, in seconds; default 300. */
  timeoutSeconds?: number
  /** Told of every lost connection before the wait for the next attempt, for the log. */
  onLost?: (error: KubeError) => void
  clock?: Clock
}

/** A watch that ends sooner than this and without an event counts as lost, so that no loop spins. */
const shortestWatchMs = 1000

/**
 * Follows a collection: lists it, watches it, and goes on where a watch ended. A history that is gone (410,
 * as a status or as an event) is made up for by a new list, of which only the differences are told; lost
 * connections, 429 and 5xx are waited out, longer each time, until `signal` ends it. Anything else (403, 404,
 * a certificate that is not trusted) is thrown as a {@link KubeError}.
 *
 * Leave the loop with `break` or by `signal`: calling `return()` while a `next()` is pending waits for it.
 */
export async function* watchCollection<T extends Watched>(
  api: KubeApi,
  options: WatchOptions,
): AsyncGenerator<CollectionEvent<T>, never, void> {
  const { signal, onLost, clock = realClock } = options
  const known = new Map<string, T>()
  let version: string | undefined
  let failures = 0
  for (;;) {
    signal.throwIfAborted()
    try {
      if (version === undefined) {
        const list = await listAll<T>(api, options)
        yield* differences(known, list.items)
        yield { type: 'SYNCED' }
        version = list.metadata.resourceVersion ?? ''
      }
      const started = clock.now()
      let seen = 0
      for await (const event of api.watch<T>(watchCall(options, version))) {
        if (event.type === 'ERROR') throw errorOf(event, options.path)
        seen++
        failures = 0
        version = versionOf(event.object, options.path)
        if (event.type === 'BOOKMARK') continue
        remember(known, event.type, event.object)
        yield { type: event.type, object: event.object }
      }
      if (seen === 0 && clock.now() - started < shortestWatchMs) throw endedAtOnce(options.path)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof KubeError)) throw error
      const gone = isGone(error)
      if (!gone && !error.transient) throw error
      if (gone) version = undefined
      onLost?.(error)
      if (gone && failures === 0) {
        failures++
        continue
      }
      await clock.sleep(backoffMs(patientRetries, failures++, error.retryAfterMs, clock), signal)
    }
  }
}

function watchCall(options: WatchOptions, version: string) {
  const query = {
    ...options.query,
    watch: true,
    allowWatchBookmarks: true,
    resourceVersion: version,
    timeoutSeconds: options.timeoutSeconds ?? 300,
  }
  return { path: options.path, query, signal: options.signal }
}

/** Brings `known` to what a new list says, and tells what is different. */
function* differences<T extends Watched>(known: Map<string, T>, items: T[]): Generator<CollectionEvent<T>> {
  const present = new Set(items.map(keyOf))
  for (const [key, object] of known) {
    if (present.has(key)) continue
    known.delete(key)
    yield { type: 'DELETED', object }
  }
  for (const object of items) {
    const before = known.get(keyOf(object))
    known.set(keyOf(object), object)
    if (before === undefined) yield { type: 'ADDED', object }
    else if (before.metadata.uid !== object.metadata.uid) {
      yield { type: 'DELETED', object: before }
      yield { type: 'ADDED', object }
    } else if (before.metadata.resourceVersion !== object.metadata.resourceVersion) {
      yield { type: 'MODIFIED', object }
    }
  }
}

function remember<T extends Watched>(
  known: Map<string, T>,
  type: 'ADDED' | 'MODIFIED' | 'DELETED',
  object: T,
) {
  if (type === 'DELETED') known.delete(keyOf(object))
  else known.set(keyOf(object), object)
}

function keyOf({ metadata }: Watched): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

/** The version to go on from after an event. What has none is no object of Kubernetes, and nothing to build on. */
function versionOf(object: unknown, path: string): string {
  const version = (object as { metadata?: { resourceVersion?: unknown } }).metadata?.resourceVersion
  if (typeof version === 'string') return version
  throw new KubeError(`WATCH ${path}: an event without a resourceVersion`, { call: `WATCH ${path}` })
}

function errorOf(event: WatchEvent<unknown>, path: string): KubeError {
  const status = event.object as Status
  return statusError(status, {
    call: `WATCH ${path}`,
    status: typeof status.code === 'number' ? status.code : undefined,
  })
}

function endedAtOnce(path: string): KubeError {
  return new KubeError(`WATCH ${path}: the server ends the watch at once`, {
    call: `WATCH ${path}`,
    transient: true,
  })
}
