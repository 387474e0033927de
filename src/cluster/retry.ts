import type { Clock } from './clock.ts'

export interface RetryPolicy {
  /** How often a call is sent at most. */
  attempts: number
  /** Longest wait after the first failure, in milliseconds; it doubles with each further one. */
  firstMs: number
  /** No wait of our own choice is longer than this, in milliseconds. */
  maxMs: number
  /** A Retry-After that asks for more than this, in milliseconds, is cut to it. */
  maxRetryAfterMs: number
}

/** Outlasts an API server that restarts (7 to 14 seconds without an answer), and a throttled one. */
export const patientRetries: RetryPolicy = {
  attempts: 7,
  firstMs: 300,
  maxMs: 5_000,
  maxRetryAfterMs: 30_000,
}

/**
 * How long to wait after `failures` earlier failures (0 for the first), in milliseconds: between half and
 * the whole of the exponential step, so that fifty calls that fail together do not come back together, and
 * never less than the server asked for.
 */
export function backoffMs(
  policy: RetryPolicy,
  failures: number,
  retryAfterMs: number | undefined,
  clock: Pick<Clock, 'random'>,
): number {
  const step = Math.min(policy.firstMs * 2 ** Math.min(failures, 30), policy.maxMs)
  const asked = Math.min(retryAfterMs ?? 0, policy.maxRetryAfterMs)
  return Math.round(Math.max(asked, step * (0.5 + clock.random() / 2)))
}

/** A Retry-After header (seconds, or an HTTP date) in milliseconds; undefined when it is neither. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
