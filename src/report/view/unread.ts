import type { NodeResult } from '../../node/reading.ts'

/** Characters by which two reasons are told apart; nodes may print any length. */
const MOST_COMPARED = 2000

/** Nodes about which the same is to be said. */
export interface NodeGroup {
  why: string
  next: string | undefined
  names: string[]
}

/** The nodes that were not read, grouped by the reason; the reason with most nodes first. */
export function unreadGroups(nodes: readonly NodeResult[]): NodeGroup[] {
  return groups(nodes.filter((node) => node.kind === 'unread'))
}

/** The nodes that the run does not judge, grouped by the reason. */
export function outOfScopeGroups(nodes: readonly NodeResult[]): NodeGroup[] {
  return groups(nodes.filter((node) => node.kind === 'out-of-scope'))
}

/** Finds a name that is not a part of another one: aks-1 is not meant in aks-10, nor `a` in a word. */
function wholeWord(name: string): RegExp {
  const literal = name.replace(/\W/g, '\\$&')
  return new RegExp(`(?<![\\w.-])${literal}(?![\\w-])`, 'g')
}

function groups(nodes: Exclude<NodeResult, { kind: 'read' }>[]): NodeGroup[] {
  const byReason = new Map<string, NodeGroup>()
  for (const result of nodes) {
    // The same trouble on each of many nodes is one trouble, even where its text names the node.
    const name = wholeWord(result.node.name)
    const general = (text: string): string => text.slice(0, MOST_COMPARED).replace(name, 'the node')
    const next = result.kind === 'unread' ? result.next : undefined
    const key = JSON.stringify([general(result.why), next === undefined ? null : general(next)])
    const group = byReason.get(key)
    if (group === undefined) {
      byReason.set(key, { why: result.why, next, names: [result.node.name] })
    } else {
      group.why = general(result.why)
      group.next = next === undefined ? undefined : general(next)
      group.names.push(result.node.name)
    }
  }
  return [...byReason.values()]
    .map((group) => ({ ...group, names: group.names.toSorted() }))
    .toSorted((a, b) => b.names.length - a.names.length)
}
