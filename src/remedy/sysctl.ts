import { memoryImpact } from './memory.ts'
import {
  changeOfTuned,
  isNodeStep,
  proveOnNodes,
  satisfies,
  settingOf,
  sizesOf,
  usageForecast,
} from './node-steps.ts'
import { podSnippet } from './pod-snippet.ts'
import type { Change, FixScope, Plan, Remedy, RemedyContext, Step } from './remedy.ts'
import { undoOnNodes } from './restore-nodes.ts'
import { podRights } from './rights.ts'
import { MAX, needsByNode, stepsForNode, TW_REUSE, type WantedSettings } from './sysctl-targets.ts'
import { type TunerOptions, tuneNodes } from './tune.ts'
import { listNames } from './words.ts'

export interface SysctlOptions extends TunerOptions {
  wanted: WantedSettings
  scope: FixScope
  /** Seconds between the last write and the reading that proves it; the guide takes 5. */
  verifySeconds: number
}

/** Writes kernel settings on the nodes that need them, until they reboot. */
export function sysctl(options: SysctlOptions): Remedy {
  return {
    id: 'sysctl',
    plan: async (context) => plan(options, context),
    apply: (plan, context) =>
      tuneNodes(plan.steps.filter(isNodeStep), settingOf, changeOfTuned, options, context),
    verify: (changes, context) => verify(changes, options, context),
    undo: (changes, context) => undoOnNodes(changes, options, context),
  }
}

function plan(options: SysctlOptions, context: RemedyContext): Plan {
  const needs = needsByNode(context.findings, options.scope, context.nodes)
  const steps = context.nodes.flatMap((result) =>
    stepsForNode('sysctl', result, needs.get(result.node.name) ?? new Set(), options.wanted),
  )
  return {
    remedy: 'sysctl',
    steps,
    lasts:
      'until the node reboots, is reimaged or replaced; nf_conntrack_max also until its kube-proxy pod is made anew, as that writes the maximum again',
    impact: [
      'Takes effect at once. No pod restarts, no connection is cut; resizing the hash table of a full connection-tracking table holds packets for about 0.1 s.',
      ...usageForecast(steps, context.nodes),
      ...memoryImpact(sizesOf(steps, context.nodes)),
    ],
    rights: podRights(options.namespace),
    notes: notes(steps, options, context),
  }
}

function notes(steps: Step[], options: SysctlOptions, { nodes }: RemedyContext): string[] {
  const notes: string[] = []
  if (steps.length === 0) notes.push('No node that was read breaches what these settings cure.')
  const unread = nodes.filter(({ kind }) => kind === 'unread').map(({ node }) => node.name)
  if (unread.length > 0 && options.scope === 'breached') {
    notes.push(`Not read, and therefore not touched, as nothing could be put back: ${listNames(unread)}.`)
  }
  const atMost = steps.filter(
    (step) =>
      step.setting === MAX && step.intent === 'skip' && step.from !== '0' && options.scope === 'breached',
  )
  if (atMost.length > 0) {
    const names = listNames(atMost.map(({ target }) => ('name' in target ? target.name : '')))
    notes.push(`The maximum of ${names} is no lower than the wanted one: a larger conntrack-max raises it.`)
  }
  const uneven = poolsLeftUneven(steps, nodes)
  if (uneven.length > 0) {
    notes.push(
      `Nodes of pool ${listNames(uneven)} will differ from each other, as only those that breach are changed (the check pool-drift warns of that); fix-scope: all makes them alike.`,
    )
  }
  if (steps.some((step) => step.setting === TW_REUSE)) {
    notes.push(
      'TIME-WAIT lasts 60 s in any case: with tcp_tw_reuse the ports of these sockets can be used again, the number of sockets falls only as they expire.',
      ...podSnippet(options.wanted),
    )
  }
  return notes
}

/** Pools of which some nodes that were read are changed and others are not. */
function poolsLeftUneven(steps: Step[], nodes: RemedyContext['nodes']): string[] {
  const changed = new Set(
    steps
      .filter(({ intent }) => intent === 'change')
      .filter(isNodeStep)
      .map(({ target }) => target.name),
  )
  const read = nodes.filter(({ kind }) => kind === 'read').map(({ node }) => node)
  const pools = Map.groupBy(read, ({ pool }) => pool)
  return [...pools].flatMap(([pool, members]) => {
    const some = members.filter(({ name }) => changed.has(name)).length
    return pool !== '' && some > 0 && some < members.length ? [pool] : []
  })
}

async function verify(changes: Change[], options: SysctlOptions, context: RemedyContext): Promise<Change[]> {
  if (options.verifySeconds > 0) await context.sleep(options.verifySeconds * 1000)
  return proveOnNodes(changes, await context.readAgain(), satisfies)
}
