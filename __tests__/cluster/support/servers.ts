import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import net, { type AddressInfo, type Socket } from 'node:net'
import type { KeyPair } from './certificates.ts'

/** A server of a test on a free port of the loopback address. */
export interface TestServer {
  port: number
  /** Connections that were opened to it so far. */
  connections: number
  stop(): Promise<void>
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** An HTTPS server; `requests` has a line `METHOD /path?query` of each request. */
export async function httpsServer(
  pair: KeyPair & { ca?: string; askForClientCertificate?: boolean },
  handler: Handler,
): Promise<TestServer & { requests: string[]; url: URL }> {
  const requests: string[] = []
  const options = {
    cert: pair.cert,
    key: pair.key,
    ...(pair.ca && { ca: pair.ca }),
    ...(pair.askForClientCertificate && { requestCert: true, rejectUnauthorized: true }),
  }
  const server = https.createServer(options, (request, response) => {
    requests.push(`${request.method} ${request.url}`)
    handler(request, response)
  })
  const started = await listen(server)
  return Object.assign(started, { requests, url: new URL(`https://127.0.0.1:${started.port}`) })
}

/** A server that does with each connection what `act` does with its socket. */
export async function rawServer(act: (socket: Socket) => void): Promise<TestServer> {
  return listen(net.createServer(act))
}

export interface ConnectProxy extends TestServer {
  /** `host:port` of each CONNECT, in order. */
  targets: string[]
  url: URL
}

/** A real CONNECT proxy that takes every host to the loopback address, so that names need not resolve. */
export async function connectProxy(
  options: { authorization?: string; status?: number; tls?: KeyPair } = {},
): Promise<ConnectProxy> {
  const targets: string[] = []
  const server: http.Server = options.tls ? https.createServer(options.tls) : http.createServer()
  server.on('connect', (request: IncomingMessage, client: Socket, head: Buffer) => {
    client.on('error', () => {})
    targets.push(String(request.url))
    const allowed =
      options.authorization === undefined || request.headers['proxy-authorization'] === options.authorization
    const status = options.status ?? (allowed ? 200 : 407)
    if (status !== 200) return client.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`)
    const upstream = net.connect(Number(String(request.url).split(':').at(-1)), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.write(head)
      upstream.pipe(client).pipe(upstream)
    })
    upstream.on('error', () => client.destroy())
    client.on('close', () => upstream.destroy())
    return undefined
  })
  const started = await listen(server)
  const url = new URL(`${options.tls ? 'https' : 'http'}://127.0.0.1:${started.port}`)
  return Object.assign(started, { targets, url })
}

/** A port of the loopback address on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = await listen(net.createServer())
  await server.stop()
  return server.port
}

/** Starts a server on a free port of the loopback address. */
export async function listen(server: net.Server): Promise<TestServer> {
  const sockets = new Set<Socket>()
  const state = { port: 0, connections: 0, stop }
  server.on('connection', (socket: Socket) => {
    state.connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  state.port = (server.address() as AddressInfo).port

  async function stop() {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return state
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}
