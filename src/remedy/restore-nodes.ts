import { isKnown } from '../node/reading.ts'
import {
  changeOfTuned,
  equals,
  isNodeStep,
  type NodeStep,
  proveOnNodes,
  restoreSettingOf,
} from './node-steps.ts'
import { notDone } from './record.ts'
import type { Change, RemedyContext, Step } from './remedy.ts'
import { type Restorable, restorablesOf } from './restore-input.ts'
import { BUCKETS, MAX, MAX_TW_BUCKETS, TW_REUSE, type WrittenSysctl } from './sysctl-targets.ts'
import { type TunerOptions, tuneNodes } from './tune.ts'

/** The maximum comes down before the buckets do, so that it never stands on too few of them. */
const order: WrittenSysctl[] = [MAX, BUCKETS, TW_REUSE, MAX_TW_BUCKETS]

/** Puts sysctls of nodes back to what `changes` say was there: plan, apply and verify in one. */
export async function undoOnNodes(
  changes: Change[],
  options: TunerOptions,
  context: RemedyContext,
): Promise<Change[]> {
  const steps = planNodes(restorablesOf(changes), context)
  const left = notDone(steps)
  context.record(...left)
  const done = await applyNodes(steps, options, context)
  return [...left, ...proveOnNodes(done, await context.readAgain(), equals)]
}

/**
 * The steps that put sysctls back, node by node in the order in which they are written. Only what the fix wrote
 * and what is still as it wrote it; the rest is told and left.
 */
export function planNodes(items: Restorable[], { nodes }: RemedyContext): NodeStep[] {
  const byName = new Map(nodes.map((result) => [result.node.name, result]))
  const ofNodes = items.filter(({ target }) => target.kind === 'node')
  const steps = ofNodes.map((item) => planOne(item, byName)).filter(isNodeStep)
  const place = (step: NodeStep) => order.indexOf(step.setting)
  return steps.sort((a, b) => a.target.name.localeCompare(b.target.name) || place(a) - place(b))
}

function planOne(
  { target, setting, before, wrote }: Restorable,
  nodes: Map<string, RemedyContext['nodes'][number]>,
): Step {
  const step = (intent: Step['intent'], from: Step['from'], why?: string): Step => ({
    ...{ remedy: 'restore', target, setting, from, to: before ?? null, intent },
    ...(why !== undefined && { why }),
  })
  const result = nodes.get('name' in target ? target.name : '')
  if (before === undefined || before === null) {
    return step('refuse', undefined, 'the report does not say what it was before')
  }
  if (result === undefined) return step('skip', undefined, 'there is no such node in the scope of this run')
  if (result.kind !== 'read') return step('refuse', undefined, `the node could not be read: ${result.why}`)
  const present = result.reading.sysctls[setting as WrittenSysctl]
  if (!isKnown(present)) return step('refuse', undefined, `it could not be read: ${present.unknown}`)
  const from = `${present.value}`
  if (from === before) return step('skip', from, `it is ${from} again already`)
  if (
    target.kind === 'node' &&
    (['uid', 'bootId'] as const).some((id) => differ(target[id], result.node[id]))
  ) {
    return step(
      'skip',
      from,
      'the node was started anew or replaced since: what it has now is not from the fix',
    )
  }
  if (from !== wrote) {
    return step(
      'skip',
      from,
      `it is no longer the ${wrote ?? 'value'} that the fix wrote: somebody changed it since`,
    )
  }
  const entries = result.reading.first.conntrackCount
  if (setting === MAX && before !== '0' && isKnown(entries) && entries.value >= Number(before)) {
    return step(
      'change',
      from,
      `${entries.value} connections are tracked now: with ${before} no new ones get through`,
    )
  }
  return step('change', from)
}

/** Values that are equal by chance are no reason to write to another kernel than the one that was fixed. */
function differ(then: string | undefined, now: string | undefined): boolean {
  return then !== undefined && now !== undefined && then !== now
}

/** Has the tuner write the change steps back on every node at once. */
export function applyNodes(steps: Step[], options: TunerOptions, context: RemedyContext): Promise<Change[]> {
  return tuneNodes(steps.filter(isNodeStep), restoreSettingOf, changeOfTuned, options, context)
}
