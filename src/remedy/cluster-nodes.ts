import type { KubeApi, ObjectMeta } from '../cluster/kube-api.ts'
import { listAll } from '../cluster/list.ts'
import type { NodeSelectorTerm, Requirement } from './area.ts'

/** The part of a Node that remedies look at. */
export interface ClusterNode {
  metadata: ObjectMeta
  spec?: { unschedulable?: boolean }
}

/** All nodes of the cluster, those outside the scope of the run too. */
export async function listNodes(api: KubeApi, signal: AbortSignal): Promise<ClusterNode[]> {
  return (await listAll<ClusterNode>(api, { path: '/api/v1/nodes', signal })).items
}

/** Whether a node is selected by any of the terms. */
export function matches(node: ClusterNode, terms: NodeSelectorTerm[]): boolean {
  const labels = node.metadata.labels ?? {}
  return terms.some((term) => term.matchExpressions.every((requirement) => fulfils(labels, requirement)))
}

function fulfils(labels: Record<string, string>, { key, operator, values = [] }: Requirement): boolean {
  const value = labels[key]
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
  }
}
