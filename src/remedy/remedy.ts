import type { KubeApi } from '../cluster/kube-api.ts'
import type { Finding } from '../health/finding.ts'
import type { ServiceInfo } from '../health/service.ts'
import type { Logger } from '../log.ts'
import type { NodeResult } from '../node/reading.ts'

/** The remedies in the order in which they run. `restore` stands alone. */
export const REMEDIES = ['service-policy', 'sysctl', 'daemonset', 'node-pool', 'restore'] as const
export type RemedyId = (typeof REMEDIES)[number]

export type Target =
  | { kind: 'node'; name: string; pool: string }
  | { kind: 'service'; namespace: string; name: string }
  | { kind: 'daemonset'; namespace: string; name: string }
  | { kind: 'node-pool'; name: string }

/** One setting at one target, as it is and as it shall be. The unit of plan, proof and restore. */
export interface Step {
  remedy: RemedyId
  target: Target
  /** The field or sysctl, e.g. `net.netfilter.nf_conntrack_max`, `externalTrafficPolicy`. */
  setting: string
  /** Present value; null: there is none (the object or field does not exist); undefined: not known. */
  from: string | null | undefined
  /** Wanted value; null: it will be removed. */
  to: string | null
  /** `change`: will be done. `refuse` and `skip` say why in `why` and are never done. */
  intent: 'change' | 'refuse' | 'skip'
  /** Why it is refused or skipped, or a remark on the change (clamped, raised to what kube-proxy sets, …). */
  why?: string
}

/** What a remedy will do, complete enough to be shown, approved and later undone. */
export interface Plan {
  remedy: RemedyId
  steps: Step[]
  /** How long the effect lasts, e.g. `until the node reboots or kube-proxy restarts`. */
  lasts: string
  /** What it does to the cluster: disruption, memory, duration. Sentences. */
  impact: string[]
  /** Kubernetes RBAC or Azure actions that it needs, e.g. `pods create in "kube-system"`. */
  rights: string[]
  /** What people must know besides: limits, snippets to paste, what does not reach pods. */
  notes: string[]
}

/** What became of a step. `before` and `after` are measured, not assumed. */
export interface Change {
  remedy: RemedyId
  target: Target
  setting: string
  before: string | null | undefined
  wanted: string | null
  /** Read back after the change; undefined: could not be read back, or not yet. */
  after: string | null | undefined
  outcome: 'changed' | 'unchanged' | 'refused' | 'skipped' | 'failed' | 'unproven'
  why?: string
}

/** What the entry hands to a remedy: everything it may touch. */
export interface RemedyContext {
  api: KubeApi
  log: Logger
  /** The last reading of every node in scope. */
  nodes: NodeResult[]
  findings: Finding[]
  services: ServiceInfo[]
  /** Names the run in labels: `app.kubernetes.io/instance`. */
  runId: string
  /** Reads all nodes of the scope again, or only those named. */
  readAgain(nodes?: string[]): Promise<NodeResult[]>
  /** Called at once when something was changed, so that an interrupted run's report is true. */
  record(change: Change): void
  signal: AbortSignal
}

/** One way to cure. The four verbs; a remedy that has nothing to do returns a plan without change steps. */
export interface Remedy {
  readonly id: RemedyId
  /** Looks, decides, changes nothing. */
  plan(context: RemedyContext): Promise<Plan>
  /** Does the plan. Every change is recorded as it happens; a failed step never stops the others. */
  apply(plan: Plan, context: RemedyContext): Promise<Change[]>
  /** Measures again and fills in `after` and the outcome. */
  verify(changes: Change[], context: RemedyContext): Promise<Change[]>
  /** Puts back what `changes` (from a report) say was there before, unless somebody changed it since. */
  undo(changes: Change[], context: RemedyContext): Promise<Change[]>
}
