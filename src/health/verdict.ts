import { nameOf } from './check.ts'
import { CHECK_BY_ID } from './checks.ts'
import {
  CHECKS,
  type CheckId,
  type Finding,
  type Judgement,
  type Policy,
  type Status,
  type Subject,
  type Verdict,
} from './finding.ts'
import { byName, clip, names, plural } from './format.ts'

/** Verdicts from best to worst. */
export const VERDICTS = ['healthy', 'warning', 'unknown', 'critical'] as const satisfies readonly Verdict[]

/** A number that grows with how bad the verdict is. */
export function rankOf(verdict: Verdict): number {
  return VERDICTS.indexOf(verdict)
}

/**
 * Judges all findings. Worst first the verdict is critical, unknown, warning, healthy. Up to
 * `unknownNodesAllowed` unread nodes do not decide, but are named; one more, and all of them decide.
 * Without a single node that was read there is no verdict but unknown, or critical.
 */
export function judge(findings: readonly Finding[], policy: Policy): Judgement {
  const forgiven = new Set(forgivenOf(findings, policy))
  const deciding = findings.filter((finding) => finding.decides && !forgiven.has(finding))
  const verdict = worstVerdict([...deciding.map(({ status }) => verdictOf(status)), floorOf(findings)])
  const reasons = reasonsFor(deciding, findings)
  if (reasons.length === 0 && verdict === 'unknown') reasons.push('node-readable: no node was read')
  if (forgiven.size > 0) reasons.push(forgivenReason([...forgiven], findings, policy))
  return { verdict, fails: failsAt(verdict, policy.failOn), reasons }
}

/**
 * What could not be measured and yet does not decide the verdict, one sentence a check: to be shown, as
 * it is not known, but no reason for the verdict.
 */
export function asides(findings: readonly Finding[]): string[] {
  return CHECKS.flatMap((check) => {
    const group = findings.filter((finding) => finding.check === check && finding.status === 'unknown')
    const silent = group.filter((finding) => !finding.decides)
    const [first] = silent
    if (!first) return []
    const of = findings.filter((finding) => finding.check === check).length
    const where =
      first.subject.kind === 'cluster' ? '' : `unknown for ${share(silent.length, of, first.subject)}: `
    return [`${check}: ${where}${clip(first.summary)} (does not change the verdict)`]
  })
}

function verdictOf(status: Status): Verdict {
  return status === 'ok' || status === 'not-made' ? 'healthy' : status
}

/** Nothing read is nothing known, whatever is forgiven. */
function floorOf(findings: readonly Finding[]): Verdict {
  const anyRead = findings.some(({ check, status }) => check === 'node-readable' && status === 'ok')
  return anyRead ? 'healthy' : 'unknown'
}

function worstVerdict(verdicts: readonly Verdict[]): Verdict {
  return verdicts.reduce((worst, next) => (rankOf(next) > rankOf(worst) ? next : worst), 'healthy')
}

function failsAt(verdict: Verdict, failOn: Policy['failOn']): boolean {
  if (failOn === 'never') return false
  return rankOf(verdict) >= rankOf(failOn === 'warning' ? 'warning' : 'unknown')
}

function forgivenOf(findings: readonly Finding[], policy: Policy): Finding[] {
  const unread = findings.filter(isUnreadNode)
  return unread.length <= policy.unknownNodesAllowed ? unread : []
}

function isUnreadNode({ check, status, subject }: Finding): boolean {
  return check === 'node-readable' && status === 'unknown' && subject.kind === 'node'
}

function forgivenReason(forgiven: Finding[], findings: readonly Finding[], policy: Policy): string {
  const nodes = findings.filter(({ check, subject }) => check === 'node-readable' && subject.kind === 'node')
  const [first] = forgiven
  const who = names(forgiven.map(({ subject }) => nameOf(subject)).sort(byName), 10)
  const of = first ? share(forgiven.length, nodes.length, first.subject) : ''
  return `node-readable: ${of} not read (${who}), forgiven by unknown-nodes-allowed ${policy.unknownNodesAllowed}`
}

const BREACHES = ['critical', 'unknown', 'warning'] as const
type Breach = (typeof BREACHES)[number]

/** One sentence a check that is not well, the checks with the worst status first. */
function reasonsFor(deciding: readonly Finding[], all: readonly Finding[]): string[] {
  const reasons = CHECKS.flatMap((check) => {
    const breaches = BREACHES.flatMap((status) => {
      const group = deciding.filter((finding) => finding.check === check && finding.status === status)
      return group.length > 0 ? [{ status, group }] : []
    })
    const [worst] = breaches
    if (!worst) return []
    return [{ rank: rankOf(worst.status), text: `${check}: ${sentence(check, breaches, all)}` }]
  })
  // A stable sort: checks of one rank stay in the order in which they are shown.
  return reasons.sort((a, b) => b.rank - a.rank).map(({ text }) => text)
}

function sentence(
  check: CheckId,
  breaches: readonly { status: Breach; group: Finding[] }[],
  all: readonly Finding[],
): string {
  const parts = breaches.flatMap(({ status, group }, index) => {
    const after = index > 0 && status === 'warning' && breaches[0]?.status === 'critical'
    const bySubject = [...Map.groupBy(group, ({ subject }) => subject.kind).values()]
    return bySubject.map((same) => part(check, status, same, all, after))
  })
  return parts.join('; ')
}

function part(
  check: CheckId,
  status: Breach,
  group: Finding[],
  all: readonly Finding[],
  more: boolean,
): string {
  const [first] = group
  if (!first) return ''
  if (first.subject.kind === 'cluster') return first.summary
  const { kind } = first.subject
  const of = all.filter((finding) => finding.check === check && finding.subject.kind === kind).length
  const who = more ? `${group.length} more` : share(group.length, of, first.subject)
  if (status === 'unknown' && check !== 'node-readable') {
    const example = [...group].sort((a, b) => byName(nameOf(a.subject), nameOf(b.subject)))[0] ?? first
    return `unknown for ${who} (${nameOf(example.subject)}: ${clip(example.summary, 160)})`
  }
  return `${who} ${CHECK_BY_ID[check].phrase(group)}`
}

function share(number: number, of: number, subject: Subject): string {
  return `${number} of ${plural(of, subject.kind)}`
}
