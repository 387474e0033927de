import { type Counter, isKnown, type Measured, type Reading, type Sample } from '../node/reading.ts'
import { clip, count } from './format.ts'

/** Counters of /proc/net/stat/nf_conntrack have 32 bits a CPU, whatever the machine. */
const WRAP = 2 ** 32

/**
 * No node loses or refuses more packets a second than this: it is above what a 100 Gbit/s card receives
 * in full-size frames. A wrap that would mean more was no wrap, the counter was set back.
 */
const MOST_PER_SECOND = 10_000_000

/** Two samples of one node and the time between them. */
export interface Window {
  first: Sample
  second: Sample
  /** Seconds between the two, by the node's own clock; above 0. */
  seconds: number
}

/**
 * A measured number that a counter, gauge or sysctl can have: finite and not below 0. Anything else is
 * unknown, as a comparison with it would say "not breached".
 */
export function numberOf(measured: Measured, name: string): Measured {
  if (!isKnown(measured)) return { unknown: `${name}: ${clip(measured.unknown)}` }
  if (Number.isFinite(measured.value) && measured.value >= 0) return measured
  return { unknown: `${name} reads ${measured.value}, which is no such number` }
}

/**
 * The highest of the reads of one gauge. With two reads the worse one counts; a read that failed does not
 * hide the other.
 */
export function highest(reading: Reading, pick: (sample: Sample) => Measured, name: string): Measured {
  const reads = [reading.first, ...(reading.second ? [reading.second] : [])].map((sample) =>
    numberOf(pick(sample), name),
  )
  const values = reads.filter(isKnown).map((read) => read.value)
  if (values.length > 0) return { value: Math.max(...values) }
  return reads[0] ?? { unknown: `${name}: not read` }
}

/** The measured window of a reading that has two samples. Unknown where the clock does not tell its length. */
export function windowOf(first: Sample, second: Sample): Measured<Window> {
  const start = numberOf(first.uptimeSeconds, 'uptime')
  const end = numberOf(second.uptimeSeconds, 'uptime')
  if (!isKnown(start)) return { unknown: start.unknown }
  if (!isKnown(end)) return { unknown: end.unknown }
  // Uptimes come in hundredths of a second; the subtraction must not add digits of its own.
  const seconds = Math.round((end.value - start.value) * 100) / 100
  if (seconds > 0) return { value: { first, second, seconds } }
  const why =
    seconds < 0
      ? 'the uptime went back between the two reads; the node restarted'
      : 'no time passed between the two reads'
  return { unknown: why }
}

/**
 * How much a counter grew over the window. A conntrack counter that is lower in the second read wrapped if
 * that gives a growth that a node can have; any other counter that went back is unknown.
 */
export function growthOf(window: Window, counter: Counter): Measured {
  const before = numberOf(window.first.counters[counter], counter)
  const after = numberOf(window.second.counters[counter], counter)
  if (!isKnown(before)) return before
  if (!isKnown(after)) return after
  const growth = after.value - before.value
  if (growth >= 0) return { value: growth }
  const wrapped = growth + WRAP
  const possible = wrapped >= 0 && wrapped <= MOST_PER_SECOND * window.seconds
  if (counter.startsWith('conntrack.') && possible) return { value: wrapped }
  return {
    unknown: `${counter} went back from ${count(before.value)} to ${count(after.value)} between the two reads`,
  }
}
