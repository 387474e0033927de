import { oneLine } from '../clean.ts'
import { blocks, details, fence, type Markup } from '../markdown.ts'
import type { Report } from '../report.ts'
import { type Bar, barLines, bars } from '../view/bars.ts'

/** A chart of the worst nodes' conntrack use, and the same as text for readers without images. */
export function chartSection(report: Report): Markup | undefined {
  const shown = bars(report)
  if (shown.length === 0) return undefined
  return blocks(
    fence('mermaid', mermaid(shown, report.thresholds.conntrackCriticalPercent)),
    details('The chart as text', fence('text', barLines(shown))),
  )
}

function mermaid(all: readonly Bar[], critical: number): string[] {
  const before = all.flatMap((bar) => (bar.before === undefined ? [] : [tenths(bar.before)]))
  const fixed = before.length === all.length
  const highest = Math.max(100, ...all.flatMap((bar) => [bar.percent, bar.before ?? 0]))
  const series = [
    ...(fixed ? [`  bar [${before.join(', ')}]`] : []),
    `  bar [${all.map((bar) => tenths(bar.percent)).join(', ')}]`,
    `  line [${all.map(() => tenths(critical)).join(', ')}]`,
  ]
  const palette = fixed ? '#9aa4b2, #2f81f7, #cf222e' : '#2f81f7, #cf222e'
  const title = fixed
    ? 'Connection table use, % of the maximum: grey before, blue after'
    : 'Connection table use, % of the maximum'
  return [
    '---',
    'config:',
    '  xyChart:',
    `    height: ${160 + 32 * all.length}`,
    '    width: 820',
    '  themeVariables:',
    '    xyChart:',
    '      backgroundColor: "transparent"',
    `      plotColorPalette: "${palette}"`,
    '---',
    'xychart-beta horizontal',
    `  title "${title}"`,
    `  x-axis [${labels(all)
      .map((name) => `"${name}"`)
      .join(', ')}]`,
    `  y-axis "red line: critical from ${tenths(critical)} %" 0 --> ${Math.ceil(highest)}`,
    ...series,
  ]
}

/** Names that a chart can hold: short, all different, and of characters that mean nothing in its language. */
function labels(all: readonly Bar[]): string[] {
  const safe = all.map((bar) => oneLine(bar.name, 200).replace(/[^A-Za-z0-9._-]/g, '_') || '_')
  const short = safe.map((name) => (name.length <= 34 ? name : `${name.slice(0, 12)}..${name.slice(-20)}`))
  return short.map((name, i) => (short.indexOf(name) === i ? name : `${name} (${i + 1})`))
}

function tenths(value: number): string {
  return String(Math.round(value * 10) / 10)
}
