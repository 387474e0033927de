import { count } from '../../health/format.ts'
import { moment } from '../labels.ts'
import {
  blocks,
  type Content,
  details,
  fence,
  heading,
  join,
  link,
  list,
  type Markup,
  md,
  numbered,
  text,
} from '../markdown.ts'
import type { Report } from '../report.ts'
import { consequence, headline, reasonsOf, verdictWord } from '../view/headline.ts'
import { nextSteps } from '../view/next-steps.ts'
import { passagesMarkup, sign } from './pieces.ts'

/** The verdict in one line that can be read aloud, then why, then what the run does about it. */
export function verdictSection(report: Report, mostReasons: number): Markup {
  const { verdict } = report.judgement
  const title = md`${sign(verdict)} ${verdictWord(verdict)}: ${headline(report)}`
  const why = report.failure === undefined ? undefined : failureWhy(report.failure)
  const reasons = reasonList(report, mostReasons)
  return blocks(heading(2, title), since(report), why, reasons, text(consequence(report)))
}

function reasonList(report: Report, most: number): Markup | undefined {
  const reasons = reasonsOf(report)
  const shown = reasons.slice(0, most).map((reason) => text(reason))
  const rest = reasons.length - shown.length
  return list(rest > 0 ? [...shown, `and ${count(rest)} more`] : shown)
}

function failureWhy({ message, causes }: NonNullable<Report['failure']>): Markup {
  const others = causes.filter((cause) => cause !== message).slice(0, 10)
  const folded = list(others.map((cause) => text(cause, 1000)))
  return blocks(md`**${text(message, 1000)}**`, folded && details('The errors behind it', folded))
}

/** What to do next: sentences, then one block to paste. */
export function nextSection(report: Report): Markup {
  const { steps, paste } = nextSteps(report)
  const parts = steps.map(passagesMarkup)
  const body = parts.length === 1 ? parts[0] : numbered(parts)
  const docs = report.failure?.docs
  const more =
    docs === undefined
      ? undefined
      : md`More about this: ${link(docs.replace(/^https:.*\/blob\/[^/]+\//, ''), docs)}`
  return blocks(
    heading(3, 'What to do next'),
    body,
    more,
    paste.length > 0 ? fence('yaml', paste) : undefined,
  )
}

/** One line on what was looked at and when. */
export function contextLine(report: Report): Markup {
  const { cluster, run, tool } = report
  const parts: Content[] = [
    ...(cluster.kubernetesVersion === undefined ? [] : [md`Kubernetes ${cluster.kubernetesVersion}`]),
    ...(cluster.location === undefined ? [] : [md`${cluster.location}`]),
    md`${moment(run.finishedAt)}`,
    md`${tool.name} ${tool.version}`,
    ...(run.url === undefined ? [] : [link('run', run.url)]),
  ]
  return md`<sub>${join(parts, ' · ')}</sub>`
}

function since(report: Report): Markup | undefined {
  if (report.fix?.dryRun === true) return md`**Dry run: nothing was changed.**`
  if (report.before === undefined) return undefined
  const { verdict } = report.before.judgement
  const now = report.judgement.verdict
  return md`Before the fix: ${sign(verdict)} **${verdictWord(verdict)}** · after it: ${sign(now)} **${verdictWord(now)}**`
}
