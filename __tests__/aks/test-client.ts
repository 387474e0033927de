/** A plain HTTPS client for the tests of the bed itself: nothing of the action is in it. */
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import type { SmallAks } from './types.ts'

export interface Reply<T = unknown> {
  status: number
  body: T
  headers: IncomingMessage['headers']
}

export interface WatchedEvent {
  type: string
  object: {
    metadata: { name: string; resourceVersion: string; annotations?: Record<string, string> }
    code?: number
    reason?: string
    message?: string
  }
}

export interface WatchStream {
  /** Events so far. */
  events: WatchedEvent[]
  /** Resolves when so many events have come. */
  count(events: number): Promise<WatchedEvent[]>
  /** Resolves with how the stream ended. */
  ended: Promise<'end' | 'cut'>
  stop(): void
}

export interface Client {
  call<T = unknown>(method: string, path: string, body?: unknown, contentType?: string): Promise<Reply<T>>
  watch(path: string): Promise<WatchStream>
  close(): void
}

/** A client that signs in as a user of the bed, or with any token. */
export function clientOf(aks: SmallAks, user?: string, token?: string): Client {
  const bearer = token ?? /token: (\S+)/.exec(aks.kubeconfig(user))?.[1] ?? ''
  const agent = new Agent({ ca: aks.ca.certificate, keepAlive: true, maxSockets: 50 })

  function send(method: string, path: string, body?: string, contentType?: string): ClientRequest {
    return request(aks.server + path, {
      method,
      agent,
      headers: {
        ...(bearer && { authorization: `Bearer ${bearer}` }),
        'user-agent': 'bed-test/1',
        ...(contentType && { 'content-type': contentType }),
        ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
      },
    })
  }

  return {
    call: (method, path, body, contentType = 'application/json') =>
      new Promise((resolve, reject) => {
        const text = body === undefined ? undefined : JSON.stringify(body)
        const outgoing = send(method, path, text, text === undefined ? undefined : contentType)
        outgoing.on('error', reject)
        outgoing.on('response', (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const answer = Buffer.concat(chunks).toString()
            const { statusCode: status = 0, headers } = response
            resolve({ status, headers, body: answer.startsWith('{') ? JSON.parse(answer) : answer })
          })
        })
        outgoing.end(text)
      }),
    watch: (path) =>
      new Promise((resolve, reject) => {
        const outgoing = send('GET', path)
        outgoing.on('error', reject)
        outgoing.on('response', (response) => resolve(streamOf(response, outgoing)))
        outgoing.end()
      }),
    close: () => agent.destroy(),
  }
}

function streamOf(response: IncomingMessage, outgoing: ClientRequest): WatchStream {
  const events: WatchedEvent[] = []
  const waiters = new Set<{ wanted: number; resolve: (events: WatchedEvent[]) => void }>()
  let rest = ''
  const look = () => {
    for (const waiter of waiters) {
      if (events.length < waiter.wanted) continue
      waiters.delete(waiter)
      waiter.resolve(events)
    }
  }
  response.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) events.push(JSON.parse(line) as WatchedEvent)
    look()
  })
  const ended = new Promise<'end' | 'cut'>((resolve) => {
    response.on('end', () => resolve('end'))
    response.on('error', () => resolve('cut'))
  })
  return {
    events,
    count: (wanted) =>
      new Promise((resolve) => {
        waiters.add({ wanted, resolve })
        look()
      }),
    ended,
    stop: () => outgoing.destroy(),
  }
}

/** The smallest pod that is valid. */
export function podNamed(name: string, labels: Record<string, string> = {}, spec: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: { containers: [{ name: 'main', image: 'mcr.microsoft.com/azurelinux/busybox:1.36' }], ...spec },
  }
}
