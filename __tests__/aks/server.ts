import type { ServerResponse } from 'node:http'
import { type Authenticator, authorize } from './auth.ts'
import type { Identity } from './auth-types.ts'
import {
  bodyOf,
  type Exchange,
  fail,
  parseBody,
  type Request,
  record,
  retryHeader,
  send,
  sendPlanned,
  tooOld,
} from './exchange.ts'
import { type Api, type Call, servedResource } from './handlers/call.ts'
import { discover } from './handlers/discovery.ts'
import { route } from './handlers/route.ts'
import { type Listener, listen } from './listener.ts'
import { createRules, type Rules } from './misbehaviour.ts'
import { isWatch, type RequestInfo, requestInfo } from './request-info.ts'
import { StatusError, unauthorized } from './status.ts'
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
  close: () => Promise<void>
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
