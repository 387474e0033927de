import { parseFramed } from './framed.ts'
import { quoted } from './plain-text.ts'
import type { Measured } from './reading.ts'
import {
  TUNER_FORMAT,
  TUNING_OUTCOMES,
  type TunableSysctl,
  type TuningOutcome,
  type TuningSetting,
} from './tuner.sh.ts'

/** What a tuner did to one sysctl of one node, as the node told it. */
export interface Tuned {
  sysctl: TunableSysctl
  /** Read before writing. */
  before: Measured
  /** The value that the node took for wanted: what was asked for, or more where its CPUs ask for more. */
  wanted: Measured
  /** Read back afterwards. */
  after: Measured
  /** `unknown`: the node did not say; whether it was written is not known. */
  outcome: TuningOutcome | 'unknown'
  /** The system's words for why it was not written, e.g. `Read-only file system`. */
  error?: string
}

/**
 * The answer of a tuner, setting by setting in the order that was asked for. A setting of which the answer
 * says nothing that can be believed has the outcome `unknown`. Never throws.
 */
export function parseTuning(message: string, settings: TuningSetting[], ended?: string): Tuned[] {
  const framed = parseFramed(message, TUNER_FORMAT)
  const missing = `the tuner did not say${ended ? ` (${ended})` : ''}${message.trim() ? `: ${quoted(message)}` : ''}`
  return settings.map(({ sysctl }) => {
    const text = (name: string) => {
      const key = `${sysctl}.${name}`
      return framed?.twice.has(key) ? undefined : framed?.fields.get(key)
    }
    const number = (name: string) => measured(text(name), missing)
    const outcome = TUNING_OUTCOMES.find((known) => known === text('outcome')) ?? 'unknown'
    const error = text('error')?.replaceAll('_', ' ').slice(0, 60)
    const values = { before: number('before'), wanted: number('wanted'), after: number('after') }
    return { sysctl, ...values, outcome, ...(error === undefined ? {} : { error }) }
  })
}

const marks: Record<string, string> = {
  '!absent': 'the kernel does not publish it',
  '!denied': 'the tuner may not read it',
  '!malformed': 'it does not hold a number',
}

function measured(text: string | undefined, missing: string): Measured {
  if (text === undefined) return { unknown: missing }
  const mark = marks[text]
  if (mark !== undefined) return { unknown: mark }
  const value = /^\d{1,18}$/.test(text) ? Number(text) : Number.NaN
  return value <= 0xffff_ffff ? { value } : { unknown: 'the tuner reported a value that cannot be' }
}
