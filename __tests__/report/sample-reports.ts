import { evaluate } from '../../src/health/evaluate.ts'
import type { Policy } from '../../src/health/finding.ts'
import type { ServiceInfo } from '../../src/health/service.ts'
import { DEFAULT_THRESHOLDS } from '../../src/health/thresholds.ts'
import { judge } from '../../src/health/verdict.ts'
import type { NodeResult } from '../../src/node/reading.ts'
import type { Change, FixRecord, Plan, RemedyId, Step } from '../../src/remedy/remedy.ts'
import type { Report } from '../../src/report/report.ts'
import { outOfScope, type ReadingOverrides, read, tuple, unread } from '../support/readings.ts'

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

interface Options {
  services?: ServiceInfo[]
  unknownNodesAllowed?: number
  failOn?: Policy['failOn']
  name?: string
}

/** A finished report on nodes as they are, judged by the real checks with the default thresholds. */
export function report(nodes: NodeResult[], options: Options = {}): Report {
  const { findings, judgement } = judged(nodes, options)
  return {
    schemaVersion: 1,
    tool: { name: 'aks-connection-health', version: '1.0.0' },
    run: {
      id: '8123456789-1-0a1b2c3d',
      startedAt: '2026-11-23T03:12:04.000Z',
      finishedAt: '2026-11-23T03:12:11.000Z',
      url: 'https://github.com/contoso/platform/actions/runs/8123456789',
    },
    cluster: {
      server: 'https://prod-weu-dns-1a2b3c4d.hcp.westeurope.azmk8s.io:443',
      name: options.name ?? 'prod-weu',
      id: '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-prod/providers/Microsoft.ContainerService/managedClusters/prod-weu',
      kubernetesVersion: '1.34.2',
      sku: 'Base/Standard',
      location: 'westeurope',
      private: false,
      dataplane: 'azure',
      kubeProxy: true,
      pools: [
        { name: 'system', vmSize: 'Standard_D4s_v5', mode: 'System', osType: 'Linux', count: 3 },
        {
          name: 'np1',
          vmSize: 'Standard_D8s_v5',
          mode: 'User',
          osType: 'Linux',
          count: 9,
          sysctls: { netNetfilterNfConntrackMax: 262144, netIpv4TcpTwReuse: true },
        },
      ],
    },
    scope: { nodePools: [], nodes: [] },
    thresholds: { ...DEFAULT_THRESHOLDS, twReuseAllowed: [...DEFAULT_THRESHOLDS.twReuseAllowed] },
    policy: { failOn: options.failOn ?? 'critical', unknownNodesAllowed: options.unknownNodesAllowed ?? 0 },
    sampleSeconds: 2,
    judgement,
    nodes,
    findings,
    notes: [],
  }
}

function judged(nodes: NodeResult[], options: Options): Pick<Report, 'findings' | 'judgement'> {
  const findings = evaluate({
    nodes,
    services: { value: options.services ?? [] },
    thresholds: { ...DEFAULT_THRESHOLDS, twReuseAllowed: [...DEFAULT_THRESHOLDS.twReuseAllowed] },
    sampleSeconds: 2,
  })
  const policy: Policy = {
    failOn: options.failOn ?? 'critical',
    unknownNodesAllowed: options.unknownNodesAllowed ?? 0,
  }
  return { findings, judgement: judge(findings, policy) }
}

/** AKS names its nodes `aks-<pool>-<number>-vmss<base 36>`. */
function aksName(pool: string, index: number): string {
  return `aks-${pool}-31415926-vmss${index.toString(36).padStart(6, '0')}`
}

function healthyNodes(n: number): NodeResult[] {
  return Array.from({ length: n }, (_, i) => {
    const pool = i < 3 ? 'system' : 'np1'
    const entries = 9000 + ((i * 7919) % 23000)
    return read(
      aksName(pool, i),
      {
        first: { conntrackCount: entries, timeWait: 8 + ((i * 5) % 40) },
        second: { conntrackCount: entries },
      },
      { pool },
    )
  })
}

function nodeAt(name: string, percent: number, more: ReadingOverrides = {}): NodeResult {
  const max = 131072
  return read(name, {
    ...more,
    first: { ...more.first, conntrackCount: Math.ceil((max * percent) / 100) },
    sysctls: { 'net.netfilter.nf_conntrack_max': max, ...more.sysctls },
  })
}

function timeWaitNode(): NodeResult {
  return read(aksName('np1', 10), { first: { conntrackCount: 21000, timeWait: 312 } })
}

function windows(): NodeResult[] {
  return [
    outOfScope('akswin000000', 'Windows node: it has no nf_conntrack', { pool: 'win' }),
    outOfScope('virtual-node-aci-linux', 'virtual node: it has no kernel of its own', { pool: '' }),
  ]
}

function criticalNodes(): NodeResult[] {
  const full = { 'conntrack.drop': 51_200, 'conntrack.early_drop': 12 } as const
  return [
    ...healthyNodes(8),
    nodeAt(aksName('np1', 8), 100, {
      first: { counters: full, timeWait: 240 },
      second: { conntrackCount: 131072, counters: { 'conntrack.drop': 51_686, 'conntrack.early_drop': 40 } },
    }),
    nodeAt(aksName('np1', 9), 85.2, { second: { conntrackCount: 112_904 } }),
    nodeAt(aksName('np1', 10), 71.4, {
      first: { timeWait: 18_400 },
      busiestTuples: {
        value: [tuple({ remoteAddress: '20.61.4.9', remotePort: 443, ports: 24_100, timeWait: 18_122 })],
      },
    }),
    read(aksName('np1', 11), {
      sysctls: {
        'net.netfilter.nf_conntrack_max': 524_288,
        'net.netfilter.nf_conntrack_buckets': 32_768,
        'net.ipv4.tcp_tw_reuse': 0,
      },
      first: { conntrackCount: 210_000 },
      second: { conntrackCount: 211_200 },
    }),
  ]
}

const SERVICES: ServiceInfo[] = [
  { namespace: 'web', name: 'frontend', type: 'LoadBalancer', policy: 'Cluster', resourceVersion: '41' },
  { namespace: 'hooks', name: 'receiver', type: 'NodePort', policy: 'Cluster', resourceVersion: '42' },
  { namespace: 'web', name: 'admin', type: 'LoadBalancer', policy: 'Local', resourceVersion: '43' },
]

function unreadNodes(): NodeResult[] {
  const pull = 'Look whether the node can reach mcr.microsoft.com, or name a mirror with the input image.'
  const why = (name: string): string =>
    `the image mcr.microsoft.com/azurelinux/busybox:1.36 could not be pulled on ${name} (ImagePullBackOff)`
  return [
    unread(aksName('np1', 6), why(aksName('np1', 6)), {}, pull),
    unread(aksName('np1', 7), why(aksName('np1', 7)), {}, pull),
    unread(
      aksName('np1', 8),
      'the node is NotReady since 14 min: Kubelet stopped posting node status.',
      { ready: false },
      'Look at the node: kubectl describe node aks-np1-31415926-vmss000008',
    ),
  ]
}

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

const TUNED = ['aks-np1-31415926-vmss000008', 'aks-np1-31415926-vmss000009'] as const

function tunedBefore(): NodeResult[] {
  return [...healthyNodes(3), nodeAt(TUNED[0], 97.3), nodeAt(TUNED[1], 85.2)]
}

/** What a reading after a larger table shows: the same connections, twice the room. */
function tunedAfter(): NodeResult[] {
  const larger = (name: string, entries: number): NodeResult =>
    read(name, {
      first: { conntrackCount: entries },
      sysctls: { 'net.netfilter.nf_conntrack_max': 262_144, 'net.ipv4.tcp_tw_reuse': 1 },
    })
  return [...healthyNodes(3), larger(TUNED[0], 127_530), larger(TUNED[1], 111_680)]
}

function sysctlSteps(names: readonly string[]): Step[] {
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

function step(
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

function sysctlPlan(names: readonly string[]): Plan {
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

function changed(item: Step, outcome: Change['outcome'], after: string | undefined, why?: string): Change {
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

function record(plans: Plan[], changes: Change[] = [], more: Partial<FixRecord> = {}): FixRecord {
  return { dryRun: false, plans, changes, effects: [], interrupted: false, unachieved: [], ...more }
}

function fixed(): Report {
  const before = tunedBefore()
  const plan = sysctlPlan(TUNED)
  const changes = plan.steps.map((one) =>
    one.intent === 'change'
      ? changed(one, 'changed', '262144')
      : changed(one, 'skipped', one.from ?? undefined, one.why),
  )
  const effects = TUNED.map((node, i) => ({
    remedy: 'sysctl' as const,
    node,
    measure: 'conntrack-entries' as const,
    before: [127_534, 111_674][i] ?? 0,
    after: [127_530, 111_680][i] ?? 0,
    reductionPercent: 0,
  }))
  return {
    ...report(tunedAfter()),
    before: { nodes: before, ...judged(before, {}) },
    fix: record([plan], changes, { effects }),
  }
}

function partlyFixed(): Report {
  const before = criticalNodes()
  const services = step(
    'service-policy',
    { kind: 'service', namespace: 'web', name: 'frontend' },
    'externalTrafficPolicy',
    'Cluster',
    'Local',
    'refuse',
    'no ready endpoint on aks-system-31415926-vmss000000, aks-system-31415926-vmss000001',
  )
  const plan = sysctlPlan([aksName('np1', 8), aksName('np1', 9)])
  const [, first, , second] = plan.steps
  const changes = [
    changed(services, 'refused', 'Cluster', services.why),
    ...(first ? [changed(first, 'changed', '262144')] : []),
    ...(second
      ? [
          changed(
            second,
            'failed',
            '131072',
            'admission webhook "deny-privileged.policy.contoso.io" refused the tuner pod: privileged containers are not allowed',
          ),
        ]
      : []),
  ]
  const after = before.map((result) =>
    result.node.name === aksName('np1', 8)
      ? read(result.node.name, {
          first: { conntrackCount: 139_200, timeWait: 251 },
          sysctls: { 'net.netfilter.nf_conntrack_max': 262_144 },
        })
      : result,
  )
  const servicePlan: Plan = {
    remedy: 'service-policy',
    steps: [services],
    lasts: 'until somebody changes the service',
    impact: ['Traffic that arrives at a node without a ready pod of the service is dropped.'],
    rights: ['services get, list, patch', 'endpointslices list'],
    notes: [],
  }
  return {
    ...report(after, { services: SERVICES }),
    before: { nodes: before, ...judged(before, { services: SERVICES }) },
    fix: record([servicePlan, plan], changes, {
      unachieved: [
        `service-policy: externalTrafficPolicy of web/frontend was not changed: ${services.why}`,
        `sysctl: net.netfilter.nf_conntrack_max of ${aksName('np1', 9)} could not be changed: admission webhook "deny-privileged.policy.contoso.io" refused the tuner pod: privileged containers are not allowed`,
      ],
    }),
  }
}

function dryRun(): Report {
  const nodes = criticalNodes()
  const service = step(
    'service-policy',
    { kind: 'service', namespace: 'hooks', name: 'receiver' },
    'externalTrafficPolicy',
    'Cluster',
    'Local',
    'change',
  )
  const servicePlan: Plan = {
    remedy: 'service-policy',
    steps: [service],
    lasts: 'until somebody changes the service',
    impact: ['Traffic that arrives at a node without a ready pod of the service is dropped.'],
    rights: ['services get, list, patch', 'endpointslices list'],
    notes: [],
  }
  const names = [8, 9, 10].map((i) => aksName('np1', i))
  return {
    ...report(nodes, { services: SERVICES }),
    before: { nodes, ...judged(nodes, { services: SERVICES }) },
    fix: record([servicePlan, sysctlPlan(names)], [], { dryRun: true }),
  }
}

function nodePoolPlan(): Report {
  const nodes = criticalNodes()
  const target = { kind: 'node-pool', name: 'np1' } as const
  const plan: Plan = {
    remedy: 'node-pool',
    steps: [
      step('node-pool', target, 'netNetfilterNfConntrackMax', '131072', '524288', 'change'),
      step('node-pool', target, 'netNetfilterNfConntrackBuckets', '65536', '131072', 'change', 'max / 4'),
      step('node-pool', target, 'netIpv4TcpTwReuse', 'false', 'true', 'change'),
      step(
        'node-pool',
        target,
        'netIpv4TcpMaxTwBuckets',
        '262144',
        '1440000',
        'change',
        'clamped from 2000000: AKS takes 8000 to 1440000',
      ),
      step(
        'node-pool',
        { kind: 'node-pool', name: 'win' },
        'linuxOSConfig',
        'none',
        'none',
        'refuse',
        'a Windows pool has no linuxOSConfig',
      ),
    ],
    lasts: 'for as long as the node pool exists, on every node that it gets',
    impact: [
      'Every node of np1 is drained and reimaged, one at a time: about 9 nodes × 5 min.',
      'Pods are evicted; PodDisruptionBudgets are honoured.',
    ],
    rights: [
      'Microsoft.ContainerService/managedClusters/agentPools/read',
      'Microsoft.ContainerService/managedClusters/agentPools/write',
    ],
    notes: [
      'The change of np1:\n  "linuxOSConfig": {\n    "sysctls": {\n-     "netNetfilterNfConntrackMax": 131072\n+     "netNetfilterNfConntrackMax": 524288\n    }\n  }',
      'The same with az:\naz aks nodepool add --cluster-name prod-weu --resource-group rg-prod --name np1b \\\n  --node-vm-size Standard_D8s_v5 --node-count 9 --linux-os-config ./linux-os-config.json',
    ],
  }
  return {
    ...report(nodes, { services: [] }),
    before: { nodes, ...judged(nodes, {}) },
    fix: record([plan], [], { dryRun: true }),
  }
}

function interrupted(): Report {
  const before = tunedBefore()
  const plan = sysctlPlan(TUNED)
  const [, first, , second] = plan.steps
  return {
    ...report(before),
    before: { nodes: before, ...judged(before, {}) },
    fix: record(
      [plan],
      [
        ...(first ? [changed(first, 'changed', '262144')] : []),
        ...(second
          ? [changed(second, 'unproven', undefined, 'the run ended before the node was read again')]
          : []),
      ],
      { interrupted: true, unachieved: ['The run was ended before all remedies were through.'] },
    ),
  }
}

/** A fix that did not achieve all that was asked for fails the run, and says so first. */
function unachieved(report: Report): Report {
  const reasons = [...(report.fix?.unachieved ?? []), ...report.judgement.reasons]
  return { ...report, judgement: { ...report.judgement, fails: true, reasons } }
}

/** What a run that was cancelled before it had read any node tells. */
function cancelled(): Report {
  const before = interrupted()
  const message = 'The run was cancelled (SIGTERM)'
  return {
    ...before,
    judgement: { verdict: 'unknown', fails: true, reasons: [message, ...(before.fix?.unachieved ?? [])] },
    nodes: before.nodes.slice(0, 3),
    findings: before.findings.filter(({ status }) => status === 'ok'),
    failure: { message, next: 'Pods of the run were removed. Run it again for a verdict.', causes: [] },
  }
}

/** 5,000 nodes with names as long as Kubernetes allows, all of them breaching. */
export function largeCluster(n = 5000): NodeResult[] {
  return Array.from({ length: n }, (_, i) => {
    const pool = `pool${String(i % 40).padStart(2, '0')}`
    const name = `aks-${pool}-31415926-vmss${i.toString(36).padStart(6, '0')}${'-long-name'.repeat(3)}`
    if (i % 100 === 99) return unread(name, `no answer from ${name} within 60 s`, { pool })
    return read(
      name,
      {
        first: { conntrackCount: 100_000 + ((i * 7919) % 31_000), timeWait: 500 + i },
        second: { counters: { 'conntrack.drop': i % 700 } },
      },
      { pool },
    )
  })
}

function manyServices(): ServiceInfo[] {
  return Array.from({ length: 120 }, (_, i) => ({
    namespace: `team-${i % 12}`,
    name: `service-${i}`,
    type: 'LoadBalancer' as const,
    policy: 'Cluster' as const,
    resourceVersion: String(i),
  }))
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
