import { percent } from '../../health/format.ts'
import { oneLine } from '../clean.ts'
import { blocks, details, fence, type Markup } from '../markdown.ts'
import type { Report } from '../report.ts'
import { nodeChanges } from '../view/node-changes.ts'
import { nodeRows } from '../view/node-rows.ts'

/** How many nodes a chart shows: more are not told apart at the width of a summary. */
const MOST_BARS = 12
const TEXT_BAR = 30

/** A bar: conntrack use in percent, and before a fix where there was one. */
interface Bar {
  name: string
  percent: number
  before?: number
}

/** A chart of the worst nodes' conntrack use, and the same as text for readers without images. */
export function chartSection(report: Report): Markup | undefined {
  const bars = report.before === undefined || report.fix?.dryRun === true ? present(report) : compared(report)
  if (bars.length === 0) return undefined
  return blocks(
    fence('mermaid', mermaid(bars, report.thresholds.conntrackCriticalPercent)),
    details('The chart as text', fence('text', asText(bars))),
  )
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

function mermaid(bars: readonly Bar[], critical: number): string[] {
  const before = bars.flatMap((bar) => (bar.before === undefined ? [] : [tenths(bar.before)]))
  const fixed = before.length === bars.length
  const highest = Math.max(100, ...bars.flatMap((bar) => [bar.percent, bar.before ?? 0]))
  const series = [
    ...(fixed ? [`  bar [${before.join(', ')}]`] : []),
    `  bar [${bars.map((bar) => tenths(bar.percent)).join(', ')}]`,
    `  line [${bars.map(() => tenths(critical)).join(', ')}]`,
  ]
  const palette = fixed ? '#9aa4b2, #2f81f7, #cf222e' : '#2f81f7, #cf222e'
  const title = fixed
    ? 'Connection table use, % of the maximum: grey before, blue after'
    : 'Connection table use, % of the maximum'
  return [
    '---',
    'config:',
    '  xyChart:',
    `    height: ${160 + 32 * bars.length}`,
    '    width: 820',
    '  themeVariables:',
    '    xyChart:',
    '      backgroundColor: "transparent"',
    `      plotColorPalette: "${palette}"`,
    '---',
    'xychart-beta horizontal',
    `  title "${title}"`,
    `  x-axis [${labels(bars)
      .map((name) => `"${name}"`)
      .join(', ')}]`,
    `  y-axis "red line: critical from ${tenths(critical)} %" 0 --> ${Math.ceil(highest)}`,
    ...series,
  ]
}

/** Names that a chart can hold: short, all different, and of characters that mean nothing in its language. */
function labels(bars: readonly Bar[]): string[] {
  const safe = bars.map((bar) => oneLine(bar.name, 200).replace(/[^A-Za-z0-9._-]/g, '_') || '_')
  const short = safe.map((name) => (name.length <= 34 ? name : `${name.slice(0, 12)}..${name.slice(-20)}`))
  return short.map((name, i) => (short.indexOf(name) === i ? name : `${name} (${i + 1})`))
}

function asText(bars: readonly Bar[]): string[] {
  const width = Math.max(...bars.map((bar) => oneLine(bar.name, 63).length))
  return bars.map((bar) => {
    const filled = Math.min(TEXT_BAR, Math.max(0, Math.round((bar.percent / 100) * TEXT_BAR)))
    const drawn = '#'.repeat(filled) + '.'.repeat(TEXT_BAR - filled)
    const was = bar.before === undefined ? '' : `  (before: ${percent(bar.before)})`
    return `${oneLine(bar.name, 63).padEnd(width)}  ${drawn}  ${percent(bar.percent).padStart(7)}${was}`
  })
}

function tenths(value: number): string {
  return String(Math.round(value * 10) / 10)
}
