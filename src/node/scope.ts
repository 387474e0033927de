import { nearestNames } from '../nearest.ts'
import type { ListedNode } from './nodes.ts'
import { quoted } from './plain-text.ts'
import type { NodeInfo, NodeResult } from './reading.ts'

/** Which nodes a run is about. All conditions that are given must hold; none given means all nodes. */
export interface NodeScope {
  /** Label selector as of `kubectl -l`, evaluated by the API server. */
  nodeSelector?: string
  nodePools: string[]
  nodes: string[]
}

/** A name that the user gave and that the cluster, or the rest of the scope, does not have. */
export interface MissingName {
  kind: 'node' | 'pool'
  name: string
  /** What the cluster has instead that is most like it; at most three. */
  nearest: string[]
  /** The same as a sentence. */
  text: string
}

export interface Selection {
  /** Nodes to be read now. */
  readable: NodeInfo[]
  /** Nodes that are in the scope and will not be read, each with its reason. */
  settled: NodeResult[]
  missing: MissingName[]
  /** Set if the scope takes in no node at all: what to say. A run about nothing is unknown, not healthy. */
  nothing?: string
}

/** For so many missing names the nearest are sought and told: a list that is out of date has hundreds of them. */
const MOST_HINTS = 5

/** Takes from the nodes that the selector left those that the scope means, and says which can be read. */
export function selectNodes(listed: ListedNode[], scope: NodeScope): Selection {
  const inScope = listed.filter(({ info }) => {
    if (scope.nodePools.length > 0 && !scope.nodePools.includes(info.pool)) return false
    return scope.nodes.length === 0 || scope.nodes.includes(info.name)
  })
  const missing = [
    ...missingOf(
      'pool',
      scope.nodePools,
      [...new Set(listed.map(({ info }) => info.pool).filter(Boolean))],
      scope,
    ),
    ...missingOf(
      'node',
      scope.nodes,
      listed.map(({ info }) => info.name),
      scope,
    ),
    ...excluded(listed, scope),
  ]
  const settled = inScope.map(classify)
  return {
    readable: inScope.filter((_, index) => settled[index] === undefined).map(({ info }) => info),
    settled: settled.filter((result) => result !== undefined),
    missing,
    ...(inScope.length === 0 && { nothing: nothingText(listed, scope, missing) }),
  }
}

/** The result of a node that need not be asked; undefined for one that can be read. */
function classify(node: ListedNode): NodeResult | undefined {
  const { info, virtual, readiness } = node
  if (info.os.toLowerCase() === 'windows') {
    return { kind: 'out-of-scope', node: info, why: 'Windows node: it has no Linux connection tracking' }
  }
  if (virtual) {
    return {
      kind: 'out-of-scope',
      node: info,
      why: 'virtual node: its pods run elsewhere, it has no kernel to read',
    }
  }
  if (readiness.status === 'True') return undefined
  return {
    kind: 'unread',
    node: info,
    why: notReadyText(readiness),
    next: `See why with "kubectl describe node ${info.name}"; run again when it is Ready.`,
  }
}

/** `NotReady since … (reason: message)`, or that the kubelet went silent. */
export function notReadyText({ status, since, reason, message }: ListedNode['readiness']): string {
  const what = status === 'Unknown' ? 'not ready (the kubelet does not report)' : 'not ready'
  const details = [reason, message].filter(Boolean).join(': ')
  return `${what}${since ? ` since ${since}` : ''}${details ? `: ${details}` : ''}`
}

function missingOf(
  kind: 'node' | 'pool',
  names: string[],
  present: string[],
  scope: NodeScope,
): MissingName[] {
  const where = scope.nodeSelector
    ? `among the nodes that match ${quoted(scope.nodeSelector)}`
    : 'in this cluster'
  return names
    .filter((name) => !present.includes(name))
    .map((name, index) => {
      const nearest = index < MOST_HINTS ? nearestNames(name, present) : []
      const what = kind === 'node' ? 'There is no node' : 'No node belongs to a pool'
      const hint = nearest.length > 0 ? `; did you mean ${nearest.join(', ')}?` : '.'
      return { kind, name, nearest, text: `${what} ${quoted(name)} ${where}${hint}` }
    })
}

/** Nodes that are named and there, and that another condition takes out of the scope: they are not checked. */
function excluded(listed: ListedNode[], { nodePools, nodes }: NodeScope): MissingName[] {
  return listed
    .filter(({ info }) => nodes.includes(info.name) && nodePools.length > 0 && !nodePools.includes(info.pool))
    .map(({ info: { name, pool } }) => {
      const where =
        pool === ''
          ? 'belongs to no pool.'
          : `belongs to the pool ${quoted(pool)}, which node-pools does not name.`
      const text = `The node ${quoted(name)} ${where}`
      return { kind: 'node', name, nearest: [], text }
    })
}

function nothingText(listed: ListedNode[], scope: NodeScope, missing: MissingName[]): string {
  const conditions = [
    scope.nodeSelector && `node-selector ${quoted(scope.nodeSelector)}`,
    scope.nodePools.length > 0 && `node-pools ${namesOf(scope.nodePools)}`,
    scope.nodes.length > 0 && `nodes ${namesOf(scope.nodes)}`,
  ].filter(Boolean)
  if (conditions.length === 0) return 'The cluster has no nodes.'
  const of = scope.nodeSelector ? '' : ` of the ${listed.length} nodes`
  const texts = missing.slice(0, MOST_HINTS).map(({ text }) => text)
  const more = missing.length > texts.length ? [`And ${missing.length - texts.length} more like that.`] : []
  return [`None${of} matches ${conditions.join(' and ')}.`, ...texts, ...more].join(' ')
}

function namesOf(list: string[]): string {
  const told = list.slice(0, 10).map((name) => quoted(name))
  return [...told, ...(list.length > told.length ? [`${list.length - told.length} more`] : [])].join(', ')
}
