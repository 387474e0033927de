import type { Plan } from '../../src/remedy/remedy.ts'
import type { Report } from '../../src/report/report.ts'
import { read } from '../support/readings.ts'
import { aksName, criticalNodes, SERVICES } from './sample-nodes.ts'
import { changed, record, step, sysctlPlan, TUNED, tunedAfter, tunedBefore } from './sample-plans.ts'
import { judged, report } from './sample-report.ts'

export function fixed(): Report {
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

export function partlyFixed(): Report {
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
        `service-policy: externalTrafficPolicy of web/frontend left as it was: ${services.why}`,
        `sysctl: net.netfilter.nf_conntrack_max of ${aksName('np1', 9)} could not be changed: admission webhook "deny-privileged.policy.contoso.io" refused the tuner pod: privileged containers are not allowed`,
      ],
    }),
  }
}

export function dryRun(): Report {
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

export function nodePoolPlan(): Report {
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

export function interrupted(): Report {
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
export function unachieved(report: Report): Report {
  const reasons = [...(report.fix?.unachieved ?? []), ...report.judgement.reasons]
  return { ...report, judgement: { ...report.judgement, fails: true, reasons } }
}

/** What a run that was cancelled before it had read any node tells. */
export function cancelled(): Report {
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
