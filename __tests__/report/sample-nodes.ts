import type { ServiceInfo } from '../../src/health/service.ts'
import type { NodeResult } from '../../src/node/reading.ts'
import { outOfScope, type ReadingOverrides, read, tuple, unread } from '../support/readings.ts'

/** AKS names its nodes `aks-<pool>-<number>-vmss<base 36>`. */
export function aksName(pool: string, index: number): string {
  return `aks-${pool}-31415926-vmss${index.toString(36).padStart(6, '0')}`
}

export function healthyNodes(n: number): NodeResult[] {
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

export function nodeAt(name: string, percent: number, more: ReadingOverrides = {}): NodeResult {
  const max = 131072
  return read(name, {
    ...more,
    first: { ...more.first, conntrackCount: Math.ceil((max * percent) / 100) },
    sysctls: { 'net.netfilter.nf_conntrack_max': max, ...more.sysctls },
  })
}

export function timeWaitNode(): NodeResult {
  return read(aksName('np1', 10), { first: { conntrackCount: 21000, timeWait: 312 } })
}

export function windows(): NodeResult[] {
  return [
    outOfScope('akswin000000', 'Windows node: it has no nf_conntrack', { pool: 'win' }),
    outOfScope('virtual-node-aci-linux', 'virtual node: it has no kernel of its own', { pool: '' }),
  ]
}

export function criticalNodes(): NodeResult[] {
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

export const SERVICES: ServiceInfo[] = [
  { namespace: 'web', name: 'frontend', type: 'LoadBalancer', policy: 'Cluster', resourceVersion: '41' },
  { namespace: 'hooks', name: 'receiver', type: 'NodePort', policy: 'Cluster', resourceVersion: '42' },
  { namespace: 'web', name: 'admin', type: 'LoadBalancer', policy: 'Local', resourceVersion: '43' },
]

export function unreadNodes(): NodeResult[] {
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

export function manyServices(): ServiceInfo[] {
  return Array.from({ length: 120 }, (_, i) => ({
    namespace: `team-${i % 12}`,
    name: `service-${i}`,
    type: 'LoadBalancer' as const,
    policy: 'Cluster' as const,
    resourceVersion: String(i),
  }))
}
