import { addressFromHex } from './address.ts'
import { type Field, integerWithin } from './fields.ts'
import { isKnown, type Measured, type PodDestination, type PodSockets, type Reading } from './reading.ts'

/** The part of a reading that is about the network namespaces of pods. */
export type PodReading = Required<Pick<Reading, 'busiestPods' | 'podNamespaces' | 'podNamespacesLeft'>>

const SOURCE = '/proc/<pid>/net/sockstat'

/** What the probe says about pods. As with the tuples of the node: all namespaces or none. */
export function podsOf(field: Field): PodReading {
  const found = field('pods.found', SOURCE, integerWithin(0, 5))
  if (!isKnown(found)) return { busiestPods: found, podNamespaces: found, podNamespacesLeft: found }
  return {
    busiestPods: busiest(field, found.value),
    podNamespaces: field('pods.namespaces', SOURCE, integerWithin(0, 1_000_000)),
    podNamespacesLeft: field('pods.left', SOURCE, integerWithin(0, 10_000_000)),
  }
}

function busiest(field: Field, found: number): Measured<PodSockets[]> {
  const pods: PodSockets[] = []
  for (let index = 1; index <= found; index++) {
    const sockets = field(`pods.${index}`, SOURCE, socketsOf)
    if (!isKnown(sockets)) return sockets
    const on = field(`pods.${index}.on`, '/proc/<pid>/net/tcp', ownPortOf)
    pods.push({
      ...sockets.value,
      destination: field(`pods.${index}.to`, '/proc/<pid>/net/tcp', destinationOf),
      ...(isKnown(on) && { busiestOwnPort: on.value }),
    })
  }
  return { value: pods.sort((a, b) => b.tcpInUse + b.timeWait - (a.tcpInUse + a.timeWait)) }
}

const uidForm = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|-):(\d{1,10}):(\d{1,9})$/

function socketsOf(text: string): Pick<PodSockets, 'uid' | 'tcpInUse' | 'timeWait'> | undefined {
  const [, uid, inUse, waits] = uidForm.exec(text) ?? []
  const [tcpInUse, timeWait] = [Number(inUse), Number(waits)]
  if (uid === undefined) return undefined
  return { ...(uid !== '-' && { uid }), tcpInUse, timeWait }
}

const destinationForm = /^((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4}):(\d{1,5}):(\d{1,5}):(\d{1,5})$/

/** null: the pod has no outgoing connection. */
function destinationOf(text: string): PodDestination | null | undefined {
  if (text === '-') return null
  const [, remote = '', port = '', ...counts] = destinationForm.exec(text) ?? []
  const [ports = 0, portsInDefaultRange = 0, timeWait = 0] = counts.map(Number)
  const remoteAddress = addressFromHex(remote)
  if (remoteAddress === undefined || ports < 1 || ports > 65535) return undefined
  if (portsInDefaultRange > ports || timeWait > ports) return undefined
  return { remoteAddress, remotePort: Number.parseInt(port, 16), ports, portsInDefaultRange, timeWait }
}

function ownPortOf(text: string): PodSockets['busiestOwnPort'] {
  const [, hex = '', count] = /^([0-9A-F]{4}):(\d{1,9})$/.exec(text) ?? []
  const sockets = Number(count)
  return sockets >= 1 ? { port: Number.parseInt(hex, 16), sockets } : undefined
}
