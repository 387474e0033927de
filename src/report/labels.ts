import type { CheckId, Status, Subject, Thresholds } from '../health/finding.ts'
import { count, percentLimit, perSecond } from '../health/format.ts'
import { isKnown, type Measured } from '../node/reading.ts'
import type { Target } from '../remedy/remedy.ts'

/** What a check looks at, in words for people who do not know its id. */
export const CHECK_TITLES: Readonly<Record<CheckId, string>> = {
  'conntrack-usage': 'use of the connection table',
  'conntrack-drops': 'connections lost',
  'conntrack-buckets': 'entries per hash bucket',
  'time-wait': 'TIME-WAIT sockets',
  'time-wait-overflow': 'TIME-WAIT limit reached',
  'tw-reuse': 'reuse of TIME-WAIT ports',
  'port-usage': 'local ports in use',
  'service-policy': 'services that cross nodes',
  'pool-drift': 'nodes of a pool alike',
  'node-readable': 'nodes that answered',
}

/** A status as it stands in a table. */
export const STATUS_WORDS: Readonly<Record<Status, string>> = {
  ok: 'ok',
  warning: 'warning',
  critical: 'critical',
  unknown: 'unknown',
  'not-made': 'not made',
}

/** The thresholds of a check in words, e.g. `70 % / 80 %`; for checks without numbers, what breaches them. */
export function thresholdsOf(check: CheckId, t: Thresholds, sampleSeconds: number): string {
  switch (check) {
    case 'conntrack-usage':
      return `${percentLimit(t.conntrackWarningPercent)} / ${percentLimit(t.conntrackCriticalPercent)}`
    case 'conntrack-drops':
      return sampleSeconds === 0
        ? 'needs sample-seconds above 0'
        : `any / ${perSecond(t.dropsCriticalPerSecond)}`
    case 'conntrack-buckets':
      return `above ${count(t.bucketsWarningRatio)} / above ${count(t.bucketsCriticalRatio)}`
    case 'time-wait':
      return `${count(t.timeWaitWarning)} / ${count(t.timeWaitCritical)}`
    case 'time-wait-overflow':
      return sampleSeconds === 0 ? 'needs sample-seconds above 0' : 'any / none'
    case 'tw-reuse':
      return `accepted: ${t.twReuseAllowed.map(String).join(', ')}`
    case 'port-usage':
      return `${percentLimit(t.portWarningPercent)} / ${percentLimit(t.portCriticalPercent)}`
    case 'service-policy':
      return 'while a table is full'
    case 'pool-drift':
      return 'any difference'
    case 'node-readable':
      return 'every node'
  }
}

/** A measured value, or undefined. */
export function known<T>(measured: Measured<T> | undefined): T | undefined {
  return measured !== undefined && isKnown(measured) ? measured.value : undefined
}

/** A subject's name, as unique as people need it. */
export function subjectName(subject: Subject): string {
  switch (subject.kind) {
    case 'node':
      return subject.name
    case 'pool':
      return subject.name === '' ? 'nodes without a pool' : `pool ${subject.name}`
    case 'service':
      return `${subject.namespace}/${subject.name}`
    case 'cluster':
      return 'cluster'
  }
}

/** A target's name, as unique as people need it. */
export function targetName(target: Target): string {
  switch (target.kind) {
    case 'node':
      return target.name
    case 'node-pool':
      return `pool ${target.name}`
    case 'service':
      return `service ${target.namespace}/${target.name}`
    case 'daemonset':
      return `daemonset ${target.namespace}/${target.name}`
  }
}

/** A value of a setting before or after: null is `none`, undefined is `unknown`. */
export function settingValue(value: string | null | undefined): string {
  return value === undefined ? 'unknown' : value === null ? 'none' : value
}

/** A moment as people read it, e.g. `2026-11-23 03:12:11 UTC`. What is no ISO 8601 time stays as it is. */
export function moment(iso: string): string {
  return iso.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z$/, '$1 $2 UTC')
}
