import { readAgentPool } from '../../azure/agent-pools.ts'
import type { Plan, RemedyContext } from '../remedy.ts'
import { podRights } from '../rights.ts'
import { needsByNode } from '../sysctl-targets.ts'
import { foreignPools, hasAutoProvisioning, nodeClassNote, nodeClassOf } from './node-class.ts'
import type { Kit } from './options.ts'
import { type CasePlan, planCase, refusal } from './plan-case.ts'
import { DELETE_POOLS, drainRights, previewApi, READ_POOLS, shapedAway, WRITE_POOLS } from './preflight.ts'
import { type PoolCase, survey } from './survey.ts'
import { settingSteps } from './wanted.ts'

/** Looks at all pools that the run is about and decides what each shall have. Changes nothing. */
export async function planNodePools(kit: Kit, context: RemedyContext): Promise<Plan> {
  const found = await explained(kit, survey(kit, context))
  const plan: Plan = {
    remedy: 'node-pool',
    steps: [],
    lasts:
      'for as long as the node pool exists: on every node that it has or gets, after reboots, upgrades and scale-out',
    impact: [],
    rights: [
      ...new Set([
        READ_POOLS,
        WRITE_POOLS,
        ...(kit.strategy === 'replace' ? [DELETE_POOLS, ...drainRights] : ['nodes list']),
        ...podRights(kit.namespace),
      ]),
    ],
    notes: [...kit.notices, ...found.notes],
  }
  const foreign = hasAutoProvisioning(kit.cluster)
    ? foreignPools(
        context.nodes,
        found.pools.map((pool) => pool.name),
      )
    : []
  for (const name of found.missing.filter((each) => !foreign.includes(each))) {
    plan.steps.push(
      refusal(
        name,
        `the cluster has no node pool ${name}; it has ${found.pools.map((pool) => pool.name).join(', ')}`,
      ),
    )
  }
  await addForeignPools(plan, foreign, kit, context)
  let acting = 0
  for (const each of found.cases) {
    const part = await planCase(each, found, kit, context, acting < kit.maxPools)
    if (part.steps.some(({ intent }) => intent === 'change')) {
      acting += 1
      await addHiddenFields(part, each, kit, context)
    }
    plan.steps.push(...part.steps)
    plan.impact.push(...part.impact)
    plan.notes.push(...part.notes)
  }
  if (acting > 1) plan.impact.push('One pool at a time, and no further one after one that fails.')
  if (plan.steps.length === 0) {
    plan.notes.push(
      'No node pool has a node that breaches what these settings cure. With `node-pools` those named are configured all the same, with fix-scope: all every pool.',
    )
  }
  return plan
}

async function explained<T>(kit: Kit, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw kit.explain(error, 'The node pools cannot be looked at')
  }
}

/** Pools whose nodes come from elsewhere: node auto-provisioning has its own resource for the same settings. */
async function addForeignPools(
  plan: Plan,
  foreign: readonly string[],
  kit: Kit,
  context: RemedyContext,
): Promise<void> {
  const asked = kit.nodePools.length === 0 ? foreign : foreign.filter((name) => kit.nodePools.includes(name))
  const scope = kit.nodePools.length > 0 ? 'all' : kit.scope
  const needs = needsByNode(context.findings, scope, context.nodes)
  for (const name of asked) {
    const nodes = context.nodes.filter(({ node }) => node.pool === name)
    const own = new Set(nodes.flatMap(({ node }) => [...(needs.get(node.name) ?? [])]))
    if (own.size === 0) continue
    const steps = settingSteps({ name, properties: {}, nodes }, own, kit.wanted)
    const nodeClass = await nodeClassOf(context.api, name, context.signal)
    plan.steps.push(
      refusal(
        name,
        'its nodes come from node auto-provisioning: the patch below does the same, and is not applied by this action',
      ),
    )
    plan.notes.push(nodeClassNote(name, nodeClass, steps))
  }
}

/** Says which fields a PUT of the public API version would not carry, as far as a preview version shows them. */
async function addHiddenFields(
  part: CasePlan,
  { pool, successor }: PoolCase,
  kit: Kit,
  { signal }: RemedyContext,
): Promise<void> {
  if (successor !== undefined) return
  const preview = await readAgentPool(kit.arm, kit.cluster, pool.name, {
    signal,
    apiVersion: previewApi,
  }).catch(() => undefined)
  signal.throwIfAborted()
  const hidden = shapedAway(pool, preview)
  const lost =
    kit.strategy === 'replace'
      ? 'the successor would not have them'
      : 'whether AKS keeps them is not documented'
  if (hidden === undefined) {
    part.notes.push(
      `Whether ${pool.name} has settings of a preview version of the API could not be seen; ${lost}.`,
    )
  } else if (hidden.length > 0) {
    part.impact.push(
      `${pool.name} has settings of a preview version of the API, which are not carried over (${hidden.join(', ')}): ${lost}.`,
    )
  }
}
