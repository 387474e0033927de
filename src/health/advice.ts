import type { RemedyId } from '../remedy/remedy.ts'
import { nameOf } from './check.ts'
import type { CheckId, Finding, Judgement } from './finding.ts'
import { byName } from './format.ts'

/** What to do about a set of findings. */
export interface NextSteps {
  /** The remedies that answer what breached, in the order in which they run; empty when none does. */
  remedies: RemedyId[]
  /** Which checks each of them answers. */
  answers: Partial<Record<RemedyId, CheckId[]>>
  /** The lines to paste under `with:`, e.g. `fix: service-policy, sysctl`; empty when no remedy helps. */
  with: string[]
  /**
   * The lines for a later run that make the same settings last across reboots; empty when there are none.
   * Apart from `with`, as a remedy acts only on what the one before it left breached.
   */
  lasting: string[]
  /** What no remedy answers, one sentence each, worst first and without repeats. */
  byHand: string[]
}

/** Default of the `conntrack-max` input; a line for it is needed only above. */
const DEFAULT_CONNTRACK_MAX = 262144

/** Checks that a larger table or more buckets answer, and those that TCP settings answer. */
export const TABLE_CHECKS: readonly CheckId[] = ['conntrack-usage', 'conntrack-drops', 'conntrack-buckets']
export const TCP_CHECKS: readonly CheckId[] = ['time-wait', 'time-wait-overflow', 'tw-reuse', 'port-usage']

/** Which settings of a node answer the finding: the table's, the TCP stack's, or none that a remedy writes. */
export function settingsFor(finding: Finding): 'table' | 'tcp' | undefined {
  if (!isBreach(finding)) return undefined
  if (finding.check === 'conntrack-drops') return isLossOfTable(finding) ? 'table' : undefined
  if (TABLE_CHECKS.includes(finding.check)) return 'table'
  // Reuse that is allowed and yet breaches lacks TCP timestamps, which no remedy sets; nor does one turn it off.
  const { tcpTimestamps, allowed } = finding.evidence
  if (finding.check === 'tw-reuse' && (tcpTimestamps === 0 || allowed === '0')) return undefined
  // A pod's ports are of its own network namespace, which no setting of the node reaches.
  if (finding.check === 'port-usage' && finding.evidence.scope === 'pod') return undefined
  return TCP_CHECKS.includes(finding.check) ? 'tcp' : undefined
}

/** Whether a finding is one that a remedy could answer at all. */
export function isBreach({ status }: Finding): boolean {
  return status === 'warning' || status === 'critical'
}

/** Lost insert clashes alone are a race between two packets of one flow, which no size of table ends. */
function isLossOfTable({ evidence }: Finding): boolean {
  const { tableFullPerSecond, evictedPerSecond, chainRefusalsPerSecond } = evidence
  const lost = [tableFullPerSecond, evictedPerSecond, chainRefusalsPerSecond]
  return lost.some((rate) => typeof rate === 'number' && rate > 0)
}

/**
 * The remedies that answer what breached, ready to paste, and what is left for people.
 *
 * @param options.azure whether the cluster is known to ARM, so that node pools can be changed.
 */
export function nextSteps(findings: readonly Finding[], options: { azure?: boolean } = {}): NextSteps {
  const breaches = findings.filter(isBreach)
  const services = breaches.filter(({ check }) => check === 'service-policy')
  const onNodes = breaches.filter((finding) => settingsFor(finding) !== undefined)
  const drifting = breaches.filter(({ check }) => check === 'pool-drift')
  const answers: Partial<Record<RemedyId, CheckId[]>> = {}
  if (services.length > 0) answers['service-policy'] = ['conntrack-usage', 'service-policy']
  if (onNodes.length > 0) answers.sysctl = checksOf(onNodes)
  else if (drifting.length > 0) answers.daemonset = ['pool-drift']

  const remedies = (['service-policy', 'sysctl', 'daemonset'] as const).filter((id) => answers[id])
  const sizes = valueLines(onNodes)
  const permanent = [`fix: ${options.azure ? 'node-pool' : 'daemonset'}`, 'fix-scope: all', ...sizes]
  const answered = new Set([...services, ...onNodes, ...drifting])
  return {
    remedies,
    answers,
    with: remedies.length > 0 ? linesFor(remedies, services, sizes) : [],
    lasting: onNodes.length > 0 ? permanent : [],
    byHand: sentences(findings.filter((finding) => needsHands(finding) && !answered.has(finding))),
  }
}

/** One line that says what to do next, for the end of a log or an annotation; undefined when all is well. */
export function nextInOneLine(steps: NextSteps, judgement: Judgement): string | undefined {
  if (steps.with.length > 0) return `Run again with ${steps.with.join(', ')}.`
  if (steps.byHand.length > 0) return steps.byHand[0]
  return judgement.verdict === 'healthy' ? undefined : judgement.reasons[0]
}

function needsHands(finding: Finding): boolean {
  return isBreach(finding) || (finding.status === 'unknown' && finding.decides)
}

function checksOf(findings: readonly Finding[]): CheckId[] {
  return [...new Set(findings.map(({ check }) => check))]
}

function linesFor(
  remedies: readonly RemedyId[],
  services: readonly Finding[],
  sizes: readonly string[],
): string[] {
  const lines = [`fix: ${remedies.join(', ')}`]
  if (services.length > 0) {
    const named = services.map(({ subject }) => nameOf(subject)).sort(byName)
    lines.push(`services: ${named.join(', ')}`)
  }
  if (remedies.includes('daemonset')) lines.push('fix-scope: all')
  return [...lines, ...sizes]
}

/** Values that must differ from the inputs' defaults if the remedies are to answer these findings. */
function valueLines(onNodes: readonly Finding[]): string[] {
  const lines: string[] = []
  const wanted = largest(onNodes, 'wantedMaxEntries')
  if (wanted > DEFAULT_CONNTRACK_MAX) lines.push(`conntrack-max: ${wanted}`)
  const allowed = onNodes.find(({ check }) => check === 'tw-reuse')?.evidence.allowed
  const values = typeof allowed === 'string' ? allowed.split(', ') : []
  if (values.includes('2') && !values.includes('1')) lines.push('tw-reuse: 2')
  return lines
}

function largest(findings: readonly Finding[], name: string): number {
  const values = findings.map(({ evidence }) => evidence[name]).filter((value) => typeof value === 'number')
  return values.reduce((most, value) => Math.max(most, value), 0)
}

const ORDER: Readonly<Record<Finding['status'], number>> = {
  critical: 0,
  unknown: 1,
  warning: 2,
  ok: 3,
  'not-made': 4,
}

function sentences(findings: readonly Finding[]): string[] {
  const worstFirst = [...findings].sort((a, b) => ORDER[a.status] - ORDER[b.status])
  return [...new Set(worstFirst.flatMap(({ advice }) => (advice === undefined ? [] : [advice])))]
}
