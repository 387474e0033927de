import type { KubeApi } from '../cluster/kube-api.ts'
import type { Finding } from '../health/finding.ts'
import type { ServiceInfo } from '../health/service.ts'
import type { Logger } from '../log.ts'
import type { Measured, NodeResult } from '../node/reading.ts'

/** The remedies in the order in which they run. `restore` stands alone. */
export const REMEDIES = ['service-policy', 'sysctl', 'daemonset', 'node-pool', 'restore'] as const
export type RemedyId = (typeof REMEDIES)[number]

/** Whether a remedy acts on what breached, or on everything in scope. */
export type FixScope = 'breached' | 'all'

export type Target =
  /** `uid` and `bootId`: which node of that name, and which start of it, where known and where it matters. */
  | { kind: 'node'; name: string; pool: string; uid?: string; bootId?: string }
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
  /** Version of the object that the step was planned on; the change is not made to any other. */
  resourceVersion?: string
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
  /** What the step wanted; where it was written and the node made more of it (its CPUs, whole pages), that. */
  wanted: string | null
  /** Read back after the change; undefined: could not be read back, or not yet. */
  after: string | null | undefined
  /**
   * `changed`: the new value was read back. `unchanged`: it was found as wanted. `refused`, `skipped`: not
   * tried. `failed`: tried, and the value is not what was wanted. `unproven`: tried, and nothing could be
   * read back, so it may be either.
   */
  outcome: 'changed' | 'unchanged' | 'refused' | 'skipped' | 'failed' | 'unproven'
  why?: string
}

/** What a node's load was before a remedy and after it. A value that was not measured is absent. */
export interface Effect {
  remedy: RemedyId
  node: string
  measure: 'conntrack-entries' | 'conntrack-percent' | 'time-wait-sockets'
  before?: number
  after?: number
  /** How much less it is, in percent of `before`; negative when it grew. Absent unless both were measured. */
  reductionPercent?: number
}

/** All that a run with `fix` planned and did. Filled as it happens, so that it is true at any moment. */
export interface FixRecord {
  dryRun: boolean
  /** One a remedy, in order; a plan that was made anew after an earlier remedy stands in place of the first. */
  plans: Plan[]
  changes: Change[]
  effects: Effect[]
  /** Whether the run was ended before it was through. */
  interrupted: boolean
  /**
   * What was asked for and not achieved, one sentence each: failed, refused and unproven changes, remedies that
   * could not be planned, an interruption. Not empty: the run fails whatever the last reading says, unless it
   * only reports (`fail-on: never`).
   */
  unachieved: string[]
}

/** What the entry hands to a remedy: everything it may touch. */
export interface RemedyContext {
  api: KubeApi
  log: Logger
  /** The last reading of every node in scope. */
  nodes: NodeResult[]
  findings: Finding[]
  /** The services that take traffic from outside, or why they are not known. */
  services: Measured<ServiceInfo[]>
  /** Names the run in labels: `app.kubernetes.io/instance`. */
  runId: string
  /** Reads all nodes of the scope again, or only those named. */
  readAgain(nodes?: string[]): Promise<NodeResult[]>
  /**
   * Called at once when something was, or may have been, changed, so that an interrupted run's report is true.
   * A later change of the same remedy to the same setting of the same target takes the place of the earlier. The
   * first of them is called `unproven` and recorded before anything is sent: it is in the report file when this
   * returns, also for a process that is killed in the next moment. Throws when it cannot be; nothing must be sent then.
   */
  record(...changes: Change[]): void
  /** Resolves after `ms` milliseconds; rejects with the reason of `signal` when the run is ended. */
  sleep(ms: number): Promise<void>
  signal: AbortSignal
}

/** One way to cure. The four verbs; a remedy that has nothing to do returns a plan without change steps. */
export interface Remedy {
  readonly id: RemedyId
  /** Looks, decides, changes nothing. */
  plan(context: RemedyContext): Promise<Plan>
  /**
   * Does the plan's change steps. Every change is recorded as it happens; a failed step never stops the others.
   * Leaves nothing privileged behind when `signal` ends it.
   */
  apply(plan: Plan, context: RemedyContext): Promise<Change[]>
  /** Measures again and fills in `after` and the outcome. */
  verify(changes: Change[], context: RemedyContext): Promise<Change[]>
  /** Puts back what `changes` (from a report) say was there before, unless somebody changed it since. */
  undo(changes: Change[], context: RemedyContext): Promise<Change[]>
}

/** A target in one word or two, for messages: `node aks-1`, `service web/shop`. */
export function nameOf(target: Target): string {
  switch (target.kind) {
    case 'node':
      return `node ${target.name}`
    case 'service':
      return `service ${target.namespace}/${target.name}`
    case 'daemonset':
      return `DaemonSet ${target.namespace}/${target.name}`
    case 'node-pool':
      return `node pool ${target.name}`
  }
}
