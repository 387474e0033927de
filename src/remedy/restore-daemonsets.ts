import { isDeepStrictEqual } from 'node:util'
import { INSTANCE_LABEL } from '../node/pod.ts'
import type { ClusterNode } from './cluster-nodes.ts'
import { applyDaemonSet, removeDaemonSet } from './daemonset-apply.ts'
import { type DaemonSet, settingsOf } from './daemonset-object.ts'
import { allOurs, findDaemonSet, whyNotOurs } from './daemonset-plan.ts'
import {
  DAEMONSET_SETTINGS,
  type DaemonSetSetting,
  type DaemonSetSettings,
  SYSCTL_OF,
} from './daemonset-settings.ts'
import { servedBy } from './daemonset-wanted.ts'
import type { NodeStep } from './node-steps.ts'
import { changeOf } from './record.ts'
import { type Change, nameOf, type RemedyContext, type Step, type Target } from './remedy.ts'
import type { Restorable } from './restore-input.ts'
import { whyFailed } from './rights.ts'
import { followRollout } from './rollout.ts'
import { TW_REUSE } from './sysctl-targets.ts'

type DaemonSetTarget = Extract<Target, { kind: 'daemonset' }>
export type DaemonSetStep = Step & { target: DaemonSetTarget }

export function isDaemonSetStep(step: Step): step is DaemonSetStep {
  return step.target.kind === 'daemonset'
}

/** The setting that stands for the object as a whole: it is there, or it is not. */
export const WHOLE = 'DaemonSet'

const removalSeconds = 90
const rolloutSeconds = 180

/** The steps that remove a DaemonSet which the fix made, or give one that it changed its settings back. */
export async function planDaemonSets(items: Restorable[], context: RemedyContext): Promise<DaemonSetStep[]> {
  const groups = Map.groupBy(
    items.filter(({ target }) => target.kind === 'daemonset'),
    ({ target }) => nameOf(target),
  )
  const steps: DaemonSetStep[] = []
  for (const group of groups.values()) {
    const target = group[0]?.target
    if (target?.kind === 'daemonset') steps.push(...(await planOne(target, group, context)))
  }
  return steps
}

async function planOne(
  target: DaemonSetTarget,
  items: Restorable[],
  context: RemedyContext,
): Promise<DaemonSetStep[]> {
  const made = items.some(({ before }) => before === null)
  const whole = (intent: Step['intent'], from: Step['from'], why: string): DaemonSetStep[] => [
    { remedy: 'restore', target, setting: WHOLE, from, to: made ? null : 'as before', intent, why },
  ]
  try {
    const object = await findDaemonSet(target.namespace, context, target.name)
    if (!object) return whole('skip', null, 'it is gone already')
    const foreign = whyNotOurs(object)
    if (foreign) return whole('refuse', 'there', foreign)
    const has = settingsOf(object)
    if ('unreadable' in has) return whole('refuse', 'there', has.unreadable)
    const moved = items.filter(
      ({ setting, wrote }) => wrote !== null && has[setting as DaemonSetSetting] !== wrote,
    )
    if (moved.length > 0) {
      const names = moved.map(({ setting }) => setting).join(', ')
      return whole(
        'skip',
        'there',
        `somebody changed it since the fix (${names}); it is left, and goes on writing`,
      )
    }
    if (made) return whole('change', 'there', `${has.nodes}: its pods go with it`)
    return items.map(({ setting, before }) => ({
      ...{ remedy: 'restore', target, setting, from: has[setting as DaemonSetSetting], to: before ?? null },
      ...(before === undefined
        ? { intent: 'refuse', why: 'the report does not say what it was before' }
        : { intent: 'change' }),
    }))
  } catch (error) {
    context.signal.throwIfAborted()
    return whole('refuse', undefined, `it could not be looked at: ${whyFailed(error)}`)
  }
}

/** Does the change steps, one DaemonSet after the other. */
export async function applyDaemonSets(steps: Step[], context: RemedyContext): Promise<Change[]> {
  const groups = Map.groupBy(
    steps.filter(isDaemonSetStep).filter(({ intent }) => intent === 'change'),
    ({ target }) => nameOf(target),
  )
  const changes: Change[] = []
  for (const group of groups.values()) {
    if (context.signal.aborted) break
    context.record(...group.map((step) => changeOf(step, 'unproven', 'it was begun and not seen to its end')))
    const done = await restoreOne(group, context)
    context.record(...done)
    changes.push(...done)
  }
  return changes
}

async function restoreOne(steps: DaemonSetStep[], context: RemedyContext): Promise<Change[]> {
  const [first] = steps
  const failed = (why: string) =>
    steps.map((step) => ({ ...changeOf(step, 'failed', why), after: step.from }))
  if (!first) return []
  try {
    const object = await findDaemonSet(first.target.namespace, context, first.target.name)
    if (!object) return steps.map((step) => ({ ...changeOf(step, 'changed'), after: null }))
    if (first.setting !== WHOLE) return await putBack(steps, object, context)
    const { gone, pods } = await removeDaemonSet(object, removalSeconds, context)
    if (gone && pods === 0) return [{ ...changeOf(first, 'changed'), after: null }]
    const why = gone ? `${pods} of its pods are still there after ${removalSeconds} s` : 'it is still there'
    return [{ ...changeOf(first, 'failed', why), after: gone ? null : 'there' }]
  } catch (error) {
    context.signal.throwIfAborted()
    return failed(whyFailed(error))
  }
}

/** Applies the settings that were there before the fix, and waits until the pods have them. */
async function putBack(steps: DaemonSetStep[], object: DaemonSet, context: RemedyContext): Promise<Change[]> {
  const has = settingsOf(object)
  const outdated =
    'unreadable' in has || steps.some(({ setting, from }) => has[setting as DaemonSetSetting] !== from)
  if (outdated) {
    return steps.map((step) => ({
      ...changeOf(step, 'failed', 'it changed since it was planned'),
      after: step.from,
    }))
  }
  const settings: DaemonSetSettings = { ...has }
  for (const { setting, to } of steps) settings[setting as DaemonSetSetting] = to ?? ''
  const { namespace = '', name, resourceVersion, labels } = object.metadata
  const runId = labels?.[INSTANCE_LABEL] ?? context.runId
  const version = resourceVersion === undefined ? {} : { resourceVersion }
  const applied = await applyDaemonSet(
    context.api,
    { namespace, settings, runId, ...version },
    context.signal,
  )
  const after = settingsOf(applied)
  const rollout = await followRollout({ namespace, name, seconds: rolloutSeconds }, context)
  return steps.map((step) => {
    const value = 'unreadable' in after ? undefined : after[step.setting as DaemonSetSetting]
    const done = value === step.to && rollout.complete
    return { ...changeOf(step, done ? 'changed' : 'failed', done ? step.why : rollout.why), after: value }
  })
}

/** A DaemonSet that will go on writing after the restore, with what it writes and where. */
export interface Keeper {
  name: string
  settings: DaemonSetSettings | undefined
  serves(node: string): boolean
}

/** The DaemonSets of this action, in any namespace, that the steps do not remove. */
export async function keepersAfter(
  steps: Step[],
  nodes: ClusterNode[],
  { api, signal }: RemedyContext,
): Promise<Keeper[]> {
  return (await allOurs(api, signal)).flatMap((object): Keeper[] => {
    const { namespace = '', name } = object.metadata
    const own = steps
      .filter(isDaemonSetStep)
      .filter(
        (step) =>
          step.intent === 'change' &&
          isDeepStrictEqual([step.target.namespace, step.target.name], [namespace, name]),
      )
    if (own.some(({ setting }) => setting === WHOLE)) return []
    const has = settingsOf(object)
    if ('unreadable' in has)
      return [{ name: `${namespace}/${name}`, settings: undefined, serves: () => true }]
    const settings = { ...has }
    for (const { setting, to } of own) {
      const known = DAEMONSET_SETTINGS.find((one) => one === setting)
      if (known) settings[known] = to ?? ''
    }
    const served = servedBy(settings, nodes)
    return [{ name: `${namespace}/${name}`, settings, serves: (node) => served.has(node) }]
  })
}

/** Why a value put back on a node would be written again at once; undefined when nothing would. */
export function keptBy(keepers: Keeper[], step: NodeStep): string | undefined {
  const keeper = keepers.find((one) => one.serves(step.target.name) && wouldWrite(one.settings, step))
  return (
    keeper && `the DaemonSet ${keeper.name} stays and would write it again within a minute; remove it first`
  )
}

function wouldWrite(settings: DaemonSetSettings | undefined, { setting, to }: NodeStep): boolean {
  if (!settings) return true
  const own = (Object.keys(SYSCTL_OF) as (keyof typeof SYSCTL_OF)[]).find((key) => SYSCTL_OF[key] === setting)
  const kept = own === undefined ? '' : settings[own]
  if (kept === '') return false
  return setting === TW_REUSE ? kept !== to : Number(kept) > Number(to)
}
