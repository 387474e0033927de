import type { Status, Verdict } from '../health/finding.ts'
import type { Change, Step } from '../remedy/remedy.ts'

/**
 * The one place where signs are chosen. Each has its own shape, so that it is told apart without colour,
 * and stands beside a word, so that it is told apart without sight.
 */
export const SIGNS = {
  good: { emoji: '\u2705', plain: '+' },
  warning: { emoji: '\u26A0\uFE0F', plain: '!' },
  bad: { emoji: '\u274C', plain: 'x' },
  unknown: { emoji: '\u2753', plain: '?' },
  none: { emoji: '\u2796', plain: '-' },
} as const
export type Sign = keyof typeof SIGNS

export const STATUS_SIGN: Readonly<Record<Status | Verdict, Sign>> = {
  ok: 'good',
  healthy: 'good',
  warning: 'warning',
  critical: 'bad',
  unknown: 'unknown',
  'not-made': 'none',
}

export const OUTCOME_SIGN: Readonly<Record<Change['outcome'], Sign>> = {
  changed: 'good',
  unchanged: 'none',
  skipped: 'none',
  refused: 'warning',
  unproven: 'unknown',
  failed: 'bad',
}

/** A change that is planned has no sign: it is neither done nor wrong. */
export const INTENT_SIGN: Readonly<Record<Step['intent'], Sign | undefined>> = {
  change: undefined,
  skip: 'none',
  refuse: 'warning',
}
