import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

/** An HTTP proxy that makes tunnels. */
export interface TestProxy {
  url: string
  tunnels: { target: string; authorization: string | undefined }[]
  /** Where tunnels to `host:port` really lead, for names that no resolver here knows. */
  routes: Map<string, string>
  /** A status instead of a tunnel, or no answer at all. */
  refuse: number | 'silent' | undefined
  stop: () => Promise<void>
}

export async function startProxy(): Promise<TestProxy> {
  const sockets = new Set<Socket>()
  const server = createServer((_request, response) => response.writeHead(405).end())
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  })
  server.on('connect', (request, socket: Socket) => {
    const target = request.url ?? ''
    if (proxy.refuse === 'silent') return
    if (proxy.refuse !== undefined) {
      socket.end(`HTTP/1.1 ${proxy.refuse} No\r\ncontent-length: 0\r\n\r\n`)
      return
    }
    proxy.tunnels.push({ target, authorization: request.headers['proxy-authorization'] })
    const { hostname, port } = new URL(`http://${proxy.routes.get(target) ?? target}`)
    const onward = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    socket.on('close', () => onward.destroy())
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const proxy: TestProxy = {
    url: `http://127.0.0.1:${port}`,
    tunnels: [],
    routes: new Map(),
    refuse: undefined,
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
  return proxy
}
