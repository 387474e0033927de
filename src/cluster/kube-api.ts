/**
 * The one way in which the action talks to a Kubernetes API server. Objects travel as plain JSON, so that
 * a field that this code does not know survives a read-modify-write.
 */
export interface KubeApi {
  /** Base address of the API server, for messages: `https://host:port`. */
  readonly server: string
  /**
   * One request with a deadline. Resolves with the parsed JSON body, after a DELETE with an empty object;
   * rejects with a {@link KubeError} for every answer that is not 2xx and for a connection that failed, and
   * with the reason of `signal` when that ended it. Reads, and writes that are safe to repeat (`retry: true`),
   * are tried again on 429 (Retry-After is honoured), 5xx and lost connections.
   */
  request<T>(call: KubeCall): Promise<T>
  /**
   * Events of a collection, in order. Ends with the connection; a 410 arrives as an event of type ERROR
   * whose object is a Status, and lost connections reject with a {@link KubeError}. See `watch.ts` for the
   * loop that lists, watches and resumes.
   */
  watch<T>(call: WatchCall): AsyncIterable<WatchEvent<T>>
  /** Closes all connections. The process can end after it. */
  close(): Promise<void>
}

export interface KubeCall {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path without query, e.g. `/api/v1/nodes`. Names in it are already encoded. */
  path: string
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
  /** Media type of the body; default `application/json`. A PATCH must name one. */
  contentType?:
    | 'application/json'
    | 'application/merge-patch+json'
    | 'application/strategic-merge-patch+json'
    | 'application/json-patch+json'
    | 'application/apply-patch+yaml'
  /** Deadline of one attempt in milliseconds; default 30000. */
  timeoutMs?: number
  /** Whether the call may be sent again after an answer was lost. Default: true for GET and DELETE. */
  retry?: boolean
  signal?: AbortSignal
}

export interface WatchCall {
  path: string
  /** `timeoutSeconds` says when the server ends the watch; a connection that outlives it is given up. */
  query?: Record<string, string | number | boolean | undefined>
  signal?: AbortSignal
}

export interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  object: T
}

/** What went wrong with a call to the API server. */
export class KubeError extends Error {
  /** HTTP status; undefined when there was no answer at all. */
  readonly status: number | undefined
  /** `reason` of the Kubernetes Status object, e.g. `Forbidden`, `AlreadyExists`, `Expired`. */
  readonly reason: string | undefined
  /** Method and path of the call, for messages. */
  readonly call: string
  /** Whether the same call may succeed a little later: 429, 5xx, a lost connection, no answer in time. */
  readonly transient: boolean
  /** What the server's Retry-After header asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(message: string, details: KubeErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'KubeError'
    this.status = details.status
    this.reason = details.reason
    this.call = details.call
    this.transient = details.transient ?? false
    this.retryAfterMs = details.retryAfterMs
  }
}

export interface KubeErrorDetails {
  call: string
  status?: number | undefined
  reason?: string | undefined
  transient?: boolean | undefined
  retryAfterMs?: number | undefined
  cause?: unknown
}

/** The part of `metadata` that the action reads. */
export interface ObjectMeta {
  name: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  creationTimestamp?: string
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: { kind: string; name: string; uid: string; controller?: boolean }[]
}

export interface KubeList<T> {
  metadata: { resourceVersion?: string; continue?: string }
  items: T[]
}
