import { isKnown, type Measured, type NodeResult, type Reading } from '../node/reading.ts'
import type { Effect, RemedyId } from './remedy.ts'

type Measure = Effect['measure']

const measures: Record<Measure, (reading: Reading) => number | undefined> = {
  'conntrack-entries': (reading) => known(reading.first.conntrackCount),
  'conntrack-percent': (reading) => {
    const entries = known(reading.first.conntrackCount)
    const max = known(reading.sysctls['net.netfilter.nf_conntrack_max'])
    // 0 means that there is no limit, so there is no percentage either.
    return entries === undefined || !max ? undefined : (entries / max) * 100
  },
  'time-wait-sockets': (reading) => known(reading.first.timeWait),
}

/** The load of every node before and after a remedy: the proof that it did something, or that it did not. */
export function effectsOf(remedy: RemedyId, before: NodeResult[], after: NodeResult[]): Effect[] {
  const later = new Map(after.map((result) => [result.node.name, result]))
  return before.flatMap((result) => {
    const again = later.get(result.node.name)
    return (Object.keys(measures) as Measure[])
      .map((measure) =>
        effect(remedy, result.node.name, measure, measured(result, measure), measured(again, measure)),
      )
      .filter(({ before, after }) => before !== undefined || after !== undefined)
  })
}

function effect(
  remedy: RemedyId,
  node: string,
  measure: Measure,
  before: number | undefined,
  after: number | undefined,
): Effect {
  const known = before !== undefined && after !== undefined && before > 0
  return {
    remedy,
    node,
    measure,
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
    ...(known && { reductionPercent: ((before - after) / before) * 100 }),
  }
}

/** One measure summed over the nodes where it was taken before and after; undefined where there is none. */
export function total(
  effects: Effect[],
  remedy: RemedyId,
  measure: Measure,
): { before: number; after: number; nodes: number; reductionPercent: number | undefined } | undefined {
  let [before, after, nodes] = [0, 0, 0]
  for (const effect of effects) {
    if (effect.remedy !== remedy || effect.measure !== measure) continue
    if (effect.before === undefined || effect.after === undefined) continue
    before += effect.before
    after += effect.after
    nodes++
  }
  if (nodes === 0) return undefined
  return {
    before,
    after,
    nodes,
    reductionPercent: before > 0 ? ((before - after) / before) * 100 : undefined,
  }
}

function measured(result: NodeResult | undefined, measure: Measure): number | undefined {
  return result?.kind === 'read' ? measures[measure](result.reading) : undefined
}

function known(measured: Measured): number | undefined {
  return isKnown(measured) ? measured.value : undefined
}
