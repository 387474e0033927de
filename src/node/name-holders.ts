import type { KubeApi } from '../cluster/kube-api.ts'
import { askForPods, type KnownPods, podName, portRangeOf } from './pod-names.ts'
import {
  isKnown,
  type Measured,
  type NodeResult,
  type PodSockets,
  type PortTuple,
  type Reading,
  type RemoteName,
} from './reading.ts'

export interface NamingOptions {
  /** The nodes whose pods and destinations are to be named, the most important first. */
  nodes: readonly string[]
  /** The addresses of services, as far as they are known. */
  services: readonly { address: string; namespace: string; name: string }[]
  signal?: AbortSignal
}

/** Addresses that every Azure virtual machine reaches: its DNS and wire server, and its metadata service. */
const AZURE: ReadonlyMap<string, string> = new Map([
  ['168.63.129.16', 'Azure DNS and platform'],
  ['169.254.169.254', 'Azure instance metadata'],
])

type Read = Extract<NodeResult, { kind: 'read' }>

/**
 * Puts names to the pods that hold the connections of some nodes and to the destinations of these. What nobody
 * could name stays a UID or an address; `unknown` says why, once.
 */
export async function nameHolders(
  api: KubeApi,
  results: readonly NodeResult[],
  { nodes, services, signal }: NamingOptions,
): Promise<{ results: NodeResult[]; unknown?: string }> {
  const wanted = new Set(nodes)
  const readings = nodes
    .flatMap((name) => results.filter((result) => result.node.name === name))
    .filter(isRead)
  const fixed = addressBook(results, services)
  const withPods = readings.filter(({ reading }) => podsOf(reading).some(({ uid }) => uid !== undefined))
  const known = await askForPods(
    api,
    withPods.map(({ node }) => node.name),
    (soFar) => unnamed(readings, (address) => fixed.has(address) || soFar.byAddress.has(address)),
    signal,
  )
  const book = new Map([...known.byAddress, ...fixed])
  const named = results.map((result) =>
    isRead(result) && wanted.has(result.node.name) ? withNames(result, known, book) : result,
  )
  return { results: named, ...(known.unknown !== undefined && { unknown: known.unknown }) }
}

function isRead(result: NodeResult): result is Read {
  return result.kind === 'read'
}

function podsOf({ busiestPods }: Reading): PodSockets[] {
  return busiestPods !== undefined && isKnown(busiestPods) ? busiestPods.value : []
}

function addressBook(
  results: readonly NodeResult[],
  services: NamingOptions['services'],
): Map<string, RemoteName> {
  const book = new Map<string, RemoteName>()
  for (const [address, name] of AZURE) book.set(address, { kind: 'azure', name })
  for (const { address, namespace, name } of services) book.set(address, { kind: 'service', namespace, name })
  for (const { node } of results) {
    if (node.internalAddress !== undefined) book.set(node.internalAddress, { kind: 'node', name: node.name })
  }
  return book
}

/** The addresses that nobody has named, each once; those of the machine itself are no pod's. */
function unnamed(readings: readonly Read[], isNamed: (address: string) => boolean): string[] {
  const all = readings.flatMap(({ reading }) => [
    ...destinations(podsOf(reading)),
    ...busiest(reading.busiestTuples).map(({ remoteAddress }) => remoteAddress),
  ])
  return [...new Set(all)].filter((address) => !isNamed(address) && !/^(127\.|0\.|::1?$)/.test(address))
}

function destinations(pods: readonly PodSockets[]): string[] {
  return pods.flatMap(({ destination }) =>
    isKnown(destination) && destination.value !== null ? [destination.value.remoteAddress] : [],
  )
}

/** One tuple of the node is told, so that one is named. */
function busiest(tuples: Measured<PortTuple[]>): PortTuple[] {
  return isKnown(tuples) ? tuples.value.slice(0, 1) : []
}

function withNames(result: Read, known: KnownPods, book: ReadonlyMap<string, RemoteName>): Read {
  const { reading, node } = result
  const pods = known.byNode.get(node.name)
  const remoteOf = (address: string) => {
    const remote = book.get(address)
    return remote === undefined ? {} : { remote }
  }
  const { busiestTuples: tuples, busiestPods } = reading
  const namedPods = podsOf(reading).map((sockets) => {
    const pod = sockets.uid === undefined ? undefined : pods?.get(sockets.uid)
    const portRange = pod && portRangeOf(pod)
    const { destination: to } = sockets
    const destination =
      isKnown(to) && to.value !== null ? { value: { ...to.value, ...remoteOf(to.value.remoteAddress) } } : to
    return { ...sockets, destination, ...(pod && { pod: podName(pod) }), ...(portRange && { portRange }) }
  })
  const busiestTuples = isKnown(tuples)
    ? { value: tuples.value.map((tuple) => ({ ...tuple, ...remoteOf(tuple.remoteAddress) })) }
    : tuples
  const isNamed = busiestPods !== undefined && isKnown(busiestPods)
  return {
    ...result,
    reading: { ...reading, busiestTuples, ...(isNamed && { busiestPods: { value: namedPods } }) },
  }
}
