/**
 * Runs inside a network namespace, as `node traffic-process.ts <job as JSON>`: either the server, which lives
 * until its standard input ends, or a client that makes connections and says `done <number>`.
 */
import { connect, createServer, type Socket } from 'node:net'

export type TrafficJob =
  | { role: 'server'; addresses: string[]; ports: number[] }
  | {
      role: 'client'
      localAddress: string
      destinations: { address: string; port: number; localPorts: number[] }[]
      /** `close`: this side closes first and keeps the TIME-WAIT; `hold`: until standard input ends. */
      then: 'close' | 'hold'
    }

const CONNECTIONS_AT_ONCE = 128

async function serve(addresses: string[], ports: number[]): Promise<void> {
  const servers = addresses.flatMap((host) => ports.map((port) => ({ host, port })))
  await Promise.all(
    servers.map(({ host, port }) => {
      return new Promise<void>((resolve, reject) => {
        const server = createServer((socket) => socket.resume().on('error', () => undefined))
        server.once('error', reject)
        server.listen({ host, port, backlog: 4096 }, resolve)
      })
    }),
  )
  process.stdout.write('ready\n')
}

function open(address: string, port: number, localAddress: string, localPort: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, localAddress, localPort }, () => resolve(socket))
    socket.once('error', reject)
  })
}

/** Resolves when this side is in TIME-WAIT: its FIN was sent first, the other's has been read. */
function close(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve())
    socket.resume().end()
  })
}

async function makeConnections(job: Extract<TrafficJob, { role: 'client' }>): Promise<void> {
  const wanted = job.destinations.flatMap(({ address, port, localPorts }) => {
    return localPorts.map((localPort) => ({ address, port, localPort }))
  })
  const held: Socket[] = []
  let made = 0
  const worker = async () => {
    for (let next = wanted.pop(); next; next = wanted.pop()) {
      const socket = await open(next.address, next.port, job.localAddress, next.localPort)
      if (job.then === 'hold') held.push(socket)
      else await close(socket)
      made += 1
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS_AT_ONCE }, worker))
  process.stdout.write(`done ${made}\n`)
  if (job.then === 'close') process.exit(0)
  process.stdin.once('end', () => {
    for (const socket of held) socket.resetAndDestroy()
    setImmediate(() => process.exit(0))
  })
  process.stdin.resume()
}

const job = JSON.parse(process.argv[2] ?? '') as TrafficJob
if (job.role === 'server') {
  process.stdin.once('end', () => process.exit(0))
  process.stdin.resume()
  await serve(job.addresses, job.ports)
} else {
  await makeConnections(job)
}
