import { request } from 'node:http'
import { connect } from 'node:net'
import { messageOf } from '../errors.ts'

/** Whether a TCP connection to a server comes about, and if not, why, for people. */
export type Reach = { reachable: true } | { reachable: false; why: string }

export interface ReachOptions {
  /** Proxy for this server. */
  proxy?: URL | undefined
  timeoutMs: number
  signal?: AbortSignal | undefined
}

/** Tries a connection, directly or through a proxy, and closes it. Never longer than `timeoutMs`. */
export async function reach(server: string, options: ReachOptions): Promise<Reach> {
  const url = new URL(server)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port || 443)
  const timeout = AbortSignal.timeout(options.timeoutMs)
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout])
  try {
    await (options.proxy === undefined
      ? direct(host, port, signal)
      : tunnel(options.proxy, url, port, signal))
    return { reachable: true }
  } catch (error) {
    options.signal?.throwIfAborted()
    return { reachable: false, why: timeout.aborted ? 'no connection in time' : reason(error) }
  }
}

function direct(host: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal })
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', reject)
  })
}

function tunnel(proxy: URL, url: URL, port: number, signal: AbortSignal): Promise<void> {
  // A proxy that itself speaks TLS is taken at its word; the client that is used later reports on it.
  if (proxy.protocol !== 'http:') return Promise.resolve()
  return new Promise((resolve, reject) => {
    const user = [proxy.username, proxy.password].map(decodeURIComponent).join(':')
    const target = `${url.hostname}:${port}`
    const call = request({
      host: proxy.hostname,
      port: proxy.port || 80,
      method: 'CONNECT',
      path: target,
      headers: {
        host: target,
        ...(user === ':' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` }),
      },
      agent: false,
      signal,
    })
    call.once('connect', ({ statusCode = 0 }, socket) => {
      socket.destroy()
      if (statusCode >= 200 && statusCode < 300) resolve()
      else reject(new Error(`the proxy ${proxy.host} answers ${statusCode}`))
    })
    call.once('response', ({ statusCode = 0 }) =>
      reject(new Error(`the proxy ${proxy.host} answers ${statusCode}`)),
    )
    call.once('error', reject)
    call.end()
  })
}

function reason(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  if (code === 'ENOTFOUND') return 'its name does not resolve here'
  if (code === 'EAI_AGAIN') return 'no name server answers for its name'
  if (code === 'ECONNREFUSED') return 'it refuses the connection'
  if (code === 'ENETUNREACH' || code === 'EHOSTUNREACH') return 'there is no route to it'
  return messageOf(error)
}
