import { CHECKS, type CheckId, type Finding } from '../health/finding.ts'
import { names, plural } from '../health/format.ts'
import { oneLine } from './clean.ts'
import { CHECK_TITLES, subjectName } from './labels.ts'
import type { Report } from './report.ts'
import { verdictWord } from './view/headline.ts'
import { breaches, worstFirst } from './view/severity.ts'
import { unreadGroups } from './view/unread.ts'

/** The runner cuts a message there. */
export const MESSAGE_LIMIT = 4096

/** One annotation of the run. The runner keeps ten per level and step; there is at most one a check. */
export interface Annotation {
  level: 'error' | 'warning'
  title: string
  /** Plain text of one or more lines, at most {@link MESSAGE_LIMIT} characters. */
  message: string
}

/** At most one annotation a breached check, aggregated over its subjects, in the order of the checks. */
export function annotations(report: Report): Annotation[] {
  if (report.failure === undefined) return ofChecks(report)
  // What is critical stays so, however the run ended.
  const critical = report.judgement.verdict === 'critical' ? ofChecks(report) : []
  return [failureAnnotation(report), ...critical]
}

function ofChecks(report: Report): Annotation[] {
  const byCheck = Map.groupBy(report.findings, (finding) => finding.check)
  return CHECKS.flatMap((check) => {
    const notable = worstFirst(byCheck.get(check) ?? []).filter(isNotable)
    return notable.length === 0 ? [] : [annotationOf(check, notable, report)]
  })
}

function isNotable(finding: Finding): boolean {
  return breaches(finding) || (finding.status === 'unknown' && finding.decides)
}

function annotationOf(check: CheckId, notable: Finding[], report: Report): Annotation {
  const worst = notable[0]
  const word = verdictWord(
    worst?.status === 'critical' || worst?.status === 'unknown' ? worst.status : 'warning',
  )
  const unread = check === 'node-readable' ? unreadLines(report) : []
  const others = notable.slice(1).map(subjectOf)
  const advice = oneLine(worst?.advice ?? '', 1000)
  const lines = [
    leadOf(worst, notable, report),
    // Nodes that were not read are named with their reason, and what to do, below.
    ...(unread.length === 0 && others.length > 0 ? [`Also: ${names(others, 9)}.`] : []),
    ...unread,
    ...(unread.length === 1 || unread.some((line) => line.endsWith(advice)) ? [] : [advice]),
  ]
  return {
    level: levelOf(worst, report),
    title: `${word}: ${CHECK_TITLES[check]} (${check})`,
    message: limited(lines),
  }
}

/** How many there are of the kind of the worst, and what it says. */
function leadOf(worst: Finding | undefined, notable: Finding[], report: Report): string {
  if (worst === undefined) return ''
  const { check, subject, summary } = worst
  if (subject.kind === 'cluster') return oneLine(summary)
  const alike = (finding: Finding): boolean =>
    finding.check === check && finding.subject.kind === subject.kind
  const [some, all] = [notable.filter(alike).length, report.findings.filter(alike).length]
  const lead = all === 1 ? subjectOf(worst) : `${some} of ${plural(all, subject.kind)}`
  return `${lead}: ${oneLine(summary)}${some > 1 ? ` (worst: ${subjectOf(worst)})` : ''}`
}

/** An error is what makes the run fail; what the policy forgives is a warning. */
function levelOf(worst: Finding | undefined, report: Report): Annotation['level'] {
  const { failOn } = report.policy
  if (failOn === 'never' || worst === undefined || !report.judgement.fails) return 'warning'
  return worst.status === 'critical' || worst.status === 'unknown' || failOn === 'warning'
    ? 'error'
    : 'warning'
}

function failureAnnotation(report: Report): Annotation {
  const message = report.failure?.message ?? ''
  const next = report.failure?.next ?? ''
  const { verdict, fails } = report.judgement
  const what = verdict === 'critical' ? 'the run ended early' : 'no verdict on the cluster'
  return {
    level: fails ? 'error' : 'warning',
    title: `${verdictWord(verdict)}: ${what}`,
    message: limited([oneLine(message, 2000), oneLine(next, 2000), ...moreLine(report)]),
  }
}

/** Where the documentation tells more. */
function moreLine({ failure }: Report): string[] {
  return failure?.docs === undefined ? [] : [`More: ${oneLine(failure.docs)}`]
}

function unreadLines(report: Report): string[] {
  return unreadGroups(report.nodes)
    .slice(0, 5)
    .map(({ why, next, names: all }) => oneLine(`${names(all)}: ${sentence(why)} ${next ?? ''}`, 700))
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

function subjectOf(finding: Finding | undefined): string {
  return finding === undefined ? '' : oneLine(subjectName(finding.subject), 253)
}

/** Whole lines as far as they fit; the first one always does. */
function limited(lines: readonly string[]): string {
  let message = ''
  for (const line of lines.filter((one) => one !== '')) {
    const longer = message === '' ? line : `${message}\n${line}`
    if (longer.length > MESSAGE_LIMIT) break
    message = longer
  }
  return message
}
