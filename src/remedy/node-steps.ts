import type { Tuned } from '../node/parse-tuning.ts'
import { isKnown, type NodeInfo, type NodeResult } from '../node/reading.ts'
import type { TuningSetting } from '../node/tuner.sh.ts'
import type { NodeSizes } from './memory.ts'
import { changeOf } from './record.ts'
import type { Change, Step } from './remedy.ts'
import {
  BUCKETS,
  ENTRIES_PER_BUCKET,
  MAX,
  MAX_PER_CORE,
  MAX_TW_BUCKETS,
  TW_REUSE,
  WRITTEN,
  type WrittenSysctl,
} from './sysctl-targets.ts'
import { round } from './words.ts'

/** A step that is about one sysctl of one node. */
export type NodeStep = Step & { target: Extract<Step['target'], { kind: 'node' }>; setting: WrittenSysctl }

export function isNodeStep(step: Step): step is NodeStep {
  return step.target.kind === 'node' && WRITTEN.includes(step.setting as WrittenSysctl)
}

/** What the tuner is told for a step of a fix: sizes are raised only, whatever they are by then. */
export function settingOf(step: NodeStep, node: NodeInfo): TuningSetting {
  const wanted = Number(step.to)
  if (step.setting === TW_REUSE) return { sysctl: step.setting, mode: 'set', wanted }
  // Where the API did not tell the cores, the node knows them.
  const perCore = node.cores === undefined ? perCoreOf[step.setting] : undefined
  return { sysctl: step.setting, mode: 'raise', wanted, ...(perCore !== undefined && { perCore }) }
}

const perCoreOf: Partial<Record<WrittenSysctl, number>> = {
  [BUCKETS]: MAX_PER_CORE / ENTRIES_PER_BUCKET,
  [MAX]: MAX_PER_CORE,
}

/** What the tuner is told for a step of a restore: written only if nobody changed it since the fix. */
export function restoreSettingOf(step: NodeStep): TuningSetting {
  return { sysctl: step.setting, mode: 'restore', wanted: Number(step.to), onlyIf: Number(step.from) }
}

/** What became of a step, from what the tuner on the node says that it found, did and read back. */
export function changeOfTuned(step: NodeStep, tuned: Tuned): Change {
  const before = isKnown(tuned.before) ? `${tuned.before.value}` : step.from
  const after = isKnown(tuned.after) ? `${tuned.after.value}` : undefined
  const change = (outcome: Change['outcome'], why = step.why): Change => ({
    ...changeOf(step, outcome, why),
    wanted: wantedBy(step, tuned),
    before,
    after,
  })
  const error = tuned.error === undefined ? '' : `: ${tuned.error}`
  switch (tuned.outcome) {
    case 'written':
      return change('changed')
    case 'kept':
      return change('unchanged')
    case 'moved':
      return change('skipped', `it was ${before ?? 'another value'} by then: somebody changed it`)
    case 'read-only':
      return change('failed', `the node does not let it be written${error}`)
    case 'refused':
      return change('failed', `the kernel refused ${step.to ?? ''}${error}`)
    case 'unreadable':
      return change(
        'failed',
        `it cannot be read on the node${isKnown(tuned.before) ? '' : `: ${tuned.before.unknown}`}`,
      )
    case 'unknown':
      return change(
        'unproven',
        isKnown(tuned.after) ? 'the tuner did not say what it did' : tuned.after.unknown,
      )
  }
}

/** What was written, as the node read it back at once; else what the step wanted. */
export function wantedBy(step: NodeStep, { outcome, after }: Tuned): Step['to'] {
  return outcome === 'written' && isKnown(after) ? `${after.value}` : step.to
}

/** Whether a value that was read back is what a fix wanted: at least so much for sizes, exactly for tcp_tw_reuse. */
export function satisfies(setting: string, value: number, wanted: string | null): boolean {
  if (wanted === null) return false
  // 0 is no limit, which is more than any.
  if (setting === MAX && value === 0) return true
  return setting === TW_REUSE ? value === Number(wanted) : value >= Number(wanted)
}

/** Whether a value is exactly what was to be put back. */
export function equals(_setting: string, value: number, wanted: string | null): boolean {
  return value === Number(wanted)
}

/** Whether a reading says more of a change than is known: not of what was seen to fail. */
function needsProof({ target, outcome, after }: Change): boolean {
  if (target.kind !== 'node') return false
  return (
    ['changed', 'unchanged', 'unproven'].includes(outcome) || (outcome === 'failed' && after === undefined)
  )
}

/** A tuner that was given up may have written all the same, before it was removed. */
function provenFailure(change: Change, value: number): Change {
  const after = `${value}`
  if (after !== change.wanted || after === change.before) return { ...change, after }
  return {
    ...change,
    after,
    outcome: 'changed',
    why: `${change.why ?? 'it failed'}; it was written all the same`,
  }
}

/** Compares what was tried with a fresh reading of the nodes. */
export function proveOnNodes(
  changes: Change[],
  nodes: NodeResult[],
  fits: (setting: string, value: number, wanted: string | null) => boolean,
): Change[] {
  const byName = new Map(nodes.map((result) => [result.node.name, result]))
  return changes.map((change) => {
    if (change.target.kind !== 'node' || !needsProof(change)) return change
    const failed = change.outcome === 'failed'
    const result = byName.get(change.target.name)
    if (result?.kind !== 'read') {
      if (failed) return change
      const why = result?.why ?? 'the node is gone'
      return { ...change, outcome: 'unproven', why: `the node could not be read again: ${why}` }
    }
    const present = result.reading.sysctls[change.setting as WrittenSysctl]
    if (!isKnown(present)) {
      if (failed) return change
      return { ...change, outcome: 'unproven', why: `it could not be read again: ${present.unknown}` }
    }
    if (failed) return provenFailure(change, present.value)
    const after = `${present.value}`
    if (!fits(change.setting, present.value, change.wanted)) {
      const why = 'something on the node wrote it after the fix, kube-proxy for one does so when it starts'
      return change.outcome === 'unproven'
        ? { ...change, after, outcome: 'failed', why: change.why ?? `it is ${after}` }
        : { ...change, after, outcome: 'failed', why }
    }
    return { ...change, after, outcome: change.outcome === 'unproven' ? 'changed' : change.outcome }
  })
}

/** The new sizes of the nodes whose sizes change, for what they cost in memory. */
export function sizesOf(steps: Step[], nodes: NodeResult[]): NodeSizes[] {
  const byNode = stepsByNode(steps)
  return nodes.flatMap((result): NodeSizes[] => {
    const own = byNode.get(result.node.name) ?? []
    const to = (setting: string) => own.find((step) => step.setting === setting && step.intent !== 'refuse')
    const [max, buckets, timeWait] = [to(MAX), to(BUCKETS), to(MAX_TW_BUCKETS)]
    const size: NodeSizes = { node: result.node.name, memoryKb: memoryOf(result) }
    // Without a limit there is no table of a size.
    if (max && buckets && max.to !== '0' && [max, buckets].some(({ intent }) => intent === 'change')) {
      size.conntrack = { max: Number(max.to), buckets: Number(buckets.to) }
    }
    if (timeWait?.intent === 'change') size.maxTwBuckets = Number(timeWait.to)
    return size.conntrack || size.maxTwBuckets !== undefined ? [size] : []
  })
}

function stepsByNode(steps: Step[]): Map<string, NodeStep[]> {
  return Map.groupBy(steps.filter(isNodeStep), ({ target }) => target.name)
}

function memoryOf(result: NodeResult): number | undefined {
  const read = result.kind === 'read' ? result.reading.memoryKb : undefined
  return read && isKnown(read) ? read.value : result.node.memoryKb
}

/** How full the tables will be at today's number of entries, fullest first: sentences. */
export function usageForecast(steps: Step[], nodes: NodeResult[], most = 5): string[] {
  const byNode = stepsByNode(steps)
  const lines = nodes.flatMap((result) => {
    const own = byNode.get(result.node.name) ?? []
    const step = own.find(({ setting, intent }) => setting === MAX && intent === 'change')
    if (result.kind !== 'read' || !isKnown(result.reading.first.conntrackCount)) return []
    // Without a limit, which 0 stands for, there is no percentage.
    if (!step?.from || step.from === '0' || step.to === '0') return []
    const count = result.reading.first.conntrackCount.value
    const share = (max: string) => (count / Number(max)) * 100
    const before = share(step.from)
    const text = `${result.node.name}: ${round(before)} % of ${step.from} in use, ${round(share(step.to ?? '0'))} % of ${step.to ?? ''} afterwards.`
    return [{ before, text }]
  })
  const sorted = lines.sort((a, b) => b.before - a.before).map(({ text }) => text)
  return sorted.length > most ? [...sorted.slice(0, most), `And ${sorted.length - most} more nodes.`] : sorted
}
