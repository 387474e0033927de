import { blocks, type Markup, marker, md, text } from './markdown.ts'
import type { Report } from './report.ts'
import { summary } from './summary/summary.ts'
import { headline, verdictWord } from './view/headline.ts'

/** GitHub takes 65,536 characters in an issue or comment; the marker and the lines around it need some. */
const BODY_LIMIT = 60_000

/** What a run tells in an issue or a comment that later runs find again and write over. */
export interface StickyText {
  /** Hidden line by which it is found; the same for every run on the same cluster. */
  marker: string
  title: string
  body: string
}

/** Whether there is something that people should be told of without having looked. */
export function isAlarm({ judgement }: Report): boolean {
  return judgement.fails || judgement.verdict === 'critical' || judgement.verdict === 'unknown'
}

/** The text of an issue about a cluster. */
export function issueText(report: Report): StickyText {
  return sticky(report, 'issue', 'full')
}

/** The text of a comment on a pull request. */
export function commentText(report: Report): StickyText {
  return sticky(report, 'comment', 'brief')
}

/** What is said when an issue is closed. */
export function recoveryText(report: Report): string {
  const run = report.run.url === undefined ? text('') : md`Run: ${report.run.url}`
  return String(blocks(md`**${verdictWord(report.judgement.verdict)}**: ${headline(report)}.`, run))
}

function sticky(report: Report, kind: string, form: 'full' | 'brief'): StickyText {
  const hidden: Markup = marker(`aks-connection-health ${kind} ${clusterKey(report)}`)
  return {
    marker: String(hidden),
    title: `Connection health of ${report.cluster.name || 'the cluster'}`.slice(0, 200),
    body: `${String(hidden)}\n${summary(report, form, BODY_LIMIT)}`,
  }
}

/** Names the cluster in the marker: two clusters of one name are told apart. */
function clusterKey({ cluster }: Report): string {
  return (cluster.id ?? (cluster.server || cluster.name)).toLowerCase()
}
