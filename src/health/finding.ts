/** The checks, in the order in which they are made and shown. */
export const CHECKS = [
  'conntrack-usage',
  'conntrack-drops',
  'conntrack-buckets',
  'time-wait',
  'time-wait-overflow',
  'tw-reuse',
  'port-usage',
  'service-policy',
  'pool-drift',
  'node-readable',
] as const
export type CheckId = (typeof CHECKS)[number]

/** `unknown`: the check could not be made. `not-made`: it does not apply to this run (e.g. only one read). */
export type Status = 'ok' | 'warning' | 'critical' | 'unknown' | 'not-made'

export type Subject =
  | { kind: 'node'; name: string; pool: string }
  | { kind: 'service'; namespace: string; name: string }
  | { kind: 'pool'; name: string }
  | { kind: 'cluster' }

/** What one check says about one subject. */
export interface Finding {
  check: CheckId
  status: Status
  subject: Subject
  /** One true sentence with the numbers in it, without markup, e.g. `85.2 % of 131072 entries used`. */
  summary: string
  /** The number that was compared, in the unit of the check's thresholds; absent if there is none. */
  value?: number
  /** The threshold that `value` reached, or for `ok` the one it would have to reach next. */
  threshold?: number
  /** Raw numbers behind the summary, by name with the unit in it (`entriesPerSecond`, `secondsUntilFull`). */
  evidence: Record<string, number | string>
  /** Whether an `unknown` of this finding makes the verdict unknown. False where the kernel cannot tell. */
  decides: boolean
  /** What to do, in one sentence; absent when there is nothing to do. */
  advice?: string
}

export type Verdict = 'healthy' | 'warning' | 'critical' | 'unknown'

export interface Thresholds {
  /** Percent of nf_conntrack_max. */
  conntrackWarningPercent: number
  conntrackCriticalPercent: number
  /** TIME-WAIT sockets. */
  timeWaitWarning: number
  timeWaitCritical: number
  /** nf_conntrack_max / nf_conntrack_buckets; breached *above* the number. */
  bucketsWarningRatio: number
  bucketsCriticalRatio: number
  /** Percent of the local port range towards one destination. */
  portWarningPercent: number
  portCriticalPercent: number
  /** Values of net.ipv4.tcp_tw_reuse that are accepted. */
  twReuseAllowed: number[]
  /** Lost packets and refused inserts per second. */
  dropsCriticalPerSecond: number
}

export interface Policy {
  /** From which verdict on the run fails. `critical` fails on unknown too. */
  failOn: 'critical' | 'warning' | 'never'
  /** How many unread nodes a run forgives. They are named all the same. */
  unknownNodesAllowed: number
}

/** The outcome of judging all findings. */
export interface Judgement {
  verdict: Verdict
  /** Whether the policy makes the run fail. */
  fails: boolean
  /** Why, worst first: one sentence a breached check, aggregated over its subjects. */
  reasons: string[]
}
