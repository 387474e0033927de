import { type AgentPool, listAgentPools } from '../../azure/agent-pools.ts'
import type { NodeResult } from '../../node/reading.ts'
import type { RemedyContext } from '../remedy.ts'
import { type Need, needsByNode } from '../sysctl-targets.ts'
import { isSame, lineageOf } from './lineage.ts'
import type { Kit } from './options.ts'
import { type PoolNode, poolNodes } from './pool-nodes.ts'

/** A pool that the run is about. */
export interface PoolCase {
  pool: AgentPool
  /** Its nodes in Kubernetes. */
  nodes: PoolNode[]
  /** Its nodes as they were read. */
  results: NodeResult[]
  /** The user named it. */
  named: boolean
  needs: ReadonlySet<Need>
  /** How many of its nodes breach what the settings cure. */
  breaching: number
  /** The pool that an earlier run made to replace it; it is the very pool that this one was made for. */
  successor?: AgentPool
}

/** What there is in Azure, and which of it the run is about. */
export interface Survey {
  pools: AgentPool[]
  /** Replacements that have begun first, then by the number of nodes that breach. */
  cases: PoolCase[]
  /** Names that were asked for and that the cluster does not have. */
  missing: string[]
  /** Sentences. */
  notes: string[]
}

/** Reads the pools and decides which of them the run is about. @throws ArmError, KubeError */
export async function survey(kit: Kit, context: RemedyContext): Promise<Survey> {
  const pools = await listAgentPools(kit.arm, kit.cluster, context.signal)
  const byName = new Map(pools.map((pool) => [pool.name, pool]))
  const notes: string[] = []
  const successors = new Map<string, AgentPool>()
  const nodesOf = new Map<string, PoolNode[]>()
  const read = async (name: string) => {
    const nodes = nodesOf.get(name) ?? (await poolNodes(context.api, name, context.signal))
    nodesOf.set(name, nodes)
    return nodes
  }
  for (const pool of pools) {
    const lineage = lineageOf(pool)
    const predecessor = lineage && byName.get(lineage.predecessor)
    if (!lineage || !predecessor) continue
    if (isSame(lineage, predecessor, await read(predecessor.name))) successors.set(predecessor.name, pool)
    else {
      notes.push(
        `${pool.name} was made to replace a pool ${predecessor.name}; the present ${predecessor.name} is another one, or none of the nodes that it had then is left. Neither is touched for that reason.`,
      )
    }
  }
  const named = namedPools(kit.nodePools, byName, successors, pools, notes)
  const cases: PoolCase[] = []
  for (const pool of pools) {
    const found = caseOf(pool, named.names, kit, context)
    const successor = successors.get(pool.name)
    if ([...successors.values()].some(({ name }) => name === pool.name)) continue
    const wanted = kit.nodePools.length > 0 ? found.named : found.needs.size > 0 || successor !== undefined
    if (!wanted) continue
    cases.push({ ...found, nodes: await read(pool.name), ...(successor && { successor }) })
  }
  const begun = ({ successor }: PoolCase) => (successor === undefined ? 0 : 1)
  cases.sort((a, b) => begun(b) - begun(a) || b.breaching - a.breaching)
  return { pools, cases, missing: named.missing, notes }
}

function namedPools(
  asked: readonly string[],
  pools: ReadonlyMap<string, AgentPool>,
  successors: ReadonlyMap<string, AgentPool>,
  all: readonly AgentPool[],
  notes: string[],
): { names: Set<string>; missing: string[] } {
  const names = new Set<string>()
  const missing: string[] = []
  for (const name of asked) {
    const begun = [...successors].find(([, successor]) => successor.name === name)
    const heir = all.find((pool) => lineageOf(pool)?.predecessor === name)
    if (begun) names.add(begun[0])
    else if (pools.has(name)) names.add(name)
    else if (heir) {
      names.add(heir.name)
      notes.push(`${name} has been replaced by ${heir.name}, which is looked at in its place.`)
    } else missing.push(name)
  }
  return { names, missing }
}

function caseOf(
  pool: AgentPool,
  named: ReadonlySet<string>,
  kit: Kit,
  context: RemedyContext,
): Omit<PoolCase, 'nodes' | 'successor'> {
  const results = context.nodes.filter(({ node }) => node.pool === pool.name)
  const byBreach = needsByNode(context.findings, 'breached', results)
  const breaching = [...byBreach.values()].filter((needs) => needs.size > 0).length
  const isNamed = named.has(pool.name)
  // A pool that is named is meant as a whole, as every pool is with the scope `all`.
  const all = isNamed || kit.scope === 'all'
  const needs = all
    ? new Set<Need>(['conntrack', 'time-wait'])
    : new Set([...byBreach.values()].flatMap((each) => [...each]))
  return { pool, results, named: isNamed, needs, breaching }
}
