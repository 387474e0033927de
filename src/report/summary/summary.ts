import { blocks, bytes, type Markup } from '../markdown.ts'
import type { Report } from '../report.ts'
import { hasDetails } from '../view/headline.ts'
import { chartSection } from './chart.ts'
import { checksSection } from './checks.ts'
import { clusterSection, notesSection, thresholdsSection } from './context.ts'
import { changesSection, effectsSection } from './fix.ts'
import { holdersSection } from './holders.ts'
import { nodesSection, outOfScopeSection, unreadSection } from './nodes.ts'
import { planSection } from './plan.ts'
import { contextLine, nextSection, verdictSection } from './verdict.ts'

/** The runner drops a summary over 1 MiB as a whole; several steps share a page, so that much stays free. */
export const SUMMARY_LIMIT = 900_000

/** How many rows the long tables have. The first whose summary fits is taken; nothing is ever cut. */
const ROWS = [50, 25, 10, 3] as const

export type SummaryForm = 'full' | 'brief'

/**
 * The summary of a run as GitHub-flavoured markdown.
 *
 * @param form `brief` is one screen for gates: verdict, reasons, what to do next.
 * @param limit Size in bytes that it stays under.
 */
export function summary(report: Report, form: SummaryForm = 'full', limit: number = SUMMARY_LIMIT): string {
  if (form === 'full') {
    for (const rows of ROWS) {
      const whole = full(report, rows)
      if (bytes(whole) < limit) return `${String(whole)}\n`
    }
  }
  return `${String(brief(report))}\n`
}

function brief(report: Report): Markup {
  return blocks(
    verdictSection(report, 5),
    nextSection(report),
    thresholdsSection(report),
    contextLine(report),
  )
}

function full(report: Report, rows: number): Markup {
  if (!hasDetails(report)) return brief(report)
  return blocks(
    verdictSection(report, 5),
    nextSection(report),
    effectsSection(report, rows),
    changesSection(report, rows),
    planSection(report, rows),
    checksSection(report),
    chartSection(report),
    unreadSection(report),
    nodesSection(report, rows),
    holdersSection(report),
    outOfScopeSection(report),
    notesSection(report),
    thresholdsSection(report),
    clusterSection(report),
    contextLine(report),
  )
}
