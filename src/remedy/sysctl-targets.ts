import type { CheckId, Finding } from '../health/finding.ts'
import { isKnown, type NodeInfo, type NodeResult } from '../node/reading.ts'
import { bucketArrayBytes, bucketsFit, maxBucketsPercentOfMemory } from './memory.ts'
import type { FixScope, RemedyId, Step } from './remedy.ts'
import { size } from './words.ts'

export const BUCKETS = 'net.netfilter.nf_conntrack_buckets'
export const MAX = 'net.netfilter.nf_conntrack_max'
export const TW_REUSE = 'net.ipv4.tcp_tw_reuse'
export const MAX_TW_BUCKETS = 'net.ipv4.tcp_max_tw_buckets'

/**
 * The sysctls that a remedy writes, in the order in which they are written: buckets before the maximum, as a
 * raised maximum on few buckets makes inserts fail long before the table is full.
 */
export const WRITTEN = [BUCKETS, MAX, TW_REUSE, MAX_TW_BUCKETS] as const
export type WrittenSysctl = (typeof WRITTEN)[number]

/** Values that the kernel takes: C integers, and the largest array of buckets in whole pages. */
export const LIMITS: Record<WrittenSysctl, { least: number; most: number }> = {
  [BUCKETS]: { least: 1, most: 536_870_400 },
  [MAX]: { least: 0, most: 2_147_483_647 },
  [TW_REUSE]: { least: 0, most: 2 },
  [MAX_TW_BUCKETS]: { least: 0, most: 2_147_483_647 },
}

/** What the user asked for. */
export interface WantedSettings {
  conntrackMax: number
  twReuse: number
  maxTwBuckets: number
  /** Buckets that are wanted whatever the maximum is; default: those that go with it. */
  buckets?: number
}

/** The two things that sysctls cure. */
export type Need = 'conntrack' | 'time-wait'

const cures: Partial<Record<CheckId, Need>> = {
  'conntrack-usage': 'conntrack',
  'conntrack-drops': 'conntrack',
  'conntrack-buckets': 'conntrack',
  'time-wait': 'time-wait',
  'time-wait-overflow': 'time-wait',
  'tw-reuse': 'time-wait',
  'port-usage': 'time-wait',
}

/** Maximum per core that kube-proxy and AKS set, and the ratio to the buckets that kube-proxy keeps. */
export const MAX_PER_CORE = 32_768
export const ENTRIES_PER_BUCKET = 4
/** The kernel rounds the number of buckets up to whole pages of 512. */
const bucketsPerPage = 512

/** What each node needs: by what breached on it, or everything. */
export function needsByNode(
  findings: Finding[],
  scope: FixScope,
  nodes: NodeResult[],
): Map<string, Set<Need>> {
  const needs = new Map<string, Set<Need>>()
  for (const { node } of nodes) {
    needs.set(node.name, new Set(scope === 'all' ? (['conntrack', 'time-wait'] as const) : []))
  }
  if (scope === 'all') return needs
  for (const { check, status, subject, evidence } of findings) {
    // A pod has ports of its own, which no sysctl of the node reaches.
    if (evidence.scope === 'pod') continue
    const need = cures[check]
    if (need && subject.kind === 'node' && (status === 'warning' || status === 'critical')) {
      needs.get(subject.name)?.add(need)
    }
  }
  return needs
}

/** The maximum that a node shall have at least: never below what kube-proxy would set for its cores. */
export function wantedMax(conntrackMax: number, cores: number | undefined): number {
  return Math.min(Math.max(conntrackMax, MAX_PER_CORE * (cores ?? 0)), LIMITS[MAX].most)
}

/** Buckets that go with a maximum, in whole pages as the kernel makes them. */
export function bucketsFor(max: number): number {
  const pages = Math.ceil(max / ENTRIES_PER_BUCKET / bucketsPerPage)
  return Math.min(Math.max(1, pages) * bucketsPerPage, LIMITS[BUCKETS].most)
}

/**
 * The steps for one node, in the order in which they are written. A value that is as wanted already, or larger,
 * is a step that is skipped and says so. A node that was not read is refused, as nothing could put its values back.
 */
export function stepsForNode(
  remedy: RemedyId,
  result: NodeResult,
  needs: ReadonlySet<Need>,
  wanted: WantedSettings,
): Step[] {
  const steps: Step[] = []
  const target = targetOf(remedy, result.node)
  const add = (setting: WrittenSysctl, decision: Decision) =>
    steps.push({ remedy, target, setting, ...decision })
  if (result.kind === 'out-of-scope') return []
  if (result.kind === 'unread') {
    const max = wantedMax(wanted.conntrackMax, result.node.cores)
    const why = `the node was not read, so nothing could be put back: ${result.why}`
    const refuse = (setting: WrittenSysctl, to: number) =>
      add(setting, { from: undefined, to: `${to}`, intent: 'refuse', why })
    if (needs.has('conntrack')) {
      refuse(BUCKETS, bucketsFor(max))
      refuse(MAX, max)
    }
    if (needs.has('time-wait')) {
      refuse(TW_REUSE, wanted.twReuse)
      refuse(MAX_TW_BUCKETS, wanted.maxTwBuckets)
    }
    return steps
  }
  if (needs.has('conntrack')) {
    const { buckets, max } = conntrackSteps(result, wanted)
    add(BUCKETS, buckets)
    add(MAX, max)
  }
  if (needs.has('time-wait')) {
    add(TW_REUSE, twReuseStep(presentOf(result, TW_REUSE), wanted.twReuse))
    add(MAX_TW_BUCKETS, raise(presentOf(result, MAX_TW_BUCKETS), wanted.maxTwBuckets))
  }
  return steps
}

/** What a DaemonSet writes is written again at every start of the node. */
function targetOf(remedy: RemedyId, { name, pool, uid, bootId }: NodeInfo): Step['target'] {
  const target = { kind: 'node', name, pool, ...(uid !== undefined && { uid }) } as const
  return remedy === 'sysctl' && bootId !== undefined ? { ...target, bootId } : target
}

type Decision = Pick<Step, 'from' | 'to' | 'intent' | 'why'>
type Read = Extract<NodeResult, { kind: 'read' }>
type Present = { value: number } | { unknown: string }

function presentOf(result: Read, sysctl: WrittenSysctl): Present {
  return result.reading.sysctls[sysctl]
}

function conntrackSteps(result: Read, wanted: WantedSettings): { buckets: Decision; max: Decision } {
  const { conntrackMax } = wanted
  const present = presentOf(result, MAX)
  const floor = wantedMax(conntrackMax, result.node.cores)
  const goal = isKnown(present) ? Math.max(floor, present.value) : floor
  const buckets = Math.max(bucketsFor(goal), wanted.buckets ?? 0)
  const max = maxStep(present, floor, conntrackMax, result.node.cores)
  const memory = isKnown(result.reading.memoryKb) ? result.reading.memoryKb.value : result.node.memoryKb
  const bucketStep = raise(presentOf(result, BUCKETS), buckets)
  if (bucketStep.intent === 'change' && !bucketsFit(buckets, memory)) {
    const why = `${buckets} buckets would take ${size(bucketArrayBytes(buckets))} at once, more than ${maxBucketsPercentOfMemory} % of the memory of the node; ask for a smaller maximum`
    return {
      buckets: { ...bucketStep, intent: 'refuse', why },
      max: max.intent === 'change' ? { ...max, intent: 'refuse', why } : max,
    }
  }
  return { buckets: bucketStep, max }
}

function maxStep(present: Present, floor: number, asked: number, cores: number | undefined): Decision {
  if (isKnown(present) && present.value === 0) {
    return { from: '0', to: '0', intent: 'skip', why: '0 means no limit, which any number would lower' }
  }
  const step = raise(present, floor)
  if (step.intent !== 'change') return step
  const remarks = [step.why]
  if (floor > asked) remarks.push(`raised from ${asked} to what kube-proxy sets for ${cores} cores`)
  if (cores === undefined) remarks.push('the number of cores of the node is not known')
  const why = remarks.filter((remark) => remark !== undefined).join('; ')
  return why ? { ...step, why } : step
}

function twReuseStep(present: Present, wanted: number): Decision {
  if (!isKnown(present)) return unknownStep(present.unknown, wanted)
  if (present.value === wanted) {
    return { from: `${wanted}`, to: `${wanted}`, intent: 'skip', why: `it is ${wanted} already` }
  }
  return { from: `${present.value}`, to: `${wanted}`, intent: 'change' }
}

/** A size: raised to at least `floor`, never lowered. */
function raise(present: Present, floor: number): Decision {
  if (!isKnown(present)) return unknownStep(present.unknown, floor)
  const from = `${present.value}`
  if (present.value < floor) return { from, to: `${floor}`, intent: 'change' }
  const why =
    present.value === floor ? `it is ${from} already` : `it is ${from} already, more than the wanted ${floor}`
  return { from, to: from, intent: 'skip', why }
}

/** The tuner finds the present value out itself, tells it, and lowers nothing. */
function unknownStep(reason: string, wanted: number): Decision {
  const why = `the present value could not be read (${reason}); it is read again before anything is written`
  return { from: undefined, to: `${wanted}`, intent: 'change', why }
}
