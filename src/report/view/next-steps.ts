import { nextSteps as adviceFor } from '../../health/advice.ts'
import { names, plural } from '../../health/format.ts'
import { oneLine, type Passage, passages } from '../clean.ts'
import type { Report } from '../report.ts'
import { planSize } from './plan-rows.ts'
import { unreadGroups } from './unread.ts'

/** What people do next: sentences in the order of their weight, then lines of a workflow to paste. */
export interface NextSteps {
  steps: Passage[][]
  /** Lines of YAML for the step that uses the action; empty when no input helps. */
  paste: string[]
}

const MOST_STEPS = 5
const MOST_SERVICES = 10
/** How many reasons of unread nodes are among the next steps. */
export const UNREAD_STEPS = 2
const DRY_RUN = 'dry-run: true # shows the plan; take this line out to carry it out'

export function nextSteps(report: Report): NextSteps {
  const { failure, fix } = report
  if (failure !== undefined || fix?.interrupted === true) return afterEarlyEnd(report)
  if (fix?.dryRun === true) return afterDryRun(report)
  return fix === undefined ? afterCheck(report) : afterFix(report)
}

function afterCheck(report: Report): NextSteps {
  const advice = advised(report)
  const steps = [...unreadSteps(report), ...advice.byHand.map(passages)].slice(0, MOST_STEPS)
  if (advice.with.length > 0) {
    const rest =
      steps.length > 0 ? 'Add these lines to the step:' : 'Add these lines to the step and run it again:'
    return { steps: [...steps, say(rest)], paste: withBlock([...advice.with, DRY_RUN]) }
  }
  return { steps: steps.length > 0 ? steps : [say('Nothing to do.')], paste: [] }
}

function afterFix(report: Report): NextSteps {
  const advice = advised(report)
  const unachieved = report.fix?.unachieved ?? []
  const again =
    'Take away what stood in the way (the reasons are above) and run it again: what is done is found done.'
  const lead = unachieved.length > 0 ? [say(again)] : []
  const others = [...unreadSteps(report), ...advice.byHand.map(passages)]
  const steps = [...lead, ...others].slice(0, MOST_STEPS)
  const temporary = isTemporary(report)
  if (advice.lasting.length === 0 && !temporary) {
    return { steps: steps.length > 0 ? steps : [say('Nothing more to do.')], paste: [] }
  }
  // What still breaches after the fix needs the values that the advice names; else the fix made its own last.
  const lasting = advice.lasting.length > 0 ? advice.lasting : lastingLines(report)
  const why = temporary
    ? 'What was written to the nodes is gone when a node reboots or is replaced. These lines make it last:'
    : 'These lines give every node of the pools such values, now and later:'
  return { steps: [...steps, say(why)], paste: withBlock([...lasting, DRY_RUN]) }
}

function afterDryRun(report: Report): NextSteps {
  const doing = (report.fix?.plans ?? []).filter((plan) => planSize(plan).changes > 0)
  const refusals = (report.fix?.unachieved ?? []).slice(0, MOST_STEPS).map(passages)
  if (doing.length === 0) {
    const rest = advised(report).byHand.slice(0, 2).map(passages)
    return { steps: [...refusals, say('There is nothing to change.'), ...rest], paste: [] }
  }
  const said = say('Nothing was changed. Read the plan below, then take dry-run out of the step:')
  const services = doing.flatMap(({ steps }) =>
    steps.flatMap(({ intent, target }) =>
      intent === 'change' && target.kind === 'service' ? [`${target.namespace}/${target.name}`] : [],
    ),
  )
  const paste = [`fix: ${doing.map((plan) => plan.remedy).join(', ')}`]
  if (services.length > 0) paste.push(`services: ${[...new Set(services)].join(', ')}`)
  return { steps: [...refusals, said], paste: withBlock([...paste, 'dry-run: false']) }
}

function afterEarlyEnd({ failure, fix }: Report): NextSteps {
  const first = failure === undefined ? [] : [passages(failure.next)]
  if (fix === undefined || fix.dryRun) return { steps: first, paste: [] }
  const tried = fix.changes.some(({ outcome }) => outcome !== 'skipped' && outcome !== 'refused')
  const said = tried
    ? 'What was changed until then is listed below. Run it again: it does the rest, or finds it done.'
    : 'Nothing was changed until then. Run it again.'
  return { steps: [...first, say(said)], paste: [] }
}

function advised(report: Report): ReturnType<typeof adviceFor> {
  const advice = adviceFor(report.findings, { azure: report.cluster.id !== undefined })
  // The unread nodes have steps of their own, with their names and reasons together.
  const own = new Set(unreadGroups(report.nodes).flatMap(({ next }) => (next === undefined ? [] : [next])))
  const individual = new Set(
    report.nodes.flatMap((node) => (node.kind === 'unread' && node.next !== undefined ? [node.next] : [])),
  )
  return { ...advice, byHand: advice.byHand.filter((line) => !own.has(line) && !individual.has(line)) }
}

function unreadSteps(report: Report): Passage[][] {
  return unreadGroups(report.nodes)
    .slice(0, UNREAD_STEPS)
    .map((group) => {
      const many = group.names.length > 3
      const who = many ? plural(group.names.length, 'node') : names(group.names)
      const lead: Passage = { kind: 'prose', text: oneLine(`${who} not read: ${sentence(group.why)}`) }
      return group.next === undefined ? [lead] : [lead, ...passages(group.next)]
    })
}

/** Whether something was written to nodes that neither a daemonset nor a node pool keeps there. */
function isTemporary(report: Report): boolean {
  const changed = new Set(
    report.fix?.changes.filter(({ outcome }) => outcome === 'changed').map(({ remedy }) => remedy),
  )
  return changed.has('sysctl') && !changed.has('daemonset') && !changed.has('node-pool')
}

/** The advice on what breached before the fix, whose values the fix has written. */
function lastingLines(report: Report): string[] {
  const azure = report.cluster.id !== undefined
  const { lasting } = adviceFor(report.before?.findings ?? [], { azure })
  return lasting.length > 0 ? lasting : [`fix: ${azure ? 'node-pool' : 'daemonset'}`, 'fix-scope: all']
}

/** Lines under `with:`, each an input's name and its value, of which lists stand one name a line. */
function withBlock(lines: readonly string[]): string[] {
  return ['with:', ...lines.flatMap(inputLines)]
}

const PLAIN = /^[A-Za-z0-9][A-Za-z0-9 ,./_-]*( # .*)?$/

function inputLines(line: string): string[] {
  const at = line.indexOf(': ')
  const [name, value] = [line.slice(0, at), line.slice(at + 2)]
  const members = value.split(', ')
  if (name === 'services' && members.length > 2) {
    const rest = members.length - MOST_SERVICES
    const left = rest > 0 ? [`  # and ${plural(rest, 'further service')}, see the JSON report`] : []
    return [
      ...left,
      `  ${name}: |`,
      ...members.slice(0, MOST_SERVICES).map((member) => `    ${oneLine(member)}`),
    ]
  }
  // No name in a cluster needs quotes; one that does is not what it says it is.
  return [`  ${name}: ${PLAIN.test(value) ? value : JSON.stringify(oneLine(value))}`]
}

function say(text: string): Passage[] {
  return [{ kind: 'prose', text }]
}

function sentence(text: string): string {
  return /[.!?:]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`
}
