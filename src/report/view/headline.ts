import type { Status, Verdict } from '../../health/finding.ts'
import { count, plural } from '../../health/format.ts'
import type { Report } from '../report.ts'
import { breaches } from './severity.ts'

const WORDS: Readonly<Record<Verdict, string>> = {
  healthy: 'Healthy',
  warning: 'Warning',
  critical: 'Critical',
  unknown: 'Unknown',
}

/** The verdict as a word that begins a sentence. */
export function verdictWord(verdict: Verdict): string {
  return WORDS[verdict]
}

/** How many nodes there are of each kind that people count. */
export interface NodeCounts {
  read: number
  unread: number
  outOfScope: number
  /** Nodes with at least one finding of that status. */
  critical: number
  /** Nodes whose worst breach is a warning. */
  warning: number
}

export function nodeCounts(report: Report): NodeCounts {
  const critical = new Set<string>()
  const breached = new Set<string>()
  for (const { subject, status } of report.findings) {
    if (subject.kind !== 'node') continue
    if (status === 'critical') critical.add(subject.name)
    if (breaches({ status })) breached.add(subject.name)
  }
  const of = (kind: string): number => report.nodes.filter((node) => node.kind === kind).length
  return {
    read: of('read'),
    unread: of('unread'),
    outOfScope: of('out-of-scope'),
    critical: critical.size,
    warning: breached.size - critical.size,
  }
}

/** Names of the nodes with a warning or critical finding, those with a critical one first. */
export function breachedNodes(report: Report): string[] {
  const named = (status: Status): string[] =>
    report.findings.flatMap(({ subject, status: its }) =>
      subject.kind === 'node' && its === status ? [subject.name] : [],
    )
  return [...new Set([...named('critical'), ...named('warning')])]
}

/** What the verdict says about the nodes, in one clause that can be read aloud. */
export function headline(report: Report): string {
  const counts = nodeCounts(report)
  const all = counts.read + counts.unread
  const name = report.cluster.name || 'the cluster'
  // What is critical stays so, however the run ended; anything else is no verdict on a run cut short.
  if (report.failure !== undefined && report.judgement.verdict !== 'critical') return `no verdict on ${name}`
  switch (report.judgement.verdict) {
    case 'healthy':
      return `${nodesOf(counts.read, all)} of ${name} ${counts.read === 1 ? 'is' : 'are'} within all thresholds${forgiven(counts)}`
    case 'warning':
      return counts.warning > 0
        ? `${nodesOf(counts.warning, all)} of ${name} ${counts.warning === 1 ? 'is' : 'are'} near a limit`
        : `${name} needs attention`
    case 'critical':
      return counts.critical > 0
        ? `${nodesOf(counts.critical, all)} of ${name} ${counts.critical === 1 ? 'is' : 'are'} beyond a critical threshold`
        : `${name} is beyond a critical threshold`
    case 'unknown':
      if (all === 0) return `no node of ${name} was checked`
      return counts.unread > 0
        ? `${nodesOf(counts.unread, all)} of ${name} could not be read`
        : `not everything that decides could be measured on ${name}`
  }
}

/** Why the verdict is as it is, worst first; without what the failure says already. */
export function reasonsOf({ judgement, failure, nodes }: Report): string[] {
  // Where nothing was looked at, the failure is the only reason that there is.
  if (failure !== undefined && nodes.length === 0) return []
  return judgement.reasons.filter((reason) => reason !== failure?.message)
}

/** Whether there is more to show than why there is no verdict. */
export function hasDetails({ failure, nodes, fix }: Report): boolean {
  return failure === undefined || nodes.length > 0 || fix !== undefined
}

/** What the run does because of the verdict, as a sentence. */
export function consequence(report: Report): string {
  const { failOn, unknownNodesAllowed } = report.policy
  const allowed = unknownNodesAllowed > 0 ? `, ${plural(unknownNodesAllowed, 'unread node')} allowed` : ''
  const policy = `fail-on: ${failOn}${allowed}`
  if (!report.judgement.fails) return `The run passes (${policy}).`
  return `The run fails${whyAtAll(report)} (${policy}).`
}

/** Why a run fails where the verdict alone does not say it. */
function whyAtAll({ failure, fix, policy }: Report): string {
  if (failure !== undefined) return policy.failOn === 'never' ? ', as it could not be carried out' : ''
  return (fix?.unachieved.length ?? 0) > 0 ? ', as the fix did not achieve all of it' : ''
}

function nodesOf(some: number, all: number): string {
  if (some === all) return all === 1 ? 'the one node' : `all ${plural(all, 'node')}`
  return `${count(some)} of ${plural(all, 'node')}`
}

function forgiven(counts: NodeCounts): string {
  return counts.unread > 0 ? `, ${plural(counts.unread, 'node')} could not be read` : ''
}
