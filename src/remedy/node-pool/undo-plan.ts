import { type AgentPool, readAgentPool } from '../../azure/agent-pools.ts'
import type { RemedyContext, Step } from '../remedy.ts'
import type { Restorable } from '../restore-input.ts'
import { listNames } from '../words.ts'
import { lineageOf } from './lineage.ts'
import { isUnsafeSysctl } from './linux-os-sysctls.ts'
import type { Kit } from './options.ts'
import { OS_SETTINGS, parsedValue, UNSAFE_SYSCTLS, written } from './os-settings.ts'
import { POOL } from './plan-case.ts'
import { poolNodes } from './pool-nodes.ts'
import { missingDrainRights } from './preflight.ts'
import { isOurs } from './successor.ts'
import { tiesOf } from './ties.ts'
import { type PoolStep, presentSetting } from './wanted.ts'

/** One setting of one pool that a fix changed. For {@link POOL}: the pools that it left there. */
export type PoolItem = Restorable & { target: { kind: 'node-pool'; name: string } }

export function isPoolItem(item: Restorable): item is PoolItem {
  return item.target.kind === 'node-pool'
}

/** What there is of a replacement. */
export type Situation =
  | { kind: 'both'; pool: AgentPool; successor: AgentPool }
  | { kind: 'old'; pool: AgentPool; cordoned: string[] }
  /** The old pool is gone, or one was made again that is to replace the successor. */
  | { kind: 'new'; successor: AgentPool }
  | { kind: 'none' }
  /** Both are there, and the one was not made for the other. */
  | { kind: 'strangers' }

/** The steps that put pools back. Looks, decides, changes nothing. */
export async function planUndo(
  items: readonly PoolItem[],
  kit: Kit,
  context: RemedyContext,
): Promise<PoolStep[]> {
  const steps: PoolStep[] = []
  for (const [name, own] of Map.groupBy(items, ({ target }) => target.name)) {
    const replaced = own.find(({ setting }) => setting === POOL)
    steps.push(
      ...(replaced === undefined
        ? await undoSettings(name, own, kit, context)
        : await undoReplacement(name, replaced, own, kit, context)),
    )
  }
  return steps
}

function stepOf(name: string, setting: string, rest: Pick<Step, 'from' | 'to' | 'intent' | 'why'>): PoolStep {
  return { remedy: 'restore', target: { kind: 'node-pool', name }, setting, ...rest }
}

/** Settings go back only where they still are as the fix wrote them. */
async function undoSettings(
  name: string,
  items: readonly PoolItem[],
  kit: Kit,
  { signal }: RemedyContext,
): Promise<PoolStep[]> {
  const pool = await readAgentPool(kit.arm, kit.cluster, name, { signal })
  return items.map(({ setting, before, wrote }) => {
    const decide = (intent: Step['intent'], from: Step['from'], why?: string) =>
      stepOf(name, setting, { from, to: before ?? null, intent, ...(why && { why }) })
    if (before === undefined) return decide('refuse', undefined, 'the report does not say what it was before')
    if (!isValue(setting, before)) return decide('refuse', undefined, 'it is no value that AKS takes')
    if (pool === undefined) return decide('skip', undefined, 'the pool is gone')
    const present = written(presentSetting(pool.properties, setting))
    if (present === before) return decide('skip', present, 'it is as it was before')
    return present === wrote
      ? decide('change', present)
      : decide('skip', present, 'somebody changed it since the fix')
  })
}

/** The report is not trusted: only what AKS has, with values that it takes, is sent to it. */
function isValue(setting: string, value: string | null): boolean {
  const known = setting === UNSAFE_SYSCTLS || Object.hasOwn(OS_SETTINGS, setting)
  if (!known || value === null) return known
  const parsed = parsedValue(setting, value)
  if (Array.isArray(parsed)) return parsed.every(isUnsafeSysctl)
  const limits = OS_SETTINGS[setting]
  if (limits?.kind === 'number' && typeof parsed === 'number') {
    return parsed >= limits.least && parsed <= limits.most
  }
  // AKS writes 1 for false on some nodes.
  return parsed !== undefined && parsed !== false
}

/** The successor that a fix meant, whatever it left there. */
function successorIn(name: string, { wrote }: PoolItem): string | undefined {
  return (wrote ?? '').split(' ').find((each) => each !== '' && each !== name)
}

async function undoReplacement(
  name: string,
  item: PoolItem,
  items: readonly PoolItem[],
  kit: Kit,
  context: RemedyContext,
): Promise<PoolStep[]> {
  const heir = successorIn(name, item)
  const only = (intent: Step['intent'], from: Step['from'], why: string) => [
    stepOf(name, POOL, { from, to: name, intent, why }),
  ]
  if (heir === undefined) return only('skip', name, 'the report names no successor')
  const found = await situation(name, heir, kit, context)
  switch (found.kind) {
    case 'none':
      return only('refuse', undefined, `neither ${name} nor ${heir} is there`)
    case 'strangers':
      return only('refuse', undefined, `${heir} was not made to replace this ${name}; both are left alone`)
    case 'old':
      return found.cordoned.length === 0
        ? only('skip', name, `${heir} is not there, and the nodes of ${name} take pods`)
        : only('change', name, `${listNames(found.cordoned)} take pods again`)
    case 'both': {
      const why = await whyNotDrained(heir, name, context)
      return why === undefined
        ? only('change', `${name} ${heir}`, `${name} takes pods again, ${heir} is drained and deleted`)
        : only('refuse', `${name} ${heir}`, why)
    }
    case 'new': {
      const why = await whyNotDrained(heir, name, context)
      if (why !== undefined) return only('refuse', heir, why)
      const known = items.filter(({ setting }) => setting !== POOL)
      if (known.length === 0) return only('refuse', heir, `the report does not say what ${name} had`)
      const bad = known.filter(({ setting, before }) => before === undefined || !isValue(setting, before))
      if (bad.length > 0) {
        return only(
          'refuse',
          heir,
          `what ${name} had of ${bad[0]?.setting ?? ''} is not known or is no value that AKS takes`,
        )
      }
      const settings = known.map(({ setting, before }) => {
        const from = written(presentSetting(found.successor.properties, setting))
        return stepOf(name, setting, { from, to: before ?? null, intent: 'change' })
      })
      return [...settings, ...only('change', heir, `${name} is made again, ${heir} is drained and deleted`)]
    }
  }
}

async function whyNotDrained(
  pool: string,
  to: string,
  { api, signal }: RemedyContext,
): Promise<string | undefined> {
  const missing = (await missingDrainRights(api, signal)).map((right) => `the right ${right} is missing`)
  if (missing.length > 0) return listNames(missing)
  const { blockers } = await tiesOf(api, await poolNodes(api, pool, signal), to, signal, false)
  return blockers.length === 0 ? undefined : `${pool} cannot be drained: ${listNames(blockers, 6)}`
}

export async function situation(
  name: string,
  heir: string,
  kit: Kit,
  context: RemedyContext,
): Promise<Situation> {
  const { signal } = context
  const pool = await readAgentPool(kit.arm, kit.cluster, name, { signal })
  const successor = await readAgentPool(kit.arm, kit.cluster, heir, { signal })
  if (pool === undefined) {
    const ours = successor !== undefined && lineageOf(successor)?.predecessor === name
    return ours ? { kind: 'new', successor } : { kind: 'none' }
  }
  if (successor === undefined) {
    const nodes = await poolNodes(context.api, name, signal)
    const cordoned = nodes.filter(({ cordonedFor }) => cordonedFor === heir).map((node) => node.name)
    return { kind: 'old', pool, cordoned }
  }
  if (await isOurs(successor, pool, context)) return { kind: 'both', pool, successor }
  // An earlier run had begun to make the old pool again, to replace the successor by it.
  return (await isOurs(pool, successor, context)) ? { kind: 'new', successor } : { kind: 'strangers' }
}
