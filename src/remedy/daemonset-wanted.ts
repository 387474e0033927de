import { isKnown, type NodeResult } from '../node/reading.ts'
import { type Area, areasText, parseAreas, termsOf } from './area.ts'
import { type ClusterNode, matches } from './cluster-nodes.ts'
import { DAEMONSET_NAME } from './daemonset-object.ts'
import {
  DAEMONSET_SETTINGS,
  type DaemonSetSetting,
  type DaemonSetSettings,
  joined,
  names,
  SYSCTL_OF,
} from './daemonset-settings.ts'
import type { FixScope, Step } from './remedy.ts'
import { bucketsFor, MAX, type Need, stepsForNode, type WantedSettings, wantedMax } from './sysctl-targets.ts'

export interface DaemonSetOptions {
  namespace: string
  image: string
  wanted: WantedSettings
  scope: FixScope
  /** What the run was limited to: the DaemonSet never reaches beyond it. */
  limits: { nodeSelector: string; nodePools: string[]; nodes: string[] }
  /** How long the rollout may go on without one more pod becoming ready. */
  rolloutSeconds: number
}

export const targetIn = (namespace: string) =>
  ({ kind: 'daemonset', namespace, name: DAEMONSET_NAME }) as const

/** What the nodes in need call for, and on which part of the cluster. */
export function wantedSettings(
  { image, wanted, ...options }: DaemonSetOptions,
  nodes: NodeResult[],
  inNeed: NodeResult[],
  needs: Map<string, Set<Need>>,
): DaemonSetSettings {
  const has = (need: Need) => inNeed.some(({ node }) => needs.get(node.name)?.has(need))
  const [conntrack, timeWait] = [has('conntrack'), has('time-wait')]
  const buckets = Math.max(bucketsFor(wanted.conntrackMax), ...inNeed.map((one) => ownBuckets(one, wanted)))
  return {
    image,
    'conntrack-max': conntrack ? `${wanted.conntrackMax}` : '',
    'conntrack-buckets': conntrack ? `${buckets}` : '',
    'tw-reuse': timeWait ? `${wanted.twReuse}` : '',
    'max-tw-buckets': timeWait ? `${wanted.maxTwBuckets}` : '',
    nodes: areasText(areasFor(options, inNeed)),
    'left-out': joined(nodes.filter(({ kind }) => kind === 'unread').map(({ node }) => node.name)),
  }
}

/** Buckets that a node needs for a maximum that is larger already than what it would be raised to. */
function ownBuckets(result: NodeResult, wanted: WantedSettings): number {
  const present = result.kind === 'read' ? result.reading.sysctls[MAX] : undefined
  if (!present || !isKnown(present)) return 0
  return present.value > wantedMax(wanted.conntrackMax, result.node.cores) ? bucketsFor(present.value) : 0
}

/** Whole pools, so that new nodes are served too; single nodes only where the run is limited to them. */
function areasFor(
  { scope, limits }: Pick<DaemonSetOptions, 'scope' | 'limits'>,
  inNeed: NodeResult[],
): Area[] {
  const where = limits.nodeSelector
  if (limits.nodes.length > 0)
    return inNeed.map(({ node }) => ({ of: { kind: 'node', name: node.name }, where }))
  if (scope === 'all' && limits.nodePools.length === 0) return [{ of: { kind: 'all' }, where }]
  const pools = scope === 'all' ? limits.nodePools : inNeed.map(({ node }) => node.pool)
  return [...new Set(pools)].map((name) => ({
    of: name === '' ? { kind: 'no-pool' } : { kind: 'pool', name },
    where,
  }))
}

/** The nodes that a DaemonSet with these settings serves. */
export function servedBy(settings: DaemonSetSettings, all: ClusterNode[]): Set<string> {
  const terms = termsOf(parseAreas(settings.nodes) ?? [], names(settings['left-out']))
  return new Set(all.filter((node) => matches(node, terms)).map(({ metadata }) => metadata.name))
}

/** Whether two settings write the same values. */
export function writesTheSame(a: DaemonSetSettings, b: DaemonSetSettings): boolean {
  return (Object.keys(SYSCTL_OF) as (keyof typeof SYSCTL_OF)[]).every((setting) => a[setting] === b[setting])
}

/** One step for each setting that is new or differs; one that is skipped when all is in place. */
export function settingSteps(
  namespace: string,
  before: DaemonSetSettings | undefined,
  settings: DaemonSetSettings,
): Step[] {
  const differing = DAEMONSET_SETTINGS.filter((setting) => (before?.[setting] ?? '') !== settings[setting])
  if (differing.length === 0) {
    const why = 'it is in place with these settings already'
    return [settingStep(namespace, 'nodes', settings.nodes, settings.nodes, 'skip', why)]
  }
  return differing.map((setting) => {
    const why = before && setting === 'nodes' ? 'it goes on serving the nodes that it serves' : undefined
    return settingStep(namespace, setting, before ? before[setting] : null, settings[setting], 'change', why)
  })
}

export function settingStep(
  namespace: string,
  setting: DaemonSetSetting,
  from: Step['from'],
  to: Step['to'],
  intent: Step['intent'],
  why?: string,
): Step {
  const step = { remedy: 'daemonset', target: targetIn(namespace), setting, from, to, intent } as const
  return why === undefined ? step : { ...step, why }
}

/** What its pods will do to the nodes that were read: the values that the reading after it is held against. */
export function servedNodeSteps(
  settings: DaemonSetSettings,
  served: ReadonlySet<string>,
  nodes: NodeResult[],
): Step[] {
  const wanted: WantedSettings = {
    conntrackMax: Number(settings['conntrack-max']),
    twReuse: Number(settings['tw-reuse']),
    maxTwBuckets: Number(settings['max-tw-buckets']),
    buckets: Number(settings['conntrack-buckets']),
  }
  const needs = new Set<Need>()
  if (settings['conntrack-max'] !== '') needs.add('conntrack')
  if (settings['tw-reuse'] !== '') needs.add('time-wait')
  return nodes
    .filter(({ node, kind }) => kind === 'read' && served.has(node.name))
    .flatMap((result) => stepsForNode('daemonset', result, needs, wanted))
}
