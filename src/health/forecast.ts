/** Forecasts reach at most this far: what two reads seconds apart say about next hour is nothing. */
const HORIZON_SECONDS = 3600

/** Kernel memory of one entry (256-byte slab object), and of one with the NAT extension (128 bytes more). */
export const ENTRY_BYTES = 256
export const NATED_ENTRY_BYTES = 384

/** What two reads of the entry count say about the near future. */
export interface Forecast {
  /** Entries per second; below 0 when the table empties. */
  entriesPerSecond: number
  /** Whether the growth is more than steady traffic makes by chance. */
  significant: boolean
  /** Only with significant growth, a limit that is not yet reached, and within the next hour. */
  secondsUntilFull?: number
}

/**
 * Where the entry count is going. Connections come and go at random, so that the count of steady traffic
 * moves by chance: with an entry life of 120 s (the kernel's for TIME_WAIT) and a window of w seconds the
 * difference of two reads has a standard deviation of about sqrt(2 * count * w / 120). Growth counts as
 * significant from five times that, and from 10 entries.
 *
 * @param max nf_conntrack_max; 0 is no limit.
 */
export function forecast(first: number, second: number, max: number, seconds: number): Forecast {
  const growth = second - first
  const entriesPerSecond = growth / seconds
  const chance = 5 * Math.sqrt((2 * Math.max(first, second) * seconds) / 120)
  const significant = growth >= Math.max(10, chance)
  const secondsUntilFull = (max - second) / entriesPerSecond
  if (!significant || max === 0 || second >= max || secondsUntilFull > HORIZON_SECONDS) {
    return { entriesPerSecond, significant }
  }
  return { entriesPerSecond, significant, secondsUntilFull }
}
