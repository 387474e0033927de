import type { AgentPool } from '../../azure/agent-pools.ts'
import { changeOf, notDone } from '../record.ts'
import type { Change, RemedyContext } from '../remedy.ts'
import { listNames } from '../words.ts'
import { exactBody, type Settings } from './bodies.ts'
import type { Kit } from './options.ts'
import { parsedValue, written } from './os-settings.ts'
import { POOL } from './plan-case.ts'
import { poolNodes } from './pool-nodes.ts'
import { replacePool } from './replace.ts'
import { retirePool } from './retire.ts'
import { uncordonFor } from './successor.ts'
import { type PoolItem, planUndo, situation } from './undo-plan.ts'
import { type PoolStep, presentSetting } from './wanted.ts'
import { changePool, settledPool } from './write-pool.ts'

/** Does the change steps, pool by pool. */
export async function applyUndo(
  steps: readonly PoolStep[],
  kit: Kit,
  context: RemedyContext,
): Promise<Change[]> {
  const wanted = steps.filter(({ intent }) => intent === 'change')
  const changes: Change[] = []
  for (const [name, own] of Map.groupBy(wanted, ({ target }) => target.name)) {
    const replaced = own.find(({ setting }) => setting === POOL)
    changes.push(
      ...(replaced === undefined
        ? await putBack(name, own, kit, context)
        : await goBack(name, replaced, own, kit, context)),
    )
  }
  return changes
}

function told(changes: Change[], context: RemedyContext): Change[] {
  for (const change of changes) context.record(change)
  return changes
}

function settingsOf(steps: readonly PoolStep[]): Settings {
  return Object.fromEntries(
    steps
      .filter(({ setting }) => setting !== POOL)
      .map(({ setting, to }) => [setting, to === null ? null : (parsedValue(setting, to) ?? null)]),
  )
}

async function putBack(name: string, steps: PoolStep[], kit: Kit, context: RemedyContext): Promise<Change[]> {
  const settings = settingsOf(steps)
  const differs = (pool: AgentPool) =>
    steps.some(({ setting, to }) => written(presentSetting(pool.properties, setting)) !== to)
  const moved = (pool: AgentPool) =>
    steps.some(({ setting, from, to }) => {
      const present = written(presentSetting(pool.properties, setting))
      return present !== from && present !== to
    })
  let changed = false
  const result = await changePool(
    name,
    {
      decide: (pool) => {
        changed = moved(pool)
        return changed || !differs(pool) ? undefined : exactBody(pool, settings)
      },
      sending: () =>
        void told(
          steps.map((step) => changeOf(step, 'unproven', 'the change was sent to Azure')),
          context,
        ),
      before: new Set(),
    },
    kit,
    context,
  )
  return told(
    steps.map((step): Change => {
      if (changed) return changeOf(step, 'skipped', 'somebody changed it since the plan')
      if (result.kind === 'written' || result.kind === 'as-wanted') {
        const after = written(presentSetting(result.pool.properties, step.setting))
        if (after === step.to) return { ...changeOf(step, 'changed'), after }
        const why = 'Azure says that the change is done, yet the pool does not have it'
        return { ...changeOf(step, 'failed', why), after }
      }
      if (result.kind === 'not-changeable') {
        return changeOf(
          step,
          'refused',
          `AKS does not change it on a pool that exists (${result.error.code})`,
        )
      }
      return changeOf(step, 'failed', result.kind === 'gone' ? 'the pool is gone' : result.error.message)
    }),
    context,
  )
}

async function goBack(
  name: string,
  step: PoolStep,
  steps: PoolStep[],
  kit: Kit,
  context: RemedyContext,
): Promise<Change[]> {
  const heir = [...(step.from ?? '').split(' '), ...(step.to ?? '').split(' ')].find((each) => each !== name)
  if (heir === undefined || heir === '') {
    const open = await uncordonAny(name, context)
    return told(
      [{ ...changeOf(step, 'changed', `${listNames(open)} take pods again`), after: name }],
      context,
    )
  }
  await settledPool(name, kit, context)
  const found = await situation(name, heir, kit, context)
  if (found.kind === 'new') {
    const settings = { exact: settingsOf(steps) }
    return replacePool({ name: heir, successor: name, settings, steps }, kit, context)
  }
  if (found.kind !== 'both' && found.kind !== 'old') {
    return told([changeOf(step, 'failed', `${heir} is no successor of ${name} any more`)], context)
  }
  told([changeOf(step, 'unproven', `${name} takes pods again, ${heir} is not deleted yet`)], context)
  await uncordonFor(name, heir, context)
  if (found.kind === 'old') return told([{ ...changeOf(step, 'changed'), after: name }], context)
  const retired = await retirePool({ from: heir, to: name, successor: heir }, kit, context, () => {})
  return told(
    [
      retired.done
        ? { ...changeOf(step, 'changed', step.why), after: name }
        : { ...changeOf(step, 'failed', `${retired.why}. Both pools are there`), after: `${name} ${heir}` },
    ],
    context,
  )
}

/** Lets pods on all nodes of a pool again that this action cordoned. */
async function uncordonAny(name: string, context: RemedyContext): Promise<string[]> {
  const nodes = await poolNodes(context.api, name, context.signal)
  const heirs = new Set(nodes.flatMap(({ cordonedFor }) => cordonedFor ?? []))
  const open: string[] = []
  for (const heir of heirs) open.push(...(await uncordonFor(name, heir, context)))
  return open
}

/** Plans and does it in one, for the verb of the remedy. */
export async function undoPools(changes: Change[], kit: Kit, context: RemedyContext): Promise<Change[]> {
  const steps = await planUndo(itemsOf(changes), kit, context)
  return [...told(notDone(steps), context), ...(await applyUndo(steps, kit, context))]
}

function itemsOf(changes: readonly Change[]): PoolItem[] {
  const replaced = new Set(
    changes.flatMap(({ target, setting }) =>
      target.kind === 'node-pool' && setting === POOL ? target.name : [],
    ),
  )
  return changes.flatMap(({ target, setting, before, wanted, after, outcome }): PoolItem[] => {
    if (target.kind !== 'node-pool') return []
    const tried =
      outcome === 'changed' || outcome === 'unproven' || (outcome === 'failed' && after !== undefined)
    // A replacement that did not end says of its settings what they were all the same.
    const known = setting !== POOL && replaced.has(target.name)
    return tried || known ? [{ target, setting, before, wrote: after === undefined ? wanted : after }] : []
  })
}
