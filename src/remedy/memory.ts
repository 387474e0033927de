import { listNames, round, size } from './words.ts'

/**
 * Kernel memory of one entry of the connection-tracking table in bytes, without NAT and with it, and of one
 * bucket; measured on Linux 6.18 with 400,000 entries. Entries are allocated as they come, buckets at once.
 */
const entryBytes = { plain: 256, nat: 384 }
const bucketBytes = 8
/** Kernel memory of one TIME-WAIT socket in bytes; measured on Linux 6.18 with 99,448 sockets. */
const timeWaitBytes = 303

/** From this part of a node's memory on, a full table is worth a warning. */
export const warnPercentOfMemory = 10
/** Buckets are allocated at once: more than this part of a node's memory for them is refused. */
export const maxBucketsPercentOfMemory = 5
/** What a node is taken to have when its memory is not known: the smallest that AKS offers, 4 GiB. */
const assumedMemoryKb = 4 * 2 ** 20

/** Memory of the bucket array in bytes. */
export function bucketArrayBytes(buckets: number): number {
  return buckets * bucketBytes
}

/** The most that a table of `max` entries takes when it is full of translated flows, in bytes. */
export function fullTableBytes(max: number, buckets: number): number {
  return max * entryBytes.nat + bucketArrayBytes(buckets)
}

/** Whether a node with `memoryKb` kB of memory can be given so many buckets. */
export function bucketsFit(buckets: number, memoryKb: number | undefined): boolean {
  const available = (memoryKb ?? assumedMemoryKb) * 1024
  return bucketArrayBytes(buckets) <= (available * maxBucketsPercentOfMemory) / 100
}

/** The sizes that a node gets, as far as memory goes. */
export interface NodeSizes {
  node: string
  memoryKb: number | undefined
  /** New nf_conntrack_max and nf_conntrack_buckets; absent when they do not change. */
  conntrack?: { max: number; buckets: number }
  /** New tcp_max_tw_buckets; absent when it does not change. */
  maxTwBuckets?: number
}

/** Sentences on what the new sizes cost when they are used to the full: one for every size, warnings first. */
export function memoryImpact(nodes: NodeSizes[]): string[] {
  const lines = [
    ...grouped(nodes, (node) => node.conntrack?.max, conntrackLine),
    ...grouped(nodes, (node) => node.maxTwBuckets, timeWaitLine),
  ]
  return [...lines.filter((line) => line.warns), ...lines.filter((line) => !line.warns)].map(
    (line) => line.text,
  )
}

interface Line {
  warns: boolean
  text: string
}

function grouped(
  nodes: NodeSizes[],
  key: (node: NodeSizes) => number | undefined,
  line: (value: number, nodes: NodeSizes[]) => Line,
): Line[] {
  const groups = Map.groupBy(
    nodes.filter((node) => key(node) !== undefined),
    (node) => key(node) ?? 0,
  )
  return [...groups].sort(([a], [b]) => b - a).map(([value, members]) => line(value, members))
}

function conntrackLine(max: number, nodes: NodeSizes[]): Line {
  const buckets = Math.max(...nodes.map((node) => node.conntrack?.buckets ?? 0))
  const full = fullTableBytes(max, buckets)
  const cost = `${max} tracked connections take ${size(max * entryBytes.plain)} of kernel memory, ${size(full)} when all are translated by NAT`
  return withShare(full, nodes, `${cost}; it is taken as connections come, not when the limit is raised`)
}

function timeWaitLine(limit: number, nodes: NodeSizes[]): Line {
  const full = limit * timeWaitBytes
  return withShare(
    full,
    nodes,
    `${limit} TIME-WAIT sockets would take ${size(full)} of kernel memory in each network namespace that has that limit; it is taken as sockets come`,
  )
}

/** Adds the share of the smallest node's memory, and a warning where that is large. */
function withShare(bytes: number, nodes: NodeSizes[], text: string): Line {
  const known = nodes.filter((node) => node.memoryKb !== undefined)
  const smallest = Math.min(...known.map((node) => node.memoryKb ?? 0))
  if (known.length === 0) return { warns: false, text: `${text}. The memory of the nodes is not known.` }
  const percent = (bytes / (smallest * 1024)) * 100
  const large = known.filter((node) => bytes / ((node.memoryKb ?? 0) * 1024) >= warnPercentOfMemory / 100)
  const share = `${round(percent)} % of ${size(smallest * 1024)}`
  if (large.length === 0) return { warns: false, text: `${text} (${share}).` }
  const names = listNames(large.map((node) => node.node))
  return { warns: true, text: `Large for the memory of ${names}: ${text} (${share}).` }
}
