import {
  isKnown,
  type NodeResult,
  type PodDestination,
  type PodSockets,
  type PortTuple,
  type Reading,
  type RemoteName,
} from '../node/reading.ts'
import { nameOf } from './check.ts'
import type { CheckId, Finding, Status } from './finding.ts'
import { byName, clip, count, plural } from './format.ts'

/** The checks whose findings say who holds connections. */
const ABOUT_CONNECTIONS: readonly CheckId[] = [
  'conntrack-usage',
  'conntrack-drops',
  'time-wait',
  'port-usage',
]

/** How many pods a sentence names; the evidence has all that were told. */
const MOST_NAMED = 2

/**
 * A finding that breaches, with the pods of its node that hold most TCP sockets; any other as it is. What the
 * sockets of pods are not is said with them: entries of the table, or part of the node's own count.
 */
export function withHolders(finding: Finding, reading: Reading): Finding {
  const { busiestPods: pods } = reading
  if (pods === undefined || (finding.status !== 'warning' && finding.status !== 'critical')) return finding
  if (!isKnown(pods)) {
    return {
      ...finding,
      summary: `${finding.summary}; which pods hold sockets is not known: ${clip(pods.unknown)}`,
    }
  }
  const ordered = finding.check === 'time-wait' ? byTimeWait(pods.value) : [...pods.value]
  if (ordered.length === 0) return finding
  const lead = finding.check === 'time-wait' ? 'beside these, in pods' : 'most TCP sockets in pods'
  const words = ordered.map(holderWords)
  return {
    ...finding,
    summary: `${finding.summary}; ${lead}: ${words.slice(0, MOST_NAMED).join('; ')}`,
    evidence: { ...finding.evidence, busiestPods: words.join('; ') },
  }
}

function byTimeWait(pods: readonly PodSockets[]): PodSockets[] {
  return pods.filter(({ timeWait }) => timeWait > 0).sort((a, b) => b.timeWait - a.timeWait)
}

/** `shop/web-5d8f 12,034 sockets, 8,000 in TIME-WAIT, most to 10.0.3.4:5432 (pod data/pg-0)`. */
export function holderWords(pod: PodSockets): string {
  const waiting = pod.timeWait > 0 ? `, ${count(pod.timeWait)} in TIME-WAIT` : ''
  const most = mostOf(pod)
  return `${podTitle(pod)} ${plural(socketsOf(pod), 'socket')}${waiting}${most === undefined ? '' : `, most ${most}`}`
}

/** Where most sockets of a pod belong: `to 10.0.3.4:5432` or `on its port 8080`; undefined where nobody knows. */
export function mostOf({ destination, busiestOwnPort: own }: PodSockets): string | undefined {
  if (!isKnown(destination)) return undefined
  const to = destination.value
  if (own !== undefined && own.sockets > (to?.ports ?? 0)) return `on its port ${own.port}`
  return to === null ? undefined : `to ${destinationName(to)}`
}

/** TCP sockets of a pod, those in TIME-WAIT included. */
export function socketsOf({ tcpInUse, timeWait }: PodSockets): number {
  return tcpInUse + timeWait
}

/** What people call it: `namespace/name`, its UID where no name is known, or that it is no pod. */
export function podTitle({ pod, uid }: PodSockets): string {
  if (pod !== undefined) return clip(`${pod.namespace}/${pod.name}`, 120)
  return uid === undefined ? 'processes outside pods' : `pod ${clip(uid, 40)}`
}

/** `10.0.3.4:5432 (pod data/pg-0)`; the address alone where nobody knows whose it is. */
export function destinationName(to: PodDestination | PortTuple): string {
  const whose = remoteName(to.remote)
  return `${addressOf(to)}${whose === undefined ? '' : ` (${whose})`}`
}

/** `10.0.3.4:5432`, `[fd00::1]:443`. */
export function addressOf(to: PodDestination | PortTuple): string {
  const host = to.remoteAddress.includes(':') ? `[${to.remoteAddress}]` : to.remoteAddress
  return `${clip(host, 60)}:${to.remotePort}`
}

/** `pod data/pg-0`, `node np1-0`; undefined where nobody knows whose an address is. */
export function remoteName(remote: RemoteName | undefined): string | undefined {
  if (remote === undefined) return undefined
  if ('namespace' in remote) return `${remote.kind} ${clip(`${remote.namespace}/${remote.name}`, 120)}`
  return `${remote.kind === 'node' ? 'node ' : ''}${clip(remote.name, 120)}`
}

const ORDER: Readonly<Record<Status, number>> = { critical: 0, warning: 1, unknown: 2, ok: 3, 'not-made': 4 }

/** A node with what its pods hold, and the worst status of its findings about connections. */
export interface HolderNode {
  name: string
  status: Status
  reading: Reading
}

/**
 * The nodes about whose connections people will ask, worst first: by their findings, then by what their busiest
 * pod holds.
 */
export function holderNodes(nodes: readonly NodeResult[], findings: readonly Finding[]): HolderNode[] {
  const worst = new Map<string, Status>()
  for (const { check, status, subject } of findings) {
    if (subject.kind !== 'node' || !ABOUT_CONNECTIONS.includes(check)) continue
    const before = worst.get(subject.name)
    if (before === undefined || ORDER[status] < ORDER[before]) worst.set(subject.name, status)
  }
  return nodes
    .flatMap((result) => (result.kind === 'read' ? [result] : []))
    .map(({ node, reading }) => ({ name: node.name, status: worst.get(node.name) ?? 'ok', reading }))
    .sort(
      (a, b) =>
        ORDER[a.status] - ORDER[b.status] ||
        busiest(b.reading) - busiest(a.reading) ||
        byName(a.name, b.name),
    )
}

function busiest({ busiestPods: pods }: Reading): number {
  return pods !== undefined && isKnown(pods)
    ? pods.value.reduce((most, pod) => Math.max(most, socketsOf(pod)), 0)
    : -1
}

/** So many nodes of which nothing is wrong are told about all the same, where pods were looked into. */
const MOST_WELL = 3
const MOST_NODES = 10

/**
 * The nodes whose pods and destinations are worth a name: those that breach, and where pods were looked into a
 * few more. Elsewhere only a destination whose ports run short is told.
 */
export function nodesToName(nodes: readonly NodeResult[], findings: readonly Finding[]): string[] {
  const short = new Set(
    findings.flatMap((finding) => (isShortOfPorts(finding) ? [nameOf(finding.subject)] : [])),
  )
  const all = holderNodes(nodes, findings).filter(
    ({ name, reading }) => reading.busiestPods !== undefined || short.has(name),
  )
  const isWell = ({ status }: HolderNode) => status !== 'warning' && status !== 'critical'
  const few = [...all.filter((node) => !isWell(node)), ...all.filter(isWell).slice(0, MOST_WELL)]
  return few.slice(0, MOST_NODES).map(({ name }) => name)
}

function isShortOfPorts({ check, status }: Finding): boolean {
  return check === 'port-usage' && (status === 'warning' || status === 'critical')
}
