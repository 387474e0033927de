import type { Effect, RemedyId } from '../../remedy/remedy.ts'
import type { Report } from '../report.ts'

/** What a remedy did to one measure, summed over the nodes where it was taken before and after. */
export interface Reduction {
  remedy: RemedyId
  measure: Exclude<Effect['measure'], 'conntrack-percent'>
  nodes: number
  before: number
  after: number
  /** Of `before`; negative when it grew, undefined when there was nothing before. */
  percent: number | undefined
}

/** Tracked connections and TIME-WAIT sockets before and after each remedy, in the order in which they ran. */
export function reductions(report: Report): Reduction[] {
  const sums = new Map<string, Reduction>()
  for (const { remedy, measure, before, after } of report.fix?.effects ?? []) {
    // A percentage cannot be summed over nodes.
    if (measure === 'conntrack-percent' || before === undefined || after === undefined) continue
    const key = `${remedy} ${measure}`
    const sum = sums.get(key) ?? { remedy, measure, nodes: 0, before: 0, after: 0, percent: undefined }
    sum.nodes++
    sum.before += before
    sum.after += after
    sums.set(key, sum)
  }
  return [...sums.values()].map((sum) => ({
    ...sum,
    percent: sum.before > 0 ? (100 * (sum.before - sum.after)) / sum.before : undefined,
  }))
}
