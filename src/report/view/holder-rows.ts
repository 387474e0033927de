import { names, percent, plural } from '../../health/format.ts'
import { holderNodes, mostOf, podTitle, socketsOf } from '../../health/holders.ts'
import { podPorts } from '../../health/pod-ports.ts'
import { isKnown, type PodSockets } from '../../node/reading.ts'
import { oneLine } from '../clean.ts'
import type { Report } from '../report.ts'

export const HOLDERS_TITLE = 'Who holds the connections'

/** Nodes that are told, and pods of each; of a single node all that it told. */
const MOST_NODES = 5
const PODS_PER_NODE = 3
const MOST_REMARKS = 5

/** One pod of one node, worst node first and the pod with most sockets first. */
export interface HolderRow {
  node: string
  pod: string
  /** Whether the pod is one that has a name: text of the cluster. */
  isNamed: boolean
  /** `Deployment web`; undefined where nobody knows. */
  owner: string | undefined
  sockets: number
  timeWait: number
  /** `to 10.0.3.4:5432 (pod data/pg-0)`; why it is not known, or that there is nothing. */
  most: string
  /** Share of the ports towards that destination, `?` where the size of the range is assumed. */
  ports: string
}

export interface Holders {
  rows: HolderRow[]
  /** What was not looked into, and why, in sentences. */
  remarks: string[]
}

/** What the ports are a share of, for a line below the table. */
export const PORTS_REMARK =
  'Sockets are of the pods, not entries of the connection table. Ports: share of the local ports towards that destination; with ? the range is assumed, as a pod that does not set ip_local_port_range in its manifest does not show it.'

/** Undefined when no node was told to look into its pods. */
export function holders(report: Report): Holders | undefined {
  const looked = holderNodes(report.nodes, report.findings).filter(
    ({ reading }) => reading.busiestPods !== undefined,
  )
  if (looked.length === 0) return undefined
  const told = looked.flatMap(({ name, reading: { busiestPods: pods } }) =>
    pods !== undefined && isKnown(pods) && pods.value.length > 0 ? [{ name, pods: pods.value }] : [],
  )
  const most = told.length === 1 ? Number.POSITIVE_INFINITY : PODS_PER_NODE
  const rows = told
    .slice(0, MOST_NODES)
    .flatMap(({ name, pods }) => pods.slice(0, most).map((pod) => rowOf(name, pod)))
  const remarks = [...unknownOf(looked), ...leftOf(looked)]
  if (rows.length === 0 && remarks.length === 0)
    remarks.push('No pod with a network of its own holds a TCP socket.')
  if (told.length > MOST_NODES)
    remarks.push(`${plural(told.length - MOST_NODES, 'more node')}: see the JSON report.`)
  return { rows, remarks }
}

type Looked = ReturnType<typeof holderNodes>[number]

function rowOf(node: string, pod: PodSockets): HolderRow {
  const owner = pod.pod?.owner
  const ports = podPorts(pod)
  return {
    node,
    pod: podTitle(pod),
    isNamed: pod.pod !== undefined,
    owner: owner && oneLine(`${owner.kind} ${owner.name}`, 120),
    sockets: socketsOf(pod),
    timeWait: pod.timeWait,
    most: isKnown(pod.destination)
      ? (mostOf(pod) ?? 'nowhere')
      : `unknown: ${oneLine(pod.destination.unknown, 120)}`,
    ports:
      ports === undefined ? '' : `${percent(ports.percent)}${ports.range === 'set by the pod' ? '' : ' ?'}`,
  }
}

function unknownOf(looked: readonly Looked[]): string[] {
  const reasons = Map.groupBy(
    looked.filter(({ reading: { busiestPods: pods } }) => pods !== undefined && !isKnown(pods)),
    ({ reading: { busiestPods: pods } }) =>
      pods === undefined || isKnown(pods) ? '' : oneLine(pods.unknown),
  )
  const all = [...reasons].map(([why, nodes]) => `Pods are not known on ${namesOf(nodes)}: ${why}.`)
  return all.slice(0, MOST_REMARKS)
}

function leftOf(looked: readonly Looked[]): string[] {
  const over = looked.filter(
    ({ reading: { podNamespacesLeft: left } }) => left && isKnown(left) && left.value > 0,
  )
  if (over.length === 0) return []
  return [
    `More network namespaces than are read stay unread on ${namesOf(over)}; the busiest may be among them.`,
  ]
}

function namesOf(nodes: readonly Looked[]): string {
  return names(
    nodes.map(({ name }) => oneLine(name, 63)),
    5,
  )
}
