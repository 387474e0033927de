import { readDataplane } from '../../cluster/dataplane.ts'
import type { ClusterFacts } from '../../cluster/facts.ts'
import { listExternalServices } from '../../cluster/services.ts'
import { messageOf } from '../../errors.ts'
import type { ServiceInfo } from '../../health/service.ts'
import type { Removal } from '../cleanup.ts'
import type { Outcome, PodOutcome, PodTask } from '../ledger.ts'
import { type AuditOptions, listScope, type NodesRead, readListed } from '../read-nodes.ts'
import type { Measured, NodeInfo } from '../reading.ts'
import type { NodeScope } from '../scope.ts'
import { explainSilence } from '../silence.ts'
import { type CommandAnswer, parseAnswer } from './answer.ts'
import { type CommandOrder, commandOrder } from './order.ts'
import { outcomeIn } from './outcomes.ts'
import { recordedApi } from './recorded-api.ts'

/** Runs a command inside the cluster. `cut`: its output is longer than what is kept of it. */
export type RunInCluster = (order: CommandOrder) => Promise<{ exitCode: number; logs: string; cut: boolean }>

export interface CommandReadOptions extends AuditOptions {
  scope: NodeScope
  /** Address of the API server, for messages. */
  server: string
  signal: AbortSignal
  seen?: readonly NodeInfo[]
  progress?(done: number, total: number): void
  removed?(removal: Removal): void
  note?(text: string): void
}

/** Everything that commands in the cluster found out. */
export interface CommandRead {
  nodes: NodesRead
  services: Measured<ServiceInfo[]>
  dataplane: Pick<ClusterFacts, 'dataplane' | 'kubeProxy'>
}

/** What is known of the nodes of one command. */
interface Part {
  answer: CommandAnswer
  cut: boolean
}

/**
 * Reads the nodes of the scope, and services and dataplane along with them, by commands that are run in the
 * cluster: one for all, several where there are more nodes than one may print of. Rejects where the first one
 * gives nothing, as {@link readNodes} does; nodes that a later one fails to read are unread, with its reason.
 */
export async function readByCommand(run: RunInCluster, options: CommandReadOptions): Promise<CommandRead> {
  const parts: Part[] = []
  let lost: string | undefined
  for (let after = ''; ; ) {
    try {
      parts.push(await runPart(run, after, parts.length + 1, options))
    } catch (error) {
      options.signal.throwIfAborted()
      const rest = parts.at(-1)?.answer.rest
      // Nodes whose names are not known could not be counted as unread.
      if (rest === undefined || rest.total > rest.nodes.length) throw error
      lost = messageOf(error)
      break
    }
    const { answer } = parts[parts.length - 1] ?? { answer: undefined }
    tell(answer, parts, options)
    const next = answer?.nodes
      .map(({ metadata }) => metadata.name)
      .toSorted()
      .at(-1)
    if (answer === undefined || answer.rest.total === 0 || next === undefined) break
    after = next
  }
  return assemble(parts, lost, options)
}

async function runPart(
  run: RunInCluster,
  after: string,
  number: number,
  options: CommandReadOptions,
): Promise<Part> {
  const order = commandOrder({ ...options, pass: `${options.pass}-${number}`, after })
  const { logs, cut } = await run(order)
  return { answer: parseAnswer(logs, options.runId), cut }
}

function tell(answer: CommandAnswer | undefined, parts: Part[], options: CommandReadOptions): void {
  if (answer === undefined) return
  const done = parts.reduce((sum, part) => sum + part.answer.nodes.length, 0)
  options.progress?.(done, done + answer.rest.total)
  if (answer.staleRemoved > 0)
    options.note?.(
      `Removed ${answer.staleRemoved} pods that earlier, dead runs had left in ${options.namespace}.`,
    )
  if (answer.complaint !== '') options.note?.(`The command in the cluster complained: ${answer.complaint}`)
  if (answer.planned.size === 0) return
  const { left, why } = answer.removal ?? { left: [], why: 'the output of the command ends before that' }
  options.removed?.({
    complete: answer.removal !== undefined && left.length === 0 && why === undefined,
    left,
    ...(why && { why }),
  })
}

async function assemble(
  parts: Part[],
  lost: string | undefined,
  options: CommandReadOptions,
): Promise<CommandRead> {
  const [first] = parts
  if (first === undefined) throw new Error('no command was run')
  const api = recordedApi(merged(parts), options.server)
  const listed = await listScope(api, options)
  const nodes = await readListed(listed, options, async (tasks) => {
    const outcomes = tasks.map((task) => outcomeOf(task, parts, lost, options))
    return explained(outcomes, parts, options)
  })
  const ofFirst = recordedApi(first.answer, options.server)
  const [services, dataplane] = await Promise.all([listExternalServices(ofFirst), readDataplane(ofFirst)])
  return { nodes, services, dataplane }
}

/** All nodes that were listed: those that were to be read, those that could not, and those outside the scope. */
function merged(parts: Part[]): CommandAnswer {
  const [first] = parts
  const last = parts.at(-1)
  if (first === undefined || last === undefined) throw new Error('no command was run')
  return { ...first.answer, nodes: parts.flatMap(({ answer }) => answer.nodes), rest: last.answer.rest }
}

function outcomeOf(
  { node }: PodTask,
  parts: Part[],
  lost: string | undefined,
  options: CommandReadOptions,
): PodOutcome {
  const part = parts.find(({ answer }) => answer.nodes.some((each) => each.metadata.name === node.name))
  if (part !== undefined) return { ...outcomeIn(part.answer, node.name, { ...options, cut: part.cut }), node }
  const why = `the command that was to read it failed: ${lost ?? 'it was not run'}`
  return { kind: 'failed', node, why, next: 'Run again, or read fewer nodes at once.' }
}

/** What a second look at silent nodes found, each by the command that took it. */
async function explained(
  outcomes: PodOutcome[],
  parts: Part[],
  options: CommandReadOptions,
): Promise<PodOutcome[]> {
  let known = outcomes
  for (const { answer } of parts) {
    const { later } = answer
    if (later === undefined) continue
    const own = new Set(answer.nodes.map(({ metadata }) => metadata.name))
    const silent = known.filter(({ node, ...outcome }) => own.has(node.name) && isSilent(outcome))
    const names = new Set(silent.map(({ node }) => node.name))
    // Nodes that answered are not in the second look, and are there all the same.
    const others = answer.nodes.filter(({ metadata }) => !names.has(metadata.name))
    const api = recordedApi({ ...answer, nodes: [...later, ...others] }, options.server)
    const looked = await explainSilence(api, silent, options.signal)
    known = known.map((outcome) => looked.find(({ node }) => node.name === outcome.node.name) ?? outcome)
  }
  return known
}

function isSilent(outcome: Outcome): boolean {
  return outcome.kind === 'failed' && outcome.silent === true
}
