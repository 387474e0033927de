import { ebpfLabel } from '../../cluster/dataplane.ts'
import { poolLabels, readLabels } from '../nodes.ts'
import { EXPIRES_ANNOTATION, INSTANCE_LABEL, podSelector } from '../pod.ts'
import { hopelessWaits } from '../pod-state.ts'
import { type AuditOptions, auditTasks } from '../read-nodes.ts'
import type { NodeInfo } from '../reading.ts'
import type { NodeScope } from '../scope.ts'
import { PROGRAMS } from './programs.jq.ts'
import { SCRIPT } from './script.sh.ts'

/** What is run in the cluster, and the files that it finds in its folder. */
export interface CommandOrder {
  command: string
  files: Record<string, string>
}

export interface OrderOptions extends AuditOptions {
  scope: NodeScope
  /** Only nodes whose name comes after this one; '' begins, and lists services and the like as well. */
  after: string
  now?: () => Date
}

/**
 * Nodes of one command. AKS keeps 512 kB of its output; a node takes at most 5 kB of that for its answer and
 * 3 kB for itself, 1 kB where labels and taints are as AKS makes them.
 */
export const NODES_A_COMMAND = 60
/** Nodes of which only the name is told: those of later commands, and those outside the scope. */
const OTHERS = 250

/** The command that reads the next nodes of the scope from inside the cluster. */
export function commandOrder(options: OrderOptions): CommandOrder {
  const { namespace, runId, scope, after, nodeTimeoutSeconds, now = () => new Date() } = options
  const [task] = auditTasks([nobody], options)
  const pods = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`
  const list = (path: string, labelSelector = '') =>
    `${path}?limit=500${labelSelector === '' ? '' : `&labelSelector=${encodeURIComponent(labelSelector)}`}`
  const plan = {
    run: runId,
    after,
    most: NODES_A_COMMAND,
    mostOthers: OTHERS,
    pools: scope.nodePools,
    nodes: scope.nodes,
    poolLabels,
    labels: [...readLabels, ebpfLabel],
    instanceLabel: INSTANCE_LABEL,
    expiresAnnotation: EXPIRES_ANNOTATION,
    now: now().toISOString(),
    hopeless: hopelessWaits,
    template: task?.pod,
  }
  // None has a blank in it: paths are encoded, and the rest are a number and a node's name.
  const words = {
    nodesPath: list('/api/v1/nodes', scope.nodeSelector),
    allNodesPath: list('/api/v1/nodes'),
    servicesPath: list('/api/v1/services'),
    stalePath: `${pods}?labelSelector=${encodeURIComponent(podSelector())}`,
    podsPath: `${pods}?labelSelector=${encodeURIComponent(podSelector(runId))}`,
    nodeTimeoutSeconds: Math.ceil(nodeTimeoutSeconds),
    first: after === '' ? 'yes' : 'no',
  }
  return {
    command: 'sh sweep.sh',
    files: {
      'sweep.sh': SCRIPT,
      'sweep.jq': PROGRAMS,
      'plan.json': JSON.stringify(plan),
      'plan.txt': Object.entries(words)
        .map(([name, value]) => `${name} ${value}\n`)
        .join(''),
    },
  }
}

/** Stands for a node that is not known yet: the script puts in name and tolerations. */
const nobody: NodeInfo = { name: '', pool: '', os: '', ready: true, schedulable: true, taints: [] }
