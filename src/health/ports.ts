import { isKnown, type Measured, type PortTuple, type Reading } from '../node/reading.ts'
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

/**
 * The destination towards which the most local ports are taken, null where there is no outgoing connection.
 * One tuple with numbers that cannot be makes it unknown: nobody knows then which is the busiest.
 */
export function busiestTuple(reading: Reading): Measured<PortTuple | null> {
  const { busiestTuples: tuples } = reading
  if (!isKnown(tuples)) return { unknown: `TCP sockets: ${clip(tuples.unknown)}` }
  const numbers = tuples.value.flatMap(({ ports, timeWait, remotePort }) => [ports, timeWait, remotePort])
  const bad = numbers.find((number) => !Number.isFinite(number) || number < 0)
  if (bad !== undefined)
    return { unknown: `TCP sockets: a destination reads ${bad}, which is no such number` }
  const [busiest = null] = [...tuples.value].sort((a, b) => b.ports - a.ports)
  return { value: busiest }
}
