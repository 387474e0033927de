import type { NodeSpec } from '../types.ts'

/** The machines that node pools are made of. */
export interface PoolMachines {
  add: (specs: NodeSpec[]) => Promise<void>
  remove: (name: string) => Promise<void>
  /** Names of the nodes of a pool. */
  ofPool: (pool: string) => string[]
  /** Pods on a node that do not just go with it: those of no DaemonSet that have not ended. */
  workOn: (node: string) => string[]
}

const SYSCTL_OF: Record<string, string> = {
  netNetfilterNfConntrackMax: 'net.netfilter.nf_conntrack_max',
  netNetfilterNfConntrackBuckets: 'net.netfilter.nf_conntrack_buckets',
  netIpv4TcpTwReuse: 'net.ipv4.tcp_tw_reuse',
  netIpv4TcpMaxTwBuckets: 'net.ipv4.tcp_max_tw_buckets',
  netIpv4TcpFinTimeout: 'net.ipv4.tcp_fin_timeout',
  netCoreSomaxconn: 'net.core.somaxconn',
  netIpv4IpLocalPortRange: 'net.ipv4.ip_local_port_range',
}

/** What a node of AKS has where its pool says nothing. */
const DEFAULTS: Record<string, string> = {
  'net.netfilter.nf_conntrack_max': '131072',
  'net.netfilter.nf_conntrack_buckets': '65536',
  'net.ipv4.tcp_tw_reuse': '2',
  'net.ipv4.tcp_max_tw_buckets': '262144',
}

/** The kernel settings that a node has which is provisioned now. `false` writes 1 too, as AgentBaker does. */
export function sysctlsOf(properties: Record<string, unknown>): Record<string, string> {
  const config =
    (properties.linuxOSConfig as { sysctls?: Record<string, unknown> } | undefined)?.sysctls ?? {}
  const asked = Object.entries(config).flatMap(([name, value]) => {
    const sysctl = SYSCTL_OF[name]
    return sysctl === undefined ? [] : [[sysctl, typeof value === 'boolean' ? '1' : String(value)]]
  })
  return { ...DEFAULTS, ...(Object.fromEntries(asked) as Record<string, string>) }
}

/** Nodes as a scale set of a pool makes them; `first` is the number of the first one. */
export function nodesOfPool(
  pool: string,
  properties: Record<string, unknown>,
  first: number,
  count: number,
): NodeSpec[] {
  const labels = properties.nodeLabels as Record<string, string> | undefined
  const taints = (properties.nodeTaints as string[] | undefined) ?? []
  return Array.from({ length: count }, (_, index) => ({
    name: `aks-${pool}-31415926-vmss${(first + index).toString(36).padStart(6, '0')}`,
    pool,
    sysctls: sysctlsOf(properties),
    labels: {
      ...labels,
      'kubernetes.azure.com/mode': properties.mode === 'System' ? 'system' : 'user',
    },
    taints: taints.flatMap((text) => {
      const [, key = '', value = '', effect] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text) ?? []
      return effect === 'NoSchedule' || effect === 'NoExecute' || effect === 'PreferNoSchedule'
        ? [{ key, value, effect }]
        : []
    }),
  }))
}
