import { type KubeApi, KubeError } from '../cluster/kube-api.ts'
import { UserError } from '../errors.ts'
import type { Removal } from './cleanup.ts'
import type { PodOutcome, PodTask } from './ledger.ts'
import { type ListedNode, listNodes } from './nodes.ts'
import { parseReading } from './parse.ts'
import { quoted } from './plain-text.ts'
import { auditorPod } from './pod.ts'
import { probeScript } from './probe.sh.ts'
import { LEFT_CLUSTER, type NodeInfo, type NodeResult } from './reading.ts'
import { type MissingName, type NodeScope, selectNodes } from './scope.ts'
import { type SweepOptions, sweep } from './sweep.ts'

export interface ReadOptions extends SweepOptions {
  scope: NodeScope
  image: string
  /** Seconds between the two reads of a node; 0: one read. */
  sampleSeconds: number
  /** Looks into the network namespaces of the pods, too; their processes must be visible to the probe (hostPID). */
  podDetail?: boolean
  /** Tells the sweeps of one run apart, e.g. `audit-1`. */
  pass: string
  /** Nodes that this run has seen: one of them that is named and missing has left, it is no typing error. */
  seen?: readonly NodeInfo[]
  /** Called as soon as a node is settled, by its answer or without one. */
  progress?(done: number, total: number): void
  removed?(removal: Removal): void
  note?(text: string): void
}

export interface NodesRead {
  /** One result a node of the scope, and one for each named node that is missing; by name. */
  results: NodeResult[]
  /** Names of the scope that the cluster does not have: something was asked about that was not checked. */
  missing: MissingName[]
  /** Set if the scope took in no node: what to say. A run about nothing must end as unknown. */
  nothing?: string
}

/** How long after its pod's deadline a run cannot be alive any more, clocks that differ included. */
const expiryMarginMs = 600_000

/**
 * Reads all nodes of the scope at once, with one pod each. Rejects if the nodes cannot be listed: with a
 * {@link UserError} for want of a right or for a selector that is none, else with a {@link KubeError}. All
 * that goes wrong later is in the results.
 */
export async function readNodes(api: KubeApi, options: ReadOptions): Promise<NodesRead> {
  const listed = await listScope(api, options)
  return readListed(listed, options, (tasks) =>
    sweep(api, tasks, options, {
      settled: (_outcome, done, total) => options.progress?.(done, total),
      removed: (removal) => options.removed?.(removal),
      note: (text) => options.note?.(text),
    }),
  )
}

type ListedOptions = AuditOptions & Pick<ReadOptions, 'scope' | 'seen'>

/** The results of nodes that were listed; `run` makes the outcomes of the pods that read them, in their order. */
export async function readListed(
  listed: ListedNode[],
  options: ListedOptions,
  run: (tasks: PodTask[]) => Promise<PodOutcome[]>,
): Promise<NodesRead> {
  const { readable, settled, missing, nothing } = selectNodes(listed, options.scope)
  const outcomes = await run(auditTasks(readable, options))
  const read = outcomes.map((outcome) => nodeResultOf(outcome, options.sampleSeconds > 0, options.podDetail))
  const absent = missing.filter(({ kind }) => kind === 'node').map((name) => absentNode(name, options.seen))
  const results = [...read, ...settled, ...absent].sort((a, b) => (a.node.name < b.node.name ? -1 : 1))
  return { results, missing, ...(nothing !== undefined && { nothing }) }
}

/** Lists the nodes that the selector of the scope takes in. Rejects as {@link readNodes} does. */
export async function listScope(
  api: KubeApi,
  { scope, signal }: Pick<ReadOptions, 'scope' | 'signal'>,
): Promise<ListedNode[]> {
  const labelSelector = scope.nodeSelector
  try {
    return await listNodes(api, { signal, ...(labelSelector && { labelSelector }) })
  } catch (cause) {
    if (!(cause instanceof KubeError)) throw cause
    if (cause.status === 403) {
      const next =
        'Give the user of the action a ClusterRole with apiGroups [""], resources ["nodes"], verbs ["list"].'
      throw new UserError(`No right to nodes/list: ${cause.message}`, { next, cause })
    }
    if (cause.status === 400 && labelSelector) {
      const next =
        'Write it as for "kubectl get nodes -l", e.g. agentpool=np1 or "kubernetes.azure.com/mode=user".'
      throw new UserError(`The API server does not take the node-selector ${quoted(labelSelector)}.`, {
        next,
        cause,
      })
    }
    throw cause
  }
}

export type AuditOptions = Pick<
  ReadOptions,
  | 'namespace'
  | 'image'
  | 'runId'
  | 'pass'
  | 'sampleSeconds'
  | 'podDetail'
  | 'nodeTimeoutSeconds'
  | 'timeoutMs'
>

/** The pod of each node that reads it; for any way to run them. */
export function auditTasks(nodes: NodeInfo[], options: AuditOptions): PodTask[] {
  const { podDetail = false } = options
  const script = probeScript({ sampleSeconds: options.sampleSeconds, podDetail })
  const activeDeadlineSeconds = Math.ceil(options.nodeTimeoutSeconds) + 5
  const expires = new Date(Date.now() + options.timeoutMs + activeDeadlineSeconds * 1000 + expiryMarginMs)
  const { namespace, image, runId, pass } = options
  const podOptions = {
    namespace,
    image,
    runId,
    pass,
    script,
    expires,
    activeDeadlineSeconds,
    hostPID: podDetail,
  }
  return nodes.map((node) => ({ node, pod: auditorPod(node, podOptions) }))
}

/** What the outcome of a node's auditor pod says about the node. */
export function nodeResultOf(outcome: PodOutcome, secondRead: boolean, podDetail = false): NodeResult {
  const { node } = outcome
  if (outcome.kind === 'gone') return { kind: 'out-of-scope', node, why: outcome.why }
  if (outcome.kind === 'failed') {
    return { kind: 'unread', node, why: outcome.why, ...(outcome.next && { next: outcome.next }) }
  }
  const parsed = parseReading(outcome.message, {
    secondRead,
    podDetail,
    ...(outcome.ended && { ended: outcome.ended }),
  })
  if ('reading' in parsed) return { kind: 'read', node, reading: parsed.reading }
  const next = 'The image must have a shell and awk; the default image has both.'
  return { kind: 'unread', node, why: parsed.lost, next }
}

function absentNode({ name, text }: MissingName, seen: readonly NodeInfo[] = []): NodeResult {
  const node = seen.find((candidate) => candidate.name === name)
  if (node) return { kind: 'out-of-scope', node, why: LEFT_CLUSTER }
  const nobody: NodeInfo = { name, pool: '', os: '', ready: false, schedulable: false, taints: [] }
  return { kind: 'unread', node: nobody, why: text, next: 'Correct the input "nodes".' }
}
