import type { ServiceInfo } from '../../src/health/service.ts'
import type { Report } from '../../src/report/report.ts'
import { outOfScope, unread } from '../support/readings.ts'
import {
  cancelled,
  dryRun,
  fixed,
  interrupted,
  nodePoolPlan,
  partlyFixed,
  unachieved,
} from './sample-fixes.ts'
import {
  criticalNodes,
  healthyNodes,
  largeCluster,
  manyServices,
  nodeAt,
  SERVICES,
  timeWaitNode,
  unreadNodes,
  windows,
} from './sample-nodes.ts'
import { report } from './sample-report.ts'

/**
 * Reports of every kind that a run can end with, made of readings by the real checks: what golden files,
 * the renderer's test and `npm run preview` show.
 */
export const SAMPLES = {
  healthy: () => report(healthyNodes(12)),
  warning: () =>
    report([...healthyNodes(9), nodeAt('aks-np1-31415926-vmss000009', 74.2), timeWaitNode(), ...windows()]),
  critical: () => report(criticalNodes(), { services: SERVICES }),
  unknown: () => report([...healthyNodes(4), ...unreadNodes()]),
  forgiven: () => report([...healthyNodes(6), ...unreadNodes().slice(0, 1)], { unknownNodesAllowed: 1 }),
  failure: () => failed(),
  fixed: () => fixed(),
  'partly-fixed': () => unachieved(partlyFixed()),
  'dry-run': () => dryRun(),
  'node-pool-plan': () => nodePoolPlan(),
  interrupted: () => unachieved(interrupted()),
  cancelled: () => cancelled(),
  'large-cluster': () => report(largeCluster(), { services: manyServices() }),
  hostile: () => hostile(),
} as const satisfies Record<string, () => Report>
export type SampleName = keyof typeof SAMPLES

/** A name that tries everything a name could: HTML, markdown, lines, workflow commands, signs and mentions. */
export const HOSTILE = [
  '</table><h1>All checks passed</h1>',
  '`| a | b |\n## Healthy\n',
  '::error::forged\n::set-output name=verdict::healthy',
  '[click](https://evil.example) <script>alert(1)</script>',
  '@octocat :white_check_mark: $x^2$ www.evil.example \u202Egnp.exe',
] as const

function failed(): Report {
  const base = report([], { name: 'prod-weu' })
  return {
    ...base,
    cluster: { server: base.cluster.server, name: base.cluster.name },
    failure: {
      message:
        'The user may not create pods in namespace "kube-system" (pods/create), so no node could be read.',
      next: 'Bind the ClusterRole of the documentation to the identity of this workflow:\nkubectl apply -f https://github.com/contoso/aks-connection-health/raw/v1/rbac/auditor.yaml\nkubectl create rolebinding aks-connection-health -n kube-system --role=aks-connection-health --user=platform-ci',
      causes: [
        'POST /api/v1/namespaces/kube-system/pods: 403 Forbidden',
        'pods is forbidden: User "platform-ci" cannot create resource "pods" in API group "" in the namespace "kube-system"',
      ],
    },
  }
}

function hostile(): Report {
  const nodes = [
    ...healthyNodes(2),
    ...HOSTILE.map((name, i) => nodeAt(name, 81 + i)),
    unread('aks-np1-9', HOSTILE.join(' '), {}, HOSTILE.join('\n')),
    outOfScope('win-0', HOSTILE.join(' ')),
  ].map((result) => ({ ...result, node: { ...result.node, pool: HOSTILE[0] } }))
  const services: ServiceInfo[] = [
    { namespace: 'a', name: HOSTILE[1], type: 'LoadBalancer', policy: 'Cluster', resourceVersion: '1' },
  ]
  const base = report(nodes, { services, name: HOSTILE[3] })
  return { ...base, notes: [...HOSTILE], cluster: { ...base.cluster, kubernetesVersion: HOSTILE[0] } }
}
