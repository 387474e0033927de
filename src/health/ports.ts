import { isKnown, type Measured, type Reading } from '../node/reading.ts'
import { clip, count } from './format.ts'
import { numberOf } from './rates.ts'

/** How long a closed connection keeps its port: TCP_TIMEWAIT_LEN, fixed in the kernel. */
export const TIME_WAIT_SECONDS = 60

/** How many local ports an outgoing connection can choose from towards one destination: range less reserved. */
export function localPorts(reading: Reading): Measured {
  const { localPortRange: range } = reading
  if (!isKnown(range)) return { unknown: `ip_local_port_range: ${clip(range.unknown)}` }
  const { first, last } = range.value
  const reserved = numberOf(reading.reservedPorts, 'ip_local_reserved_ports')
  if (!isKnown(reserved)) return reserved
  const size = last - first + 1
  if (Number.isFinite(size) && size > 0 && reserved.value <= size) return { value: size - reserved.value }
  const taken = `${count(reserved.value)} ports reserved`
  return { unknown: `ip_local_port_range reads ${first} to ${last} with ${taken}, which is no such range` }
}
