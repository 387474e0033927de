import type { AgentPool } from '../../azure/agent-pools.ts'
import { record, text } from '../../azure/arm-error.ts'

/**
 * What a successor's tags say of the pool that it replaces. A name alone is no proof, as a pool can be made
 * again under it: the nodes' UIDs are, which Kubernetes gives out once, and for a pool without nodes its ETag.
 */
export interface Lineage {
  predecessor: string
  /** The pool that has the tags. */
  successor: string
  /** First eight digits of the UIDs of nodes that the predecessor had. */
  nodes: string[]
  etag: string
}

const PREFIX = 'aks-connection-health'
export const TAGS = {
  replaces: `${PREFIX}-replaces`,
  nodes: `${PREFIX}-replaces-nodes`,
  etag: `${PREFIX}-replaces-etag`,
} as const

/** The value of a tag has at most 256 characters: 28 nodes; a resource has at most 50 tags. */
const MOST_NODES = 28
const MOST_TAGS = 50

/** The tags by which a later run knows a successor. */
export function lineageTags(
  predecessor: Pick<AgentPool, 'name' | 'etag'>,
  nodes: readonly { uid: string }[],
): Record<string, string> {
  return {
    [TAGS.replaces]: predecessor.name,
    [TAGS.nodes]: nodes
      .slice(0, MOST_NODES)
      .map(({ uid }) => short(uid))
      .join(' '),
    [TAGS.etag]: (predecessor.etag ?? '').slice(0, 200),
  }
}

/** Whether a pool has room for these tags. */
export function tagsFit({ properties }: Pick<AgentPool, 'properties'>): boolean {
  const own = Object.keys(record(properties.tags) ?? {}).filter((tag) => !tag.startsWith(PREFIX))
  return own.length + Object.keys(TAGS).length <= MOST_TAGS
}

export function lineageOf({ name, properties }: Pick<AgentPool, 'name' | 'properties'>): Lineage | undefined {
  const tags = new Map(
    Object.entries(record(properties.tags) ?? {}).map(([tag, value]) => [tag.toLowerCase(), text(value)]),
  )
  const predecessor = tags.get(TAGS.replaces)
  if (predecessor === undefined) return undefined
  const nodes = (tags.get(TAGS.nodes) ?? '').split(' ').filter((uid) => /^[0-9a-f-]{8}$/.test(uid))
  return { predecessor, successor: name, nodes, etag: tags.get(TAGS.etag) ?? '' }
}

/**
 * Whether a pool is the very one that a successor was made for, and not one of the same name. A node that was
 * cordoned for this successor says it too: the tag has room for some of many nodes, and an autoscaler removes
 * those that are drained.
 */
export function isSame(
  lineage: Lineage,
  pool: Pick<AgentPool, 'name' | 'etag'>,
  nodes: readonly { uid: string; cordonedFor?: string | undefined }[],
): boolean {
  if (lineage.predecessor !== pool.name) return false
  if (nodes.some(({ uid }) => lineage.nodes.includes(short(uid)))) return true
  if (nodes.some(({ cordonedFor }) => cordonedFor === lineage.successor)) return true
  return lineage.etag !== '' && lineage.etag === pool.etag
}

function short(uid: string): string {
  return uid.toLowerCase().slice(0, 8)
}

/** Linux pools have names of 1 to 12 lower-case letters and digits, a letter first. */
const NAME = /^[a-z][a-z0-9]{0,11}$/
const LETTERS = Array.from('bcdefghijklmnopqrstuvwxyza')

/**
 * A name for the successor that no pool of the cluster has: `np1` becomes `np1b`, and `np1b`, if it was a
 * successor itself, `np1c`. Undefined when none is free.
 */
export function successorName(
  pool: Pick<AgentPool, 'name' | 'properties'>,
  taken: readonly string[],
): string | undefined {
  const predecessor = lineageOf(pool)?.predecessor
  const last = pool.name.at(-1) ?? ''
  const numbered = predecessor !== undefined && LETTERS.includes(last) && pool.name.length > 1
  const stem = numbered ? pool.name.slice(0, -1) : pool.name.slice(0, 11)
  const start = numbered ? (LETTERS.indexOf(last) + 1) % LETTERS.length : 0
  const letters = [...LETTERS.slice(start), ...LETTERS.slice(0, start)]
  const known = new Set(taken.map((name) => name.toLowerCase()))
  return letters.map((letter) => `${stem}${letter}`).find((name) => NAME.test(name) && !known.has(name))
}
