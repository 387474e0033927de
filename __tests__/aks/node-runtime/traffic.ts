import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { need } from './host.ts'
import type { TrafficJob } from './traffic-process.ts'

const run = promisify(execFile)
const PROCESS = join(import.meta.dirname, 'traffic-process.ts')

interface End {
  v4: string
  v6: string
  mac: string
}
const NODE: End = { v4: '10.224.0.4', v6: 'fd00:224::4', mac: '02:00:0a:e0:00:04' }
const PEER: End = { v4: '10.224.0.5', v6: 'fd00:224::5', mac: '02:00:0a:e0:00:05' }

/** Destinations of ordinary traffic: together they take a few hundred thousand connections. */
const PORTS = Array.from({ length: 16 }, (_, index) => 8001 + index)
/** The destination that {@link Traffic.fillDestination} is about. */
const BUSY_PORT = 443

/** Connections of a node with a peer in a second namespace, over a wire of their own. */
export interface Traffic {
  /** Leaves exactly so many sockets in TIME-WAIT on the node, spread over many destinations. */
  makeTimeWait(sockets: { v4?: number; v6?: number }): Promise<void>
  /** Takes so many local ports towards one destination, `10.224.0.5:443`; they stay in TIME-WAIT. */
  fillDestination(ports: number): Promise<void>
  /** Keeps so many connections established until the returned function is called; they leave nothing. */
  holdConnections(count: number): Promise<() => Promise<void>>
  stop(): Promise<void>
}

/** Makes nothing until it is used; the peer's namespace is then there until `stop`. */
export function trafficOf(netns: string): Traffic {
  const peer = `${netns}-peer`
  const children = new Set<ChildProcess>()
  let ready: Promise<void> | undefined
  /** Per destination, how many local ports were used: none is used twice while it may be in TIME-WAIT. */
  const used = new Map<string, number>()

  const start = (namespace: string, job: TrafficJob) => {
    const child = spawn(
      need('setpriv'),
      [
        ...['--pdeathsig', 'KILL', need('nsenter'), `--net=/run/netns/${namespace}`],
        ...[process.execPath, '--disable-warning=ExperimentalWarning', PROCESS, JSON.stringify(job)],
      ],
      { stdio: ['pipe', 'pipe', 'pipe'], detached: true, env: { PATH: process.env.PATH } },
    )
    children.add(child)
    child.once('close', () => children.delete(child))
    return child
  }
  const makePeer = async () => {
    const ip = need('ip')
    const lines = [
      `${ip} netns add ${peer}`,
      `${ip} -n ${peer} link set lo up`,
      `${ip} -n ${netns} link add eth0 type veth peer name eth0 netns ${peer}`,
      ...configure(netns, NODE, PEER),
      ...configure(peer, PEER, NODE),
      // Otherwise a late RST of the peer ends some sockets in TIME-WAIT.
      `${need('nsenter')} --net=/run/netns/${netns} sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_rfc1337'`,
    ]
    await run('sh', ['-ec', lines.join('\n')])
    await firstLine(
      start(peer, { role: 'server', addresses: [PEER.v4, PEER.v6], ports: [...PORTS, BUSY_PORT] }),
    )
  }
  const connectAll = async (family: 'v4' | 'v6', ports: number[], count: number, then: 'close' | 'hold') => {
    ready ??= makePeer()
    await ready
    const range = await localPorts(netns)
    const to = PEER[family]
    const share = ports.map((_, index) => Math.floor((count + index) / ports.length))
    const destinations = ports.map((port, index) => {
      const key = `${to}:${port}`
      const from = used.get(key) ?? 0
      used.set(key, from + (share[index] ?? 0))
      const localPorts = Array.from({ length: share[index] ?? 0 }, (_, step) => range.first + from + step)
      if ((localPorts.at(-1) ?? 0) > range.last) throw new Error(`No local port is left towards ${key}.`)
      return { address: to, port, localPorts }
    })
    const localAddress = NODE[family]
    const client = start(netns, { role: 'client', localAddress, destinations, then })
    const line = await firstLine(client)
    if (line !== `done ${count}`)
      throw new Error(`${count} connections were wanted; the client said: ${line}`)
    return client
  }

  return {
    async makeTimeWait({ v4 = 0, v6 = 0 }) {
      if (v4 > 0) await connectAll('v4', PORTS, v4, 'close')
      if (v6 > 0) await connectAll('v6', PORTS, v6, 'close')
    },
    async fillDestination(ports) {
      await connectAll('v4', [BUSY_PORT], ports, 'close')
    },
    async holdConnections(count) {
      const client = await connectAll('v4', PORTS, count, 'hold')
      return () => end(client)
    },
    async stop() {
      await ready?.catch(() => undefined)
      await Promise.all([...children].map(end))
      if (ready) await run(need('ip'), ['netns', 'del', peer])
    },
  }
}

/** The neighbour is made known: packets that wait until it is found are lost when they are many. */
function configure(namespace: string, own: End, other: End): string[] {
  const ip = `${need('ip')} -n ${namespace}`
  return [
    `${ip} link set eth0 address ${own.mac} up`,
    `${ip} addr add ${own.v4}/16 dev eth0`,
    `${ip} addr add ${own.v6}/64 dev eth0 nodad`,
    `${ip} neigh add ${other.v4} lladdr ${other.mac} dev eth0 nud permanent`,
    `${ip} neigh add ${other.v6} lladdr ${other.mac} dev eth0 nud permanent`,
  ]
}

async function localPorts(netns: string): Promise<{ first: number; last: number }> {
  const path = '/proc/sys/net/ipv4/ip_local_port_range'
  const { stdout } = await run(need('nsenter'), [`--net=/run/netns/${netns}`, 'cat', path])
  const [first = 32_768, last = 60_999] = stdout.trim().split(/\s+/).map(Number)
  return { first, last }
}

/** Ends a client by its standard input, so that what it holds is reset and leaves no TIME-WAIT. */
function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 2000)
    child.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    child.stdin?.end()
  })
}

/** The first line that a child prints; rejects with what it said on standard error when it ends before. */
function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    let complaint = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint += chunk.toString('utf8')
    })
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8')
      const end = text.indexOf('\n')
      if (end >= 0) resolve(text.slice(0, end))
    })
    child.once('error', reject)
    child.once('close', () => reject(new Error(`The traffic process ended: ${complaint.trim()}`)))
  })
}
