import type { AgentPool } from '../../azure/agent-pools.ts'
import type { Arm } from '../../azure/arm.ts'
import { record, text } from '../../azure/arm-error.ts'
import { missingActions } from '../../azure/permissions.ts'
import { coreQuotas } from '../../azure/quota.ts'
import type { KubeApi } from '../../cluster/kube-api.ts'

/** A right in Kubernetes. */
interface Right {
  verb: string
  resource: string
  subresource?: string
  group?: string
}

const DRAIN_RIGHTS: Right[] = [
  { verb: 'list', resource: 'nodes' },
  { verb: 'patch', resource: 'nodes' },
  { verb: 'list', resource: 'pods' },
  { verb: 'create', resource: 'pods', subresource: 'eviction' },
  { verb: 'list', resource: 'persistentvolumes' },
]

const named = ({ verb, resource, subresource }: Right) =>
  `${[resource, subresource].filter(Boolean).join('/')} ${verb}`

/** Names of the rights in Kubernetes that replacing a pool takes, in the whole cluster. */
export const drainRights = [...DRAIN_RIGHTS.map(named), 'poddisruptionbudgets.policy list (to name them)']

const AGENT_POOLS = 'Microsoft.ContainerService/managedClusters/agentPools'
export const READ_POOLS = `${AGENT_POOLS}/read`
export const WRITE_POOLS = `${AGENT_POOLS}/write`
export const DELETE_POOLS = `${AGENT_POOLS}/delete`
const JOIN_SUBNET = 'Microsoft.Network/virtualNetworks/subnets/join/action'

/** Which rights for draining the caller lacks, as the API server says. @throws KubeError */
export async function missingDrainRights(api: KubeApi, signal: AbortSignal): Promise<string[]> {
  const asked = await Promise.all(DRAIN_RIGHTS.map((right) => may(api, right, signal)))
  return DRAIN_RIGHTS.filter((_, index) => asked[index] === false).map(named)
}

async function may(api: KubeApi, right: Right, signal: AbortSignal): Promise<boolean> {
  const answer = await api.request<{ status?: { allowed?: boolean } }>({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { group: '', ...right } },
    },
    retry: true,
    signal,
  })
  return answer.status?.allowed === true
}

/** What ARM says about rights and quota before a successor is paid for. */
export interface AzureCheck {
  missing: string[]
  /** Quota that does not suffice. Sentences. */
  short: string[]
  /** What could not be found out. Sentences. */
  unknown: string[]
}

/** Asks ARM whether the caller may make and delete pools, and whether the quota has room for a second one. */
export async function checkAzure(
  arm: Arm,
  cluster: { id: string; location?: string },
  pool: AgentPool,
  options: { actions: string[]; quota: boolean },
  signal: AbortSignal,
): Promise<AzureCheck> {
  const check: AzureCheck = { missing: [], short: [], unknown: [] }
  const subnets = [pool.properties.vnetSubnetID, pool.properties.podSubnetID].flatMap((id) => text(id) ?? [])
  const asked = [
    { resource: cluster.id, actions: options.actions },
    ...[...new Set(options.quota ? subnets : [])].map((resource) => ({ resource, actions: [JOIN_SUBNET] })),
  ]
  for (const { resource, actions } of asked) {
    const missing = await missingActions(arm, resource, actions, signal)
    if (missing === undefined)
      check.unknown.push(`Azure does not say whether ${actions.join(', ')} is allowed.`)
    else check.missing.push(...missing.map((action) => `${action} on ${resource}`))
  }
  if (options.quota) await checkQuota(arm, cluster.location, pool, check, signal)
  return check
}

async function checkQuota(
  arm: Arm,
  location: string | undefined,
  pool: AgentPool,
  check: AzureCheck,
  signal: AbortSignal,
): Promise<void> {
  const vmSize = text(pool.properties.vmSize)
  const spot = text(pool.properties.scaleSetPriority)?.toLowerCase() === 'spot'
  const nodes = typeof pool.properties.count === 'number' ? pool.properties.count : 0
  if (nodes === 0) return
  const known =
    location === undefined || vmSize === undefined
      ? undefined
      : await coreQuotas(arm, location, vmSize, signal, spot)
  if (known === undefined || known.quotas.length === 0) {
    check.unknown.push(
      `Azure does not say whether the quota has room for ${nodes} more nodes (${vmSize ?? 'size unknown'}).`,
    )
    return
  }
  const needed = known.size.cores * nodes
  for (const { name, used, limit } of known.quotas) {
    if (limit - used < needed) {
      check.short.push(
        `the quota ${name} in ${location ?? ''} has ${Math.max(0, limit - used)} of ${limit} cores left and ${nodes} more nodes take ${needed}`,
      )
    }
  }
}

/** Preview versions of the API in which fields can be set that the public one does not show. */
const PREVIEW_API = '2026-01-02-preview'

/** Fields that are set on a pool in a preview version of the API and that the public one leaves out. */
export function shapedAway(open: AgentPool, preview: AgentPool | undefined): string[] | undefined {
  if (preview === undefined) return undefined
  return missingFields(preview.properties, open.properties, '').sort()
}

export const previewApi = PREVIEW_API

function missingFields(all: Record<string, unknown>, shown: Record<string, unknown>, path: string): string[] {
  return Object.entries(all).flatMap(([name, value]) => {
    if (value === null || value === undefined || name === 'provisioningState' || name === 'eTag') return []
    const inner = record(value)
    const other = shown[name]
    if (other === undefined || other === null) {
      return inner !== undefined && Object.keys(inner).length === 0 ? [] : [`${path}${name}`]
    }
    const otherInner = record(other)
    return inner !== undefined && otherInner !== undefined && name !== 'tags' && name !== 'nodeLabels'
      ? missingFields(inner, otherInner, `${path}${name}.`)
      : []
  })
}
