import type { NodeResult } from '../../src/node/reading.ts'
import type { Change, FixRecord, Plan, RemedyId, Step } from '../../src/remedy/remedy.ts'
import { read } from '../support/readings.ts'
import { healthyNodes, nodeAt } from './sample-nodes.ts'

export const TUNED = ['aks-np1-31415926-vmss000008', 'aks-np1-31415926-vmss000009'] as const

export function tunedBefore(): NodeResult[] {
  return [...healthyNodes(3), nodeAt(TUNED[0], 97.3), nodeAt(TUNED[1], 85.2)]
}

/** What a reading after a larger table shows: the same connections, twice the room. */
export function tunedAfter(): NodeResult[] {
  const larger = (name: string, entries: number): NodeResult =>
    read(name, {
      first: { conntrackCount: entries },
      sysctls: { 'net.netfilter.nf_conntrack_max': 262_144, 'net.ipv4.tcp_tw_reuse': 1 },
    })
  return [...healthyNodes(3), larger(TUNED[0], 127_530), larger(TUNED[1], 111_680)]
}

export function sysctlSteps(names: readonly string[]): Step[] {
  return names.flatMap((name) => {
    const target = { kind: 'node', name, pool: 'np1' } as const
    return [
      step(
        'sysctl',
        target,
        'net.netfilter.nf_conntrack_buckets',
        '65536',
        '65536',
        'skip',
        'it is large enough',
      ),
      step('sysctl', target, 'net.netfilter.nf_conntrack_max', '131072', '262144', 'change'),
    ]
  })
}

export function step(
  remedy: RemedyId,
  target: Step['target'],
  setting: string,
  from: string,
  to: string,
  intent: Step['intent'],
  why?: string,
): Step {
  return { remedy, target, setting, from, to, intent, ...(why !== undefined && { why }) }
}

export function sysctlPlan(names: readonly string[]): Plan {
  return {
    remedy: 'sysctl',
    steps: sysctlSteps(names),
    lasts: 'until the node reboots or its kube-proxy pod restarts',
    impact: [
      'Takes effect at once; no pod restarts.',
      'A full table of 262,144 entries takes 64 MiB of kernel memory on a node, 96 MiB if all have NAT.',
    ],
    rights: ['pods create, delete, list, watch in "kube-system"', 'nodes list'],
    notes: [
      'Pods do not inherit net.ipv4.tcp_*: each has a network namespace of its own. For a pod that opens many connections:\nspec:\n  securityContext:\n    sysctls:\n      - name: net.ipv4.tcp_tw_reuse\n        value: "1"',
    ],
  }
}

export function changed(
  item: Step,
  outcome: Change['outcome'],
  after: string | undefined,
  why?: string,
): Change {
  const { remedy, target, setting, from, to } = item
  return {
    remedy,
    target,
    setting,
    before: from,
    wanted: to,
    after,
    outcome,
    ...(why !== undefined && { why }),
  }
}

export function record(plans: Plan[], changes: Change[] = [], more: Partial<FixRecord> = {}): FixRecord {
  return { dryRun: false, plans, changes, effects: [], interrupted: false, unachieved: [], ...more }
}
