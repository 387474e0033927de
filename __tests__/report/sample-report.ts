import { evaluate } from '../../src/health/evaluate.ts'
import type { Policy } from '../../src/health/finding.ts'
import type { ServiceInfo } from '../../src/health/service.ts'
import { DEFAULT_THRESHOLDS } from '../../src/health/thresholds.ts'
import { judge } from '../../src/health/verdict.ts'
import type { NodeResult } from '../../src/node/reading.ts'
import type { Report } from '../../src/report/report.ts'

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

export function judged(nodes: NodeResult[], options: Options): Pick<Report, 'findings' | 'judgement'> {
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
