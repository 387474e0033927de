import { percent } from '../../health/format.ts'
import { oneLine } from '../clean.ts'
import type { Report } from '../report.ts'
import { nodeChanges } from './node-changes.ts'
import { nodeRows } from './node-rows.ts'

/** How many nodes a chart shows: more are not told apart at the width of a summary. */
const MOST_BARS = 12
const LONGEST = 30

/** A bar of a chart: conntrack use in percent, and before a fix where one was carried out. */
export interface Bar {
  name: string
  percent: number
  before?: number
}

/** The nodes with the fullest tables, fullest first; after a fix those that it concerned. */
export function bars(report: Report): Bar[] {
  const fixed = report.before !== undefined && report.fix?.dryRun !== true
  return fixed ? compared(report) : present(report)
}

function present(report: Report): Bar[] {
  return nodeRows(report.nodes, report.findings)
    .flatMap((row) => {
      const value = row.conntrack.value
      return value === undefined ? [] : [{ name: row.name, percent: value }]
    })
    .toSorted((a, b) => b.percent - a.percent)
    .slice(0, MOST_BARS)
}

function compared(report: Report): Required<Bar>[] {
  return nodeChanges(report)
    .flatMap(({ name, before, after }) => {
      const [was, is] = [before.conntrack.value, after?.conntrack.value]
      return was === undefined || is === undefined ? [] : [{ name, percent: is, before: was }]
    })
    .toSorted((a, b) => b.before - a.before)
    .slice(0, MOST_BARS)
}

/** The chart as lines of text of at most `width` characters. */
export function barLines(all: readonly Bar[], width = 100): string[] {
  const names = all.map((bar) => oneLine(bar.name, 40))
  const room = names.reduce((most, name) => Math.max(most, name.length), 0)
  const numbers = all.map(({ percent: is, before }) => {
    return `${percent(is).padStart(7)}${before === undefined ? '' : `  before: ${percent(before)}`}`
  })
  const longest = numbers.reduce((most, one) => Math.max(most, one.length), 0)
  const length = Math.max(10, Math.min(LONGEST, width - room - longest - 4))
  return all.map((bar, i) => {
    const filled = Math.min(length, Math.max(0, Math.round((bar.percent / 100) * length)))
    const drawn = '#'.repeat(filled) + '.'.repeat(length - filled)
    return `${(names[i] ?? '').padEnd(room)}  ${drawn}  ${numbers[i] ?? ''}`
  })
}
