import type { Thresholds } from '../health/finding.ts'
import { problemsOf } from '../health/thresholds.ts'
import type { FieldReader } from './field-reader.ts'

/** Reads the thresholds; what contradicts itself is a problem like any other. */
export function readThresholds(read: FieldReader): Thresholds {
  const percent = (name: string, fallback: number) => read.number(name, { min: 0, max: 100, fallback })
  const ratio = (name: string, fallback: number) => read.number(name, { min: 0, max: 1_000_000, fallback })
  const count = (name: string, fallback: number) => read.integer(name, 0, 10_000_000, fallback)
  const reuse = read.list('tw-reuse-allowed', { pattern: /^[012]$/, is: '0, 1 or 2' })
  const thresholds: Thresholds = {
    conntrackWarningPercent: percent('conntrack-warning-percent', 70),
    conntrackCriticalPercent: percent('conntrack-critical-percent', 80),
    timeWaitWarning: count('time-wait-warning', 100),
    timeWaitCritical: count('time-wait-critical', 500),
    bucketsWarningRatio: ratio('buckets-warning-ratio', 4),
    bucketsCriticalRatio: ratio('buckets-critical-ratio', 8),
    portWarningPercent: percent('port-warning-percent', 70),
    portCriticalPercent: percent('port-critical-percent', 80),
    twReuseAllowed: reuse.length === 0 ? [1, 2] : reuse.map(Number),
    dropsCriticalPerSecond: read.number('drops-critical-per-second', {
      min: 0,
      max: 1_000_000_000,
      fallback: 1,
    }),
  }
  for (const problem of problemsOf(thresholds)) read.conflict(problem)
  return thresholds
}
