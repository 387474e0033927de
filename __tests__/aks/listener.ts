import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { CertificateAuthority } from './types.ts'

/** A TLS listener that can leave the net and come back on the same port, until it is closed. */
export interface Listener {
  readonly port: number
  goAway: () => Promise<void>
  comeBack: () => Promise<void>
  /** Cuts this many connections as they arrive. */
  cutConnections: (count: number) => void
  close: () => Promise<void>
}

export type RequestHandler = (
  request: IncomingMessage & { socket: TLSSocket },
  response: ServerResponse,
) => void

/** Listens on a free port of 127.0.0.1. Client certificates of the authority are accepted, none is required. */
export async function listen(
  ca: CertificateAuthority,
  hosts: string[],
  handler: RequestHandler,
): Promise<Listener> {
  const { certificate, key } = ca.issue({ commonName: 'kube-apiserver', hosts })
  const server = createServer(
    {
      cert: certificate,
      key,
      ca: ca.certificate,
      requestCert: true,
      rejectUnauthorized: false,
      keepAliveTimeout: 90_000,
      requestTimeout: 0,
      headersTimeout: 0,
      noDelay: true,
    },
    (request, response) => {
      handler(request as IncomingMessage & { socket: TLSSocket }, response)
    },
  )
  const sockets = new Set<Socket>()
  let cuts = 0
  server.prependListener('connection', (socket: Socket) => {
    socket.on('error', () => socket.destroy())
    if (cuts > 0) {
      cuts--
      socket.resetAndDestroy()
      return
    }
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  await opened(server, 0)
  const { port } = server.address() as AddressInfo

  async function leave(): Promise<void> {
    if (!server.listening) return
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  }

  let closed = false
  let last = Promise.resolve()
  /** A listener that is just going or coming does that first: one left half open would keep the process alive. */
  const inTurn = (work: () => Promise<void>) => (last = last.then(work, work))

  return {
    port,
    goAway: () => inTurn(leave),
    comeBack: () =>
      inTurn(async () => {
        if (!closed && !server.listening) await opened(server, port)
      }),
    cutConnections: (count) => {
      cuts = count
    },
    close: () => {
      closed = true
      return inTurn(leave)
    },
  }
}

function opened(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', 1024, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
