import { DEFAULT_PORT_RANGE, isKnown, type PodSockets, type Reading } from '../node/reading.ts'
import { byName, clip } from './format.ts'
import { destinationName, podTitle } from './holders.ts'

/** How many of its local ports one pod takes towards one destination. */
export interface PodPorts {
  pod: PodSockets
  /** What people call the pod. */
  title: string
  /** `10.0.3.4:5432 (pod data/pg-0)`. */
  destination: string
  ports: number
  timeWait: number
  size: number
  percent: number
  /** Where `size` is from; /proc does not tell a pod's range from outside. */
  range: 'set by the pod' | 'assumed: the default' | 'assumed: 1024 to 65535'
}

/** What a pod that sets nothing can use when it is seen to use ports beyond the kernel's default range. */
const WIDE_RANGE = { first: 1024, last: 65535 }

/**
 * The pod that is nearest to the end of its ports, null where none has an outgoing connection, and why some
 * are not known. Undefined when pods were not looked into.
 */
export function nearestPod(reading: Reading): { worst: PodPorts | null; unknown?: string } | undefined {
  const { busiestPods: pods } = reading
  if (pods === undefined) return undefined
  if (!isKnown(pods)) return { worst: null, unknown: `pods: ${clip(pods.unknown)}` }
  const [worst = null] = pods.value
    .flatMap((pod) => podPorts(pod) ?? [])
    .sort((a, b) => b.percent - a.percent || byName(a.title, b.title))
  const lost = pods.value.find(({ destination: to }) => !isKnown(to) && !to.unknown.startsWith(ENDED))
  if (lost === undefined || isKnown(lost.destination)) return { worst }
  return { worst, unknown: `${podTitle(lost)}: ${clip(lost.destination.unknown)}` }
}

/** A pod that is no more runs out of nothing. */
const ENDED = 'the pod ended'

/** The share of its ports that a pod takes towards its busiest destination; undefined where there is none. */
export function podPorts(pod: PodSockets): PodPorts | undefined {
  if (!isKnown(pod.destination) || pod.destination.value === null) return undefined
  const to = pod.destination.value
  const beyond = to.ports > to.portsInDefaultRange
  const { first, last } = pod.portRange ?? (beyond ? WIDE_RANGE : DEFAULT_PORT_RANGE)
  const size = last - first + 1
  const assumed = beyond ? 'assumed: 1024 to 65535' : 'assumed: the default'
  return {
    pod,
    title: podTitle(pod),
    destination: destinationName(to),
    ports: to.ports,
    timeWait: to.timeWait,
    size,
    // Ports that were bound by name can lie outside the range: more than all of it is taken is no more than full.
    percent: Math.min(100, (100 * to.ports) / size),
    range: pod.portRange === undefined ? assumed : 'set by the pod',
  }
}
