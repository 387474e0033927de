import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { CertificateAuthority } from '../types.ts'
import type { Fault, Incoming, RecordedCall, Reply, Service } from './types.ts'

export interface Endpoint {
  /** `https://127.0.0.1:PORT`. */
  origin: string
  close: () => Promise<void>
}

export interface EndpointOptions {
  which: Service
  /** Absent: plain http, as metadata addresses are. */
  ca?: CertificateAuthority
  serve: (request: Incoming) => Reply | Promise<Reply>
  calls: RecordedCall[]
  faults: Fault[]
  /** Names beside 127.0.0.1 that its certificate is good for. */
  hostNames?: string[]
}

/** Starts one service on a port of its own on the loopback. */
export async function startEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const listener: RequestListener = (message, response) => void answer(options, message, response)
  const server =
    options.ca === undefined
      ? createHttpServer(listener)
      : createHttpsServer(tlsOf(options.ca, options.which, options.hostNames), listener)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    origin: `${options.ca === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

function tlsOf(ca: CertificateAuthority, commonName: string, hostNames: string[] = []) {
  const { certificate, key } = ca.issue({ commonName, hosts: ['127.0.0.1', 'localhost', ...hostNames] })
  return { cert: certificate, key }
}

async function answer(
  options: EndpointOptions,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  const scheme = options.ca === undefined ? 'http' : 'https'
  const host = message.headers.host ?? ''
  const url = new URL(message.url ?? '/', `${scheme}://${host}`)
  const headers = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, String(value)]),
  )
  const request: Incoming = {
    method: message.method ?? '',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers,
    body: Buffer.concat(chunks).toString('utf8'),
    origin: url.origin,
  }
  const { method, path, query, body } = request
  const userAgent = headers['user-agent'] ?? ''
  const call: RecordedCall = {
    which: options.which,
    at: Date.now(),
    method,
    host,
    path,
    query,
    userAgent,
    body,
    status: 0,
  }
  options.calls.push(call)
  const fault = takeFault(options, request)
  if (fault === 'hang') return
  if (fault === 'reset') {
    message.socket.destroy()
    return
  }
  if (fault !== undefined && 'delayMs' in fault) await delay(fault.delayMs)
  const reply = fault !== undefined && 'status' in fault ? fault : await served(options, request)
  call.status = reply.status
  const json = reply.body === undefined ? '' : JSON.stringify(reply.body)
  response.writeHead(reply.status, {
    ...(reply.body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    'content-length': Buffer.byteLength(json),
    'x-ms-request-id': `request-${options.calls.length}`,
    ...reply.headers,
  })
  response.end(json)
}

/** A bug of the bed must be seen in the test that meets it. */
async function served(options: EndpointOptions, request: Incoming): Promise<Reply> {
  try {
    return await options.serve(request)
  } catch (error) {
    console.error(`the small ${options.which} failed at ${request.method} ${request.path}:`, error)
    return { status: 501, body: { error: { code: 'BedFailed', message: String(error) } } }
  }
}

function takeFault(options: EndpointOptions, request: Incoming): Fault['do'] | undefined {
  const fault = options.faults.find(
    ({ which, method, path }) =>
      which === options.which &&
      (method === undefined || method === request.method) &&
      (path === undefined || path.test(request.path)),
  )
  if (fault === undefined) return undefined
  if (fault.skip !== undefined && fault.skip > 0) {
    fault.skip -= 1
    return undefined
  }
  if (fault.times !== undefined) {
    fault.times -= 1
    if (fault.times <= 0) options.faults.splice(options.faults.indexOf(fault), 1)
  }
  return fault.do
}
