import type { Thresholds } from '../health/finding.ts'
import {
  DEFAULT_THRESHOLDS as DEFAULTS,
  THRESHOLD_INPUTS as INPUTS,
  type NumericThreshold,
  problemsOf,
} from '../health/thresholds.ts'
import type { FieldReader } from './field-reader.ts'

/** Reads the thresholds; what contradicts itself is a problem like any other. */
export function readThresholds(read: FieldReader): Thresholds {
  const percent = within(read, 100)
  const ratio = within(read, 1_000_000)
  const count = within(read, 10_000_000, true)
  const reuse = read.list(INPUTS.twReuseAllowed, { pattern: /^[012]$/, is: '0, 1 or 2' })
  const thresholds: Thresholds = {
    conntrackWarningPercent: percent('conntrackWarningPercent'),
    conntrackCriticalPercent: percent('conntrackCriticalPercent'),
    timeWaitWarning: count('timeWaitWarning'),
    timeWaitCritical: count('timeWaitCritical'),
    bucketsWarningRatio: ratio('bucketsWarningRatio'),
    bucketsCriticalRatio: ratio('bucketsCriticalRatio'),
    portWarningPercent: percent('portWarningPercent'),
    portCriticalPercent: percent('portCriticalPercent'),
    twReuseAllowed: reuse.length === 0 ? [...DEFAULTS.twReuseAllowed] : reuse.map(Number),
    dropsCriticalPerSecond: within(read, 1_000_000_000)('dropsCriticalPerSecond'),
  }
  for (const problem of problemsOf(thresholds)) read.conflict(problem)
  return thresholds
}

/** Reads thresholds of one kind, from 0 to `max`. */
function within(read: FieldReader, max: number, integer = false): (key: NumericThreshold) => number {
  return (key) => read.number(INPUTS[key], { min: 0, max, integer, fallback: DEFAULTS[key] })
}
