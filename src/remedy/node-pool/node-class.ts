import { record, text } from '../../azure/arm-error.ts'
import type { ManagedCluster } from '../../azure/managed-cluster.ts'
import { type KubeApi, KubeError } from '../../cluster/kube-api.ts'
import type { NodeResult } from '../../node/reading.ts'
import {
  CONNTRACK_BUCKETS,
  CONNTRACK_MAX,
  parsedValue,
  TW_BUCKETS,
  TW_REUSE_FIELD,
  UNSAFE_SYSCTLS,
} from './os-settings.ts'
import { jsonLines, quote } from './shell.ts'
import type { PoolStep } from './wanted.ts'

/** Whether nodes come from node auto-provisioning (Karpenter) instead of node pools. */
export function hasAutoProvisioning({ raw, sku }: ManagedCluster): boolean {
  const profile = record(record(record(raw)?.properties)?.nodeProvisioningProfile)
  return text(profile?.mode) === 'Auto' || sku?.startsWith('Automatic') === true
}

/** Names of the pools of nodes that are no node pools in Azure. */
export function foreignPools(nodes: readonly NodeResult[], pools: readonly string[]): string[] {
  const known = new Set(pools)
  return [...new Set(nodes.map(({ node }) => node.pool))].filter((name) => name !== '' && !known.has(name))
}

/** The resource spells the names in another way than Azure does, and nests them the same way. */
const KEYS: Record<string, string> = {
  [CONNTRACK_MAX]: 'netNetfilterNfConntrackMax',
  [CONNTRACK_BUCKETS]: 'netNetfilterNfConntrackBuckets',
  [TW_REUSE_FIELD]: 'netIPv4TCPTwReuse',
  [TW_BUCKETS]: 'netIPv4TCPMaxTwBuckets',
  netIpv4IpLocalPortRange: 'netIPv4IPLocalPortRange',
  netIpv4TcpFinTimeout: 'netIPv4TCPFinTimeout',
  netIpv4TcpKeepaliveTime: 'netIPv4TCPKeepaliveTime',
  netIpv4TcpKeepaliveProbes: 'netIPv4TCPKeepaliveProbes',
  netIpv4TcpkeepaliveIntvl: 'netIPv4TCPkeepaliveIntvl',
  netIpv4TcpMaxSynBacklog: 'netIPv4TCPMaxSynBacklog',
}

/** The patch of the AKSNodeClass that gives all its nodes the settings, and what it does. */
export function nodeClassNote(
  pool: string,
  nodeClass: string | undefined,
  steps: readonly PoolStep[],
): string {
  const values = steps.flatMap(({ setting, to, intent }) => {
    const value = intent === 'change' && to !== null ? parsedValue(setting, to) : undefined
    return value === undefined || setting === UNSAFE_SYSCTLS ? [] : [[KEYS[setting] ?? setting, value]]
  })
  const patch = {
    spec: { linuxOSConfig: { sysctls: Object.fromEntries(values) as Record<string, unknown> } },
  }
  const named = nodeClass ?? 'default'
  const guess = nodeClass === undefined ? ' (its AKSNodeClass could not be read; look it up first)' : ''
  return [
    `Nodes of ${pool} come from node auto-provisioning, whose settings are in an AKSNodeClass${guess}. Its change counts as drift: all its nodes are replaced, one after the other within their budgets:`,
    `kubectl patch aksnodeclasses.karpenter.azure.com ${quote(named)} --type merge -p ${quote(jsonLines(patch).join('\n'))}`,
  ].join('\n')
}

/** Which AKSNodeClass a NodePool of Karpenter uses; undefined when it cannot be read. */
export async function nodeClassOf(
  api: KubeApi,
  pool: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const path = `/apis/karpenter.sh/v1/nodepools/${encodeURIComponent(pool)}`
    const found = await api.request<unknown>({ method: 'GET', path, signal })
    const spec = record(record(record(record(found)?.spec)?.template)?.spec)
    const reference = record(spec?.nodeClassRef)
    return text(reference?.kind) === 'AKSNodeClass' ? text(reference?.name) : undefined
  } catch (error) {
    if (error instanceof KubeError) return undefined
    throw error
  }
}
