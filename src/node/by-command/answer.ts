import { UserError } from '../../errors.ts'
import type { KubeNode } from '../nodes.ts'
import { plain } from '../plain-text.ts'
import type { KubePod } from '../pod-state.ts'

/** What a command printed, taken apart. Objects of the cluster are as the API server had them, cut down. */
export interface CommandAnswer {
  nodes: KubeNode[]
  /** Nodes that the next commands are for: the first few, and how many there are. */
  rest: { total: number; nodes: KubeNode[] }
  /** Nodes outside the scope, for hints. */
  others: KubeNode[]
  /** Node → name of the pod that was to read it. */
  planned: Map<string, string>
  /** By name. */
  pods: Map<string, KubePod>
  /** A second look at nodes that were silent; undefined where none was taken. */
  later: KubeNode[] | undefined
  services: unknown[] | undefined
  daemonSets: Set<string>
  /** Call → what kubectl said of its refusal. */
  refusals: Map<string, string>
  removal: { left: string[]; why?: string } | undefined
  staleRemoved: number
  /** What the shell and its tools complained about. */
  complaint: string
  /** Whether the end of the output is there. */
  complete: boolean
}

/** Bounds of what is read: AKS keeps 512 kB, and the largest line is a pod's with its answer. */
const MAX_LINES = 20_000
const MAX_LINE = 64 * 1024

/**
 * Reads the output of the script. Lines that are none of its are passed over; what is missing at the end makes
 * the answer incomplete.
 * @throws UserError when it is no output of this run's script, or its list of nodes is not whole.
 */
export function parseAnswer(output: string, runId: string): CommandAnswer {
  const lines = output.split('\n')
  // A last line without its end may be half of one.
  lines.pop()
  const records = lines.slice(0, MAX_LINES).flatMap(parseLine)
  const [first] = records
  if (first?.kind !== 'begin' || first.format !== 1 || first.run !== runId) throw noAnswer(output)
  const last = records.at(-1)
  const answer = emptyAnswer(last?.kind === 'end' && last.lines === records.length - 1)
  for (const each of records) take(answer, each)
  const listed = records.find(({ kind }) => kind === 'listed')
  if (listed === undefined && !answer.refusals.has('nodes')) throw noAnswer(output)
  if (listed !== undefined && listed.nodes !== answer.nodes.length) throw noAnswer(output)
  answer.rest.total = typeof listed?.rest === 'number' ? listed.rest : 0
  return answer
}

type Line = Record<string, unknown>

function parseLine(line: string): Line[] {
  if (line.length > MAX_LINE) return []
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? [value] : []
  } catch {
    return []
  }
}

function emptyAnswer(complete: boolean): CommandAnswer {
  return {
    nodes: [],
    rest: { total: 0, nodes: [] },
    others: [],
    planned: new Map(),
    pods: new Map(),
    later: undefined,
    services: undefined,
    daemonSets: new Set(),
    refusals: new Map(),
    removal: undefined,
    staleRemoved: 0,
    complaint: '',
    complete,
  }
}

function take(answer: CommandAnswer, line: Line): void {
  switch (line.kind) {
    case 'node':
      return void answer.nodes.push(...named<KubeNode>(line.node))
    case 'rest':
      return void answer.rest.nodes.push(...named<KubeNode>(line.node))
    case 'other':
      return void answer.others.push(...named<KubeNode>(line.node))
    case 'looked-again':
      answer.later = []
      return
    case 'later':
      return void answer.later?.push(...named<KubeNode>(line.node))
    case 'pod-planned':
      return void answer.planned.set(String(line.node), String(line.pod))
    case 'pod':
      for (const pod of named<KubePod>(line.pod)) answer.pods.set(pod.metadata.name, pod)
      return
    case 'services-listed':
      answer.services = []
      return
    case 'service':
      return void answer.services?.push(...named(line.service))
    case 'daemonset':
      return void answer.daemonSets.add(String(line.name))
    case 'refused':
      return void answer.refusals.set(String(line.call), String(line.text))
    case 'removed':
      answer.removal = removalOf(line)
      return
    case 'stale':
      answer.staleRemoved = Number(line.removed)
      return
    case 'complaint':
      answer.complaint = plain(String(line.text), 1000)
      return
    default:
  }
}

function removalOf({ left, why }: Line): { left: string[]; why?: string } {
  const names = Array.isArray(left) ? left.map(String) : []
  const reason = typeof why === 'string' ? plain(why) : ''
  return { left: names, ...(reason !== '' && { why: reason }) }
}

/** An object of the cluster; the rest of its form is looked at where it is read. */
function named<T>(value: unknown): T[] {
  if (!isObject(value) || !isObject(value.metadata)) return []
  return typeof value.metadata.name === 'string' ? [value as T] : []
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function noAnswer(output: string): UserError {
  const said = plain(output, 400)
  return new UserError(
    `The command in the cluster gave no list of nodes that is whole${said === '' ? ': it printed nothing' : `; it printed: ${said}`}`,
    {
      next: 'Try by hand whether run command works: az aks command invoke -g … -n … --command "kubectl get nodes". Run again, or use a runner in the network of the cluster.',
      docs: 'azure.md#private-clusters',
    },
  )
}
