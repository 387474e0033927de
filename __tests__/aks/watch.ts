import type { ServerResponse } from 'node:http'
import type { Change, Version } from './history.ts'
import { apiVersionOf, type ResourceDefinition } from './resources.ts'
import { objectPredicate } from './selectors.ts'
import { badRequest, StatusError } from './status.ts'
import type { MemoryStore } from './store.ts'
import { leftObject, type Subscription, selectedType } from './subscribers.ts'

/** A watch that is being served. */
export interface RunningWatch {
  /** Ends the stream as a server does whose time is up. */
  close(): void
  bookmark(): void
}

export interface WatchRequest {
  definition: ResourceDefinition
  namespace: string
  query: URLSearchParams
  /** Break the connection after so many events. */
  cutAfterEvents?: number
  onEnd(): void
}

/** Serves one watch: what was missed, then each change, until timeoutSeconds or the client ends it. */
export function serveWatch(
  store: MemoryStore,
  request: WatchRequest,
  response: ServerResponse,
): RunningWatch {
  const { definition, query } = request
  const matches = objectPredicate(
    definition.id,
    query.get('labelSelector') ?? undefined,
    query.get('fieldSelector') ?? undefined,
  )
  const version = versionOf(query)
  const wantsBookmarks = query.get('allowWatchBookmarks') === 'true'
  const stream = lineStream(response, request.cutAfterEvents)
  const subscription: Subscription = {
    ...(request.namespace && { namespace: request.namespace }),
    ...(matches && { matches }),
    tell(change) {
      const type = selectedType(change, subscription)
      if (type) stream.event(lineOf(change, type, definition))
    },
  }

  const timers: NodeJS.Timeout[] = []
  let unsubscribe = () => {}
  let ended = false
  const end = () => {
    if (ended) return
    ended = true
    for (const timer of timers) clearTimeout(timer)
    unsubscribe()
    request.onEnd()
  }
  const close = () => {
    end()
    stream.end()
  }
  const bookmark = (annotations?: Record<string, string>) => {
    if (wantsBookmarks && !ended) stream.event(bookmarkLine(definition, store.resourceVersion, annotations))
  }
  response.on('close', end)

  try {
    const initial = initialVersions(store, request, version)
    for (const state of initial ?? []) {
      stream.event(`{"type":"ADDED","object":${state.json(definition)}}\n`)
    }
    if (query.get('sendInitialEvents') === 'true') bookmark({ 'k8s.io/initial-events-end': 'true' })
    unsubscribe = store.subscribe(
      definition.id,
      initial ? Number(store.resourceVersion) : version,
      subscription,
    )
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    stream.event(errorLine(error))
    close()
    return { close, bookmark: () => bookmark() }
  }

  const seconds = Number(query.get('timeoutSeconds')) || 1800 + Math.random() * 1800
  const after = (ms: number, act: () => void) => timers.push(setTimeout(act, ms).unref())
  after(seconds * 1000, close)
  if (seconds > 2) after(seconds * 1000 - 2000, () => bookmark())
  return { close, bookmark: () => bookmark() }
}

function versionOf(query: URLSearchParams): number {
  const text = query.get('resourceVersion') ?? ''
  if (!/^\d*$/.test(text))
    throw badRequest(
      `invalid resource version ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    )
  return Number(text)
}

/** The state that a watch begins with; undefined for a watch that resumes from a version. */
function initialVersions(store: MemoryStore, request: WatchRequest, version: number): Version[] | undefined {
  const { query } = request
  const wanted = query.get('sendInitialEvents')
  if (wanted === 'false' || (wanted === null && version > 0)) {
    return version === 0 ? [] : undefined
  }
  const labelSelector = query.get('labelSelector')
  const fieldSelector = query.get('fieldSelector')
  return store.versions(request.definition.id, {
    ...(request.namespace && { namespace: request.namespace }),
    ...(labelSelector && { labelSelector }),
    ...(fieldSelector && { fieldSelector }),
  })
}

function lineOf(
  change: Change,
  type: 'ADDED' | 'MODIFIED' | 'DELETED',
  definition: ResourceDefinition,
): string {
  let line = change.lines[type]
  if (line === undefined) {
    const left = type === 'DELETED' && !change.deleted
    const object = left ? JSON.stringify(leftObject(change)) : change.current.json(definition)
    line = `{"type":"${type}","object":${object}}\n`
    change.lines[type] = line
  }
  return line
}

function bookmarkLine(
  definition: ResourceDefinition,
  version: string,
  annotations?: Record<string, string>,
): string {
  const object = {
    kind: definition.kind,
    apiVersion: apiVersionOf(definition),
    metadata: { resourceVersion: version, creationTimestamp: null, ...(annotations && { annotations }) },
  }
  return `${JSON.stringify({ type: 'BOOKMARK', object })}\n`
}

export function errorLine(error: StatusError): string {
  return `${JSON.stringify({ type: 'ERROR', object: error.toStatus() })}\n`
}

/** Sends the head of a watch's answer. */
export function openStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' })
  response.flushHeaders()
}

/** Lines of one turn of the event loop leave in one write. */
function lineStream(response: ServerResponse, cutAfter = Number.POSITIVE_INFINITY) {
  let waiting: string[] = []
  let events = 0
  let scheduled = false
  const flush = (then?: () => void) => {
    scheduled = false
    if (waiting.length === 0 || response.destroyed || response.writableEnded) return
    response.write(waiting.join(''), then)
    waiting = []
  }
  openStream(response)
  return {
    event(line: string) {
      if (events >= cutAfter) return
      events++
      waiting.push(line)
      if (events >= cutAfter) {
        flush(() => response.destroy())
      } else if (!scheduled) {
        scheduled = true
        setImmediate(() => flush())
      }
    },
    end() {
      flush()
      response.end()
    },
  }
}
