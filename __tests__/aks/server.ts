import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { type Authenticator, authorize } from './auth.ts'
import type { Identity } from './auth-types.ts'
import { type Answer, type Api, type Call, servedResource } from './handlers/call.ts'
import { discover } from './handlers/discovery.ts'
import { parseApplied } from './handlers/patch.ts'
import { route } from './handlers/route.ts'
import { type Listener, listen } from './listener.ts'
import { createRules, type Rules } from './misbehaviour.ts'
import { isWatch, type RequestInfo, requestInfo } from './request-info.ts'
import { badRequest, expired, StatusError, unauthorized } from './status.ts'
import type { AksEvents, CertificateAuthority, MisbehaviourAction, RecordedRequest } from './types.ts'
import { errorLine, openStream, type RunningWatch, serveWatch } from './watch.ts'

export interface ServerOptions {
  api: Api
  ca: CertificateAuthority
  hostNames: string[]
  authenticator: Authenticator
  events: AksEvents
  bookmarkMs: number
}

export interface ApiServer {
  readonly listener: Listener
  readonly rules: Rules
  readonly requests: RecordedRequest[]
  readonly watches: ReadonlySet<RunningWatch>
  close(): Promise<void>
}

type Request = IncomingMessage & { socket: TLSSocket }

/** What a rule changes about the serving of one request. */
interface Twist {
  /** Cut the connection instead of answering, or in the middle of the answer. */
  cut?: 'lost-answer' | 'half-body'
  gone?: boolean
  cutAfterEvents?: number
}

interface Exchange {
  request: Request
  response: ServerResponse
  recorded: RecordedRequest
  query: URLSearchParams
  user: Identity | undefined
  body: string
  twist: Twist
}

/** Starts the Kubernetes API over TLS. */
export async function startServer(options: ServerOptions): Promise<ApiServer> {
  const { api, events, authenticator } = options
  const started = performance.now()
  const requests: RecordedRequest[] = []
  const watches = new Set<RunningWatch>()
  const timers = new Set<NodeJS.Timeout>()
  const rules = createRules()
  const listener = await listen(
    options.ca,
    ['127.0.0.1', 'localhost', ...options.hostNames],
    (request, response) => {
      serve(request, response).catch((error: unknown) => fail(response, error))
    },
  )
  const bookmarks = setInterval(() => {
    for (const watch of watches) watch.bookmark()
  }, options.bookmarkMs).unref()

  async function serve(request: Request, response: ServerResponse): Promise<void> {
    const [path = '/', search = ''] = (request.url ?? '/').split('?', 2)
    const query = new URLSearchParams(search)
    const user = authenticator.identify(request.headers.authorization, request.socket)
    const recorded = record(request, path, query, user, performance.now() - started)
    requests.push(recorded)
    response.on('close', () => {
      if (response.headersSent) recorded.status = response.statusCode
      events.emit('response', recorded)
    })
    const body = request.method === 'GET' ? '' : await bodyOf(request)
    const exchange: Exchange = { request, response, recorded, query, user, body, twist: {} }
    recorded.body = body ? parseBody(recorded, body) : undefined
    events.emit('request', recorded)
    const watch = request.method === 'GET' && isWatch(query)
    const action = rules.next({
      method: recorded.method,
      url: request.url ?? '/',
      user: recorded.user,
      watch,
    })
    if (action && (await misbehave(action, exchange)) === 'done') return
    await wellServed(exchange)
  }

  async function wellServed(exchange: Exchange): Promise<void> {
    const { recorded, response } = exchange
    try {
      if (!exchange.user) throw unauthorized()
      const info = requestInfo(recorded.method, recorded.path, exchange.query)
      if (exchange.twist.gone && info.verb !== 'watch') throw tooOld(exchange.query)
      authorize(exchange.user, info)
      if (recorded.body instanceof StatusError) throw recorded.body
      if (!info.resource) return send(exchange, discover(api, recorded.path))
      const call = callOf(exchange, info, exchange.user)
      if (info.verb === 'watch') return watch(exchange, call)
      send(exchange, await route(call))
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      if (response.headersSent) response.destroy()
      else send(exchange, { code: error.code, json: JSON.stringify(error.toStatus()) }, retryHeader(error))
    }
  }

  function callOf(exchange: Exchange, info: RequestInfo, user: Identity): Call {
    const { query, recorded } = exchange
    const { body, contentType, userAgent } = recorded
    return { api, definition: servedResource(info), info, user, query, body, contentType, userAgent }
  }

  function watch(exchange: Exchange, call: Call): void {
    const { response, recorded, query, twist } = exchange
    recorded.status = 200
    if (twist.gone) {
      openStream(response)
      response.end(errorLine(tooOld(query)))
      return
    }
    const onEnd = () => {
      watches.delete(running)
      events.emit('watch-ended', recorded)
    }
    const { definition } = call
    const { namespace } = call.info
    const cut = twist.cutAfterEvents
    const started = { definition, namespace, query, onEnd: () => ended() }
    let ended = () => {}
    const running = serveWatch(
      api.store,
      { ...started, ...(cut !== undefined && { cutAfterEvents: cut }) },
      response,
    )
    if (response.writableEnded) return
    ended = onEnd
    watches.add(running)
    events.emit('watch-started', recorded)
  }

  async function misbehave(action: MisbehaviourAction, exchange: Exchange): Promise<'done' | 'go-on'> {
    const { request, response, twist } = exchange
    switch (action) {
      case 'reset':
        request.socket.destroy()
        return 'done'
      case 'hang':
        return 'done'
      case 'go-away':
        await listener.goAway()
        return 'done'
      case 'close-watches':
        for (const running of watches) running.close()
        return 'go-on'
      case 'gone':
        twist.gone = true
        return 'go-on'
      case 'lost-answer':
      case 'half-body':
        twist.cut = action
        return 'go-on'
      default:
    }
    if ('delayMs' in action) {
      await pause(action.delayMs)
      return response.destroyed ? 'done' : 'go-on'
    }
    if ('cutAfterEvents' in action) {
      twist.cutAfterEvents = action.cutAfterEvents
      return 'go-on'
    }
    if ('cutConnections' in action) {
      listener.cutConnections(action.cutConnections)
      request.socket.destroy()
      return 'done'
    }
    if ('goAwayForMs' in action) {
      await listener.goAway()
      await pause(action.goAwayForMs)
      await listener.comeBack()
      return 'done'
    }
    sendPlanned(exchange, action)
    return 'done'
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        timers.delete(timer)
        resolve()
      }, ms)
      timers.add(timer)
    })
  }

  return {
    listener,
    rules,
    requests,
    watches,
    close: async () => {
      clearInterval(bookmarks)
      for (const timer of timers) clearTimeout(timer)
      for (const running of watches) running.close()
      await listener.close()
    },
  }
}

function record(
  request: Request,
  path: string,
  query: URLSearchParams,
  user: Identity | undefined,
  at: number,
): RecordedRequest {
  return {
    at,
    user: user?.name ?? '',
    method: request.method ?? 'GET',
    path,
    query: Object.fromEntries(query),
    host: request.headers.host ?? '',
    userAgent: request.headers['user-agent'] ?? '',
    contentType: (request.headers['content-type'] ?? 'application/json').split(';')[0] ?? '',
    status: 0,
  }
}

const bodyLimit = 3 * 1024 * 1024

async function bodyOf(request: Request): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= bodyLimit) chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** The parsed body, or the refusal that it gets once the request is authorized. */
function parseBody(recorded: RecordedRequest, body: string): unknown {
  try {
    if (recorded.contentType === 'application/apply-patch+yaml') return parseApplied(body)
    return JSON.parse(body)
  } catch (error) {
    if (error instanceof StatusError) return error
    return badRequest(
      `couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : ''}`,
    )
  }
}

function tooOld(query: URLSearchParams): StatusError {
  const version = Number(query.get('resourceVersion') ?? 0)
  return expired(`too old resource version: ${version} (${version + 1})`)
}

function retryHeader(error: StatusError): Record<string, string> {
  const seconds = error.details?.retryAfterSeconds
  return seconds ? { 'retry-after': String(seconds) } : {}
}

function send(exchange: Exchange, answer: Answer, headers: Record<string, string> = {}): void {
  const { request, response, recorded, twist } = exchange
  recorded.status = answer.code
  if (twist.cut === 'lost-answer') {
    request.socket.destroy()
    return
  }
  const large =
    answer.json.length > 128 * 1024 && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
  const body = large ? gzipSync(answer.json, { level: 1 }) : Buffer.from(answer.json)
  response.writeHead(answer.code, {
    'content-type': answer.json.startsWith('{') ? 'application/json' : 'text/plain; charset=utf-8',
    'cache-control': 'no-cache, private',
    'content-length': body.length,
    ...(large && { 'content-encoding': 'gzip' }),
    ...headers,
  })
  if (twist.cut === 'half-body')
    response.write(body.subarray(0, body.length >> 1), () => request.socket.destroy())
  else response.end(body)
}

/** An answer that a rule has laid down, in the form that the real server gives it. */
function sendPlanned(exchange: Exchange, planned: Extract<MisbehaviourAction, { status: number }>): void {
  const { status, retryAfter, body, headers = {} } = planned
  const waiting: Record<string, string> =
    retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
  const json = typeof body === 'string' ? body : JSON.stringify(body ?? plannedBody(status))
  send(exchange, { code: status, json }, { ...waiting, ...headers })
}

function plannedBody(status: number): unknown {
  if (status === 429) return undefined
  if (status === 401) return unauthorized().toStatus()
  const message =
    status === 503
      ? 'the server is currently unable to handle the request'
      : 'Internal error occurred: etcdserver: request timed out'
  return new StatusError(
    status,
    status === 503 ? 'ServiceUnavailable' : 'InternalError',
    message,
    {},
  ).toStatus()
}

/** A fault of the bed itself must not pass for one of the cluster. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.destroyed) return
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.emitWarning(`fault in the small AKS: ${text}`)
  if (response.headersSent) response.destroy()
  else response.writeHead(500, { 'content-type': 'text/plain' }).end(`fault in the small AKS: ${text}`)
}
