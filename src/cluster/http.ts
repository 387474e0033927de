import type { Dispatcher } from 'undici'
import { type Logger, silent } from '../log.ts'
import { USER_AGENT } from '../version.ts'
import type { Authenticator } from './authenticator.ts'
import { BodyError, parseObject, readLines, readText } from './body.ts'
import { type Clock, DeadlineError, realClock, withDeadline } from './clock.ts'
import { lostConnection } from './connection-errors.ts'
import { createKnownRights } from './known-rights.ts'
import { type KubeApi, type KubeCall, KubeError, type WatchCall, type WatchEvent } from './kube-api.ts'
import { backoffMs, parseRetryAfter, patientRetries, type RetryPolicy } from './retry.ts'
import { answerError } from './status.ts'

export interface HttpOptions {
  /** Address of the API server, with the path below which it serves where it has one. */
  server: URL
  /** Carries the connections: TLS, client certificate and proxy are its matter. Closed by `close()`. */
  dispatcher: Dispatcher
  auth: Authenticator
  /** Headers of every request, e.g. `impersonate-user`. */
  headers?: Record<string, string | string[]>
  /** The proxy that the dispatcher uses, for messages: `http://host:port`, without credentials. */
  proxy?: string
  retries?: RetryPolicy
  clock?: Clock
  log?: Logger
}

/** Deadline of one attempt where the call names none, and of the wait for a watch to begin, in milliseconds. */
const defaultTimeoutMs = 30_000
/** Bounds of what is read: of lists (a GET), of one object, of an error, of an event. */
const maxListBytes = 64 * 2 ** 20
const maxObjectBytes = 4 * 2 ** 20
const maxErrorBytes = 64 * 2 ** 10
const maxEventLength = 4 * 2 ** 20
const mostRetriesTold = 10
/** How long a watch may outlive the `timeoutSeconds` after which the server should have ended it. */
const watchGraceMs = 10_000

type Answer = Dispatcher.ResponseData

/** The Kubernetes API over HTTP/1.1 connections that are kept and shared. */
export function createKubeApi(options: HttpOptions): KubeApi {
  const { server, dispatcher, auth, clock = realClock, retries = patientRetries, log = silent } = options
  const tell = tellRetries(log)
  const rights = createKnownRights(clock)
  const prefix = server.pathname.replace(/\/+$/, '')

  /** Sends a call, with what proves who asks; after a 401 once more with that renewed. */
  async function send(call: SendCall, signal: AbortSignal): Promise<Answer> {
    for (let renewed = false; ; renewed = true) {
      const proof = await auth.headers(signal).catch(throwAuthFailure)
      const answer = await dispatcher.request({
        origin: server.origin,
        path: prefix + call.path + queryString(call.query),
        method: call.method,
        headers: { accept: 'application/json', ...userAgent, ...call.headers, ...options.headers, ...proof },
        body: call.body ?? null,
        signal,
        headersTimeout: 0,
        bodyTimeout: 0,
      })
      if (answer.statusCode !== 401 || auth.refused === undefined || renewed) return answer
      await answer.body.dump()
      auth.refused(proof)
      log.debug(`${call.name}: 401, sent again with a new token`)
    }
  }

  async function attempt(call: KubeCall, sent: SendCall): Promise<object> {
    return withDeadline(call.timeoutMs ?? defaultTimeoutMs, call.signal, async (signal) => {
      const answer = await send(sent, signal)
      if (answer.statusCode < 200 || answer.statusCode > 299) throw await refusal(answer, sent.name)
      rights.allowed(sent.name)
      // The pods of a large cluster, told once more, are more than may be read; nobody asks for them.
      if (call.method === 'DELETE') return answer.body.dump().then(() => ({}))
      return parseObject(await readText(answer.body, call.method === 'GET' ? maxListBytes : maxObjectBytes))
    })
  }

  async function refusal(answer: Answer, name: string): Promise<KubeError> {
    const text = await readText(answer.body, maxErrorBytes, 'cut')
    const retryAfterMs = parseRetryAfter(headerOf(answer, 'retry-after'), clock.now())
    return rights.doubted(answerError({ status: answer.statusCode, text, retryAfterMs }, name), name)
  }

  function asKubeError(error: unknown, name: string, signal: AbortSignal | undefined): KubeError {
    signal?.throwIfAborted()
    if (error instanceof AuthFailure) throw error.cause
    if (error instanceof KubeError) return error
    if (error instanceof BodyError)
      return new KubeError(`${name}: ${error.message}`, { call: name, cause: error })
    return lostConnection(error, { call: name, server: server.origin, proxy: options.proxy })
  }

  async function request<T>(call: KubeCall): Promise<T> {
    const sent = toSend(call)
    const mayRepeat = call.retry ?? (call.method === 'GET' || call.method === 'DELETE')
    for (let failures = 0; ; failures++) {
      try {
        return (await attempt(call, sent)) as T
      } catch (caught) {
        const error = asKubeError(caught, sent.name, call.signal)
        // What was refused was not done, so that it may be sent again whatever it is.
        const repeats = (mayRepeat || error.status === 403) && error.transient
        if (!repeats || failures + 1 >= retries.attempts) throw error
        const wait = backoffMs(retries, failures, error.retryAfterMs, clock)
        tell(error.message, wait)
        await clock.sleep(wait, call.signal)
      }
    }
  }

  async function* watch<T>(call: WatchCall): AsyncGenerator<WatchEvent<T>, void, void> {
    const name = `WATCH ${call.path}`
    const controller = new AbortController()
    const follow = () => controller.abort(call.signal?.reason)
    let lifetime: NodeJS.Timeout | undefined
    try {
      call.signal?.throwIfAborted()
      call.signal?.addEventListener('abort', follow, { once: true })
      const begin = setTimeout(() => controller.abort(new DeadlineError(defaultTimeoutMs)), defaultTimeoutMs)
      const sent: SendCall = { name, method: 'GET', path: call.path, query: { ...call.query, watch: true } }
      const answer = await send(sent, controller.signal).finally(() => clearTimeout(begin))
      if (answer.statusCode !== 200) throw await refusal(answer, name)
      rights.allowed(name)
      const seconds = Number(call.query?.timeoutSeconds)
      const lifetimeMs = seconds * 1000 + watchGraceMs
      if (seconds > 0)
        lifetime = setTimeout(() => controller.abort(new DeadlineError(lifetimeMs)), lifetimeMs)
      for await (const line of readLines(answer.body, maxEventLength)) yield parseEvent<T>(line)
    } catch (error) {
      throw asKubeError(error, name, call.signal)
    } finally {
      clearTimeout(lifetime)
      call.signal?.removeEventListener('abort', follow)
      controller.abort()
    }
  }

  return { server: server.origin + prefix, request, watch, close: () => dispatcher.destroy() }
}

/** Each reason to try again once in the log, as it may be why a run is slow; the repeats are for debugging. */
function tellRetries(log: Logger): (why: string, waitMs: number) => void {
  const told = new Set<string>()
  return (why, waitMs) => {
    const line = `${why}; again in ${waitMs} ms`
    if (told.has(why) || told.size === mostRetriesTold) return log.debug(line)
    told.add(why)
    log.info(line)
  }
}

/** Keeps what went wrong on the way to a token apart from what went wrong on the way to the API server. */
class AuthFailure extends Error {}

function throwAuthFailure(cause: unknown): never {
  throw new AuthFailure('no proof of who asks', { cause })
}

/** A call as it is sent: its body is made once for all attempts. */
interface SendCall {
  name: string
  method: KubeCall['method']
  path: string
  query?: KubeCall['query']
  headers?: Record<string, string>
  body?: string
}

const userAgent = { 'user-agent': USER_AGENT }

function toSend(call: KubeCall): SendCall {
  const { method, path, query } = call
  const sent: SendCall = { name: `${method} ${path}`, method, path, ...(query && { query }) }
  if (call.body === undefined) return sent
  const headers = { 'content-type': call.contentType ?? 'application/json' }
  return { ...sent, headers, body: JSON.stringify(call.body) }
}

function queryString(query: KubeCall['query']): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.append(name, String(value))
  }
  return parameters.size === 0 ? '' : `?${parameters.toString()}`
}

function headerOf(answer: Answer, name: string): string | undefined {
  const value = answer.headers[name]
  return Array.isArray(value) ? value[0] : value
}

const eventTypes: ReadonlySet<unknown> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'])

function parseEvent<T>(line: string): WatchEvent<T> {
  const event = parseObject(line) as Partial<WatchEvent<T>>
  if (!eventTypes.has(event.type) || typeof event.object !== 'object' || event.object === null) {
    throw new BodyError('NOT_JSON', `not a watch event: ${JSON.stringify(line.slice(0, 60))}`)
  }
  return event as WatchEvent<T>
}
