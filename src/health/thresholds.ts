import type { Thresholds } from './finding.ts'

/** The thresholds of a run that names none. */
export const DEFAULT_THRESHOLDS: Readonly<Thresholds> = Object.freeze({
  conntrackWarningPercent: 70,
  conntrackCriticalPercent: 80,
  timeWaitWarning: 100,
  timeWaitCritical: 500,
  bucketsWarningRatio: 4,
  bucketsCriticalRatio: 8,
  portWarningPercent: 70,
  portCriticalPercent: 80,
  twReuseAllowed: [1, 2],
  dropsCriticalPerSecond: 1,
})

/** The thresholds that are one number. */
export type NumericThreshold = Exclude<keyof Thresholds, 'twReuseAllowed'>

/** The input that sets each threshold, for messages. */
export const THRESHOLD_INPUTS: Readonly<Record<keyof Thresholds, string>> = {
  conntrackWarningPercent: 'conntrack-warning-percent',
  conntrackCriticalPercent: 'conntrack-critical-percent',
  timeWaitWarning: 'time-wait-warning',
  timeWaitCritical: 'time-wait-critical',
  bucketsWarningRatio: 'buckets-warning-ratio',
  bucketsCriticalRatio: 'buckets-critical-ratio',
  portWarningPercent: 'port-warning-percent',
  portCriticalPercent: 'port-critical-percent',
  twReuseAllowed: 'tw-reuse-allowed',
  dropsCriticalPerSecond: 'drops-critical-per-second',
}

const PAIRS: readonly (readonly [warning: NumericThreshold, critical: NumericThreshold])[] = [
  ['conntrackWarningPercent', 'conntrackCriticalPercent'],
  ['timeWaitWarning', 'timeWaitCritical'],
  ['bucketsWarningRatio', 'bucketsCriticalRatio'],
  ['portWarningPercent', 'portCriticalPercent'],
]

/** Values that net.ipv4.tcp_tw_reuse can have. */
const TW_REUSE_VALUES: readonly number[] = [0, 1, 2]

/** Everything that is wrong with a set of thresholds, one sentence each; empty when nothing is. */
export function problemsOf(thresholds: Thresholds): string[] {
  return [...numberProblems(thresholds), ...pairProblems(thresholds), ...twReuseProblems(thresholds)]
}

function numberProblems(thresholds: Thresholds): string[] {
  return Object.entries(THRESHOLD_INPUTS).flatMap(([key, input]) => {
    const value = thresholds[key as keyof Thresholds]
    if (typeof value === 'object' || (Number.isFinite(value) && value >= 0)) return []
    return [`${input} is ${value}; allowed is a number from 0 up.`]
  })
}

function pairProblems(thresholds: Thresholds): string[] {
  return PAIRS.flatMap(([warning, critical]) => {
    if (!(thresholds[warning] > thresholds[critical])) return []
    const [low, high] = [THRESHOLD_INPUTS[warning], THRESHOLD_INPUTS[critical]]
    return [
      `${low} is ${thresholds[warning]}, above ${high}, which is ${thresholds[critical]}; ` +
        'a warning must not come later than critical.',
    ]
  })
}

function twReuseProblems(thresholds: Thresholds): string[] {
  const { twReuseAllowed: allowed } = thresholds
  const input = THRESHOLD_INPUTS.twReuseAllowed
  if (allowed.length === 0) return [`${input} is empty; name at least one of 0, 1, 2.`]
  return allowed
    .filter((value) => !TW_REUSE_VALUES.includes(value))
    .map((value) => `${input} names ${value}; allowed are 0, 1, 2.`)
}
