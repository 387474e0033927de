import {
  type AgentPool,
  agentPoolPath,
  isBusy,
  isStale,
  readAgentPool,
  writeAgentPool,
} from '../../azure/agent-pools.ts'
import type { RemedyContext } from '../remedy.ts'
import { listNames } from '../words.ts'
import { type Settings, successorBody } from './bodies.ts'
import { hasToMove } from './drain.ts'
import { isSame, lineageOf, lineageTags } from './lineage.ts'
import { followOptions, type Kit, POLL_MS, READY_MS } from './options.ts'
import { type OsValue, written } from './os-settings.ts'
import { listPods, podName } from './pods.ts'
import { cordon, poolNodes, uncordon } from './pool-nodes.ts'
import { teller } from './progress.ts'
import { onNodes, readByName } from './verify.ts'
import { presentSetting } from './wanted.ts'
import { deletePool, MOST_TRIES, settledPool, untilFree } from './write-pool.ts'

/** What the successor of a pool shall have. */
export type SuccessorSettings = { raise: Record<string, OsValue> } | { exact: Settings }

/** A successor that is there, or why there is none. `theirs`: the name is somebody else's pool. */
export type Found = { pool: AgentPool } | { pool?: undefined; why: string; theirs?: boolean }

/** Makes the successor of a pool, or finds the one that an earlier run made of it. */
export async function makeSuccessor(
  of: AgentPool,
  name: string,
  settings: SuccessorSettings,
  kit: Kit,
  context: RemedyContext,
  stage: (text: string) => void,
): Promise<Found> {
  for (let tries = 1; ; tries++) {
    const present = await settledPool(name, kit, context)
    if (present !== undefined && !(await isOurs(present, of, context))) {
      return {
        why: `there is a pool ${name} that was not made for this ${of.name}; it is not touched`,
        theirs: true,
      }
    }
    const state = present?.state?.toLowerCase()
    if (present !== undefined && state === 'succeeded') return { pool: present }
    if (present !== undefined) {
      // What an earlier run left of a successor that did not come about.
      const { removed, text } = await removeUnfit(name, of, kit, context)
      if (!removed || tries >= MOST_TRIES)
        return { why: `${name} is ${present.state ?? 'in an unknown state'}; ${text}` }
      context.log.info(`${text}, as it was ${present.state ?? 'in an unknown state'}`)
    }
    stage(`${name} is being made`)
    const predecessor = await readAgentPool(kit.arm, kit.cluster, of.name, { signal: context.signal })
    if (predecessor === undefined) return { why: `${of.name} is gone` }
    const nodes = await poolNodes(context.api, of.name, context.signal)
    const body = successorBody(predecessor, settings, lineageTags(predecessor, nodes))
    context.log.info(`${name}: making a pool of the shape of ${of.name}`)
    const follow = followOptions(kit, context, teller(name, kit, context))
    try {
      await writeAgentPool(
        kit.arm,
        { path: agentPoolPath(kit.cluster, name) },
        body,
        { ifNoneMatch: '*' },
        follow,
      )
    } catch (error) {
      context.signal.throwIfAborted()
      // An order whose answer was lost is found by the next look.
      if (tries < MOST_TRIES && (isStale(error) || isBusy(error))) {
        await untilFree(of.name, kit, context)
        continue
      }
      if (!(error instanceof Error)) throw error
      const said = kit.explain(error, `The node pool ${name} could not be made`)
      return { why: said instanceof Error ? said.message : error.message }
    }
  }
}

/** Whether a pool was made to replace this very pool. */
export async function isOurs(pool: AgentPool, of: AgentPool, context: RemedyContext): Promise<boolean> {
  const lineage = lineageOf(pool)
  return lineage !== undefined && isSame(lineage, of, await poolNodes(context.api, of.name, context.signal))
}

/** Waits until the nodes of a successor are ready, and reads them: why they do not serve, undefined when they do. */
export async function whyUnfit(
  name: string,
  needsNodes: boolean,
  kit: Kit,
  context: RemedyContext,
): Promise<string | undefined> {
  const deadline = kit.now() + READY_MS
  let told = ''
  for (;;) {
    const pool = await readAgentPool(kit.arm, kit.cluster, name, { signal: context.signal })
    if (pool === undefined) return `${name} is gone`
    const count = typeof pool.properties.count === 'number' ? pool.properties.count : 0
    const expected = Math.max(count, needsNodes ? 1 : 0)
    const nodes = await poolNodes(context.api, name, context.signal)
    const ready = nodes.filter((node) => node.ready)
    if (ready.length >= expected && ready.length === nodes.length) {
      const names = nodes.map((node) => node.name)
      const wrong = await whyWrong(pool, names, context)
      if (wrong === undefined) context.log.info(`${name}: ${ready.length} nodes are ready and as configured`)
      return wrong
    }
    const text = `${name}: ${ready.length} of ${expected} nodes ready`
    if (text !== told) context.log.info(text)
    told = text
    if (kit.now() >= deadline)
      return `${ready.length} of ${expected} nodes of ${name} were ready after ${READY_MS / 60_000} minutes`
    await context.sleep(POLL_MS)
  }
}

/** Holds the nodes against the configuration of their pool. */
async function whyWrong(
  { name, properties }: AgentPool,
  nodes: string[],
  context: RemedyContext,
): Promise<string | undefined> {
  if (nodes.length === 0) return undefined
  const results = await readByName(nodes, [], context)
  const unread = results.filter(({ kind }) => kind !== 'read')
  if (unread.length > 0)
    return `nodes of ${name} could not be read: ${listNames(unread.map(({ node }) => node.name))}`
  const config = Object.keys(sysctlsOf(properties))
  for (const setting of config) {
    const wanted = written(presentSetting(properties, setting))
    const found = wanted === null ? undefined : onNodes(setting, wanted, results)
    if (found?.kind === 'missing') return `${setting} of ${name}: ${found.why}`
  }
  return undefined
}

function sysctlsOf(properties: Record<string, unknown>): Record<string, unknown> {
  const os = properties.linuxOSConfig as { sysctls?: Record<string, unknown> } | null | undefined
  return os?.sysctls ?? {}
}

/**
 * Takes a successor away that did not come about: only if it was made for this very pool and nothing runs on it.
 * Says what became of it.
 */
export async function removeUnfit(
  name: string,
  of: AgentPool,
  kit: Kit,
  context: RemedyContext,
  tries = 1,
): Promise<{ removed: boolean; text: string }> {
  const { api, signal } = context
  const pool = await settledPool(name, kit, context)
  if (pool === undefined) return { removed: true, text: `${name} is not there` }
  if (!(await isOurs(pool, of, context))) return { removed: false, text: `${name} is not ours and stays` }
  const nodes = await poolNodes(api, name, signal)
  for (const node of nodes.filter(({ cordoned }) => !cordoned)) await cordon(api, node, name, signal)
  const here = new Set(nodes.map((node) => node.name))
  const work = (await listPods(api, signal)).filter(
    (pod) => here.has(pod.spec.nodeName ?? '') && hasToMove(pod),
  )
  if (work.length > 0) {
    await uncordonFor(name, name, context)
    return { removed: false, text: `${name} stays, as pods run on it: ${listNames(work.map(podName))}` }
  }
  try {
    await deletePool(pool, kit, context)
    return { removed: true, text: `${name} was removed` }
  } catch (error) {
    signal.throwIfAborted()
    if (tries < MOST_TRIES && (isStale(error) || isBusy(error))) {
      await untilFree(name, kit, context)
      return removeUnfit(name, of, kit, context, tries + 1)
    }
    // A successor that stays must be able to take pods: the next run may find nothing wrong with it.
    await uncordonFor(name, name, context)
    const said = kit.explain(error, `${name} could not be removed`)
    return { removed: false, text: said instanceof Error ? said.message : `${name} could not be removed` }
  }
}

/** Lets pods on the nodes of a pool again that were cordoned for a successor. Returns their names. */
export async function uncordonFor(
  name: string,
  successor: string,
  context: RemedyContext,
): Promise<string[]> {
  const nodes = await poolNodes(context.api, name, context.signal)
  const ours = nodes.filter(({ cordonedFor }) => cordonedFor === successor)
  for (const node of ours) await uncordon(context.api, node, context.signal)
  return ours.map((node) => node.name)
}
