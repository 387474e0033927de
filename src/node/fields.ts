import type { Framed } from './framed.ts'
import { MAX_TABLE_ROWS } from './probe.awk.ts'
import { MAX_POD_ROWS } from './probe-pods.awk.ts'
import type { Measured } from './reading.ts'

/**
 * Reads one field of a probe's answer: `accept` gives the value, or undefined for one that is malformed or out
 * of bounds. `source` is the file that it comes from, for the reason.
 */
export type Field = <T>(name: string, source: string, accept: (text: string) => T | undefined) => Measured<T>

/** @param ended how the container ended if not in peace; it goes into the reasons. */
export function fieldReader(framed: Framed, ended: string | undefined): Field {
  const missing = framed.complete
    ? 'the probe did not report it'
    : `the probe's answer is not complete${ended ? ` (${ended})` : ''}`
  return (name, source, accept) => {
    const text = framed.fields.get(name)
    if (text === undefined) return { unknown: missing }
    if (framed.twice.has(name)) return { unknown: 'the probe reported it twice' }
    if (text.startsWith('!')) return { unknown: probeReason(text, source) }
    const value = accept(text)
    return value === undefined ? { unknown: 'the probe reported a value that cannot be' } : { value }
  }
}

/** What the marks stand for that the probe puts in place of a value. */
function probeReason(mark: string, source: string): string {
  switch (mark) {
    case '!absent':
      return `the kernel does not publish it: there is no ${source}`
    case '!no-column':
      return `the kernel does not publish it: ${source} does not have it`
    case '!denied':
      return `the probe may not read ${source}`
    case '!malformed':
      return `${source} does not hold what it should`
    case '!too-many':
      return `there are more than ${MAX_TABLE_ROWS} TCP sockets, too many to go through`
    case '!pod-too-many':
      return `the busiest pods have more than ${MAX_POD_ROWS} TCP sockets, too many to go through`
    case '!own-processes':
      return 'the probe saw no processes but its own: its pod was not given hostPID'
    case '!hidden':
      return 'the node hides the processes of others from the probe (the first process of the node cannot be seen)'
    case '!no-stat':
      return 'the processes of the node could not be looked at; the image needs stat and xargs for that'
    case '!gone':
      return 'the pod ended while it was read'
    default:
      return 'the probe gave no reason that is known'
  }
}

export function integerWithin(least: number, most: number): (text: string) => number | undefined {
  return (text) => {
    if (!/^\d{1,20}$/.test(text)) return undefined
    const value = Number(text)
    return value >= least && value <= most ? value : undefined
  }
}
