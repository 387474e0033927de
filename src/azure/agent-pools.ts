import type { Arm, ArmCall } from './arm.ts'
import { ArmError, record, text } from './arm-error.ts'
import { type ClusterName, clusterPath } from './managed-cluster.ts'
import { type FollowOptions, followOperation, operationOf } from './operation.ts'

/** A node pool as ARM tells it, with everything in it that this code does not know. */
export interface AgentPool {
  name: string
  path: string
  /** Version for If-Match; undefined where ARM gave none. */
  etag: string | undefined
  /** `Succeeded`, `Failed`, `Updating`, … */
  state: string | undefined
  /** `properties` as they came. */
  properties: Record<string, unknown>
}

/** What a PUT sends: `properties` whole, as ARM takes what is missing for removed. */
export interface AgentPoolBody {
  properties: Record<string, unknown>
}

/**
 * Properties that are not sent back: read-only ones, and `nodeImageVersion`, whose presence asks AKS to roll the
 * pool back to that image (API 2026-06-01). `powerState` is an order as well: echoing `Stopped` stops the pool.
 */
const NOT_SENT = [
  'eTag',
  'provisioningState',
  'currentOrchestratorVersion',
  'nodeImageVersion',
  'status',
  'virtualMachineNodesStatus',
  'powerState',
]

const MOST_PAGES = 100

export function agentPoolPath(cluster: ClusterName, name: string): string {
  return `${clusterPath(cluster)}/agentPools/${encodeURIComponent(name)}`
}

/** All pools of a cluster, in ARM's order. @throws ArmError */
export async function listAgentPools(
  arm: Arm,
  cluster: ClusterName,
  signal?: AbortSignal,
): Promise<AgentPool[]> {
  const pools: AgentPool[] = []
  let path: string | undefined = `${clusterPath(cluster)}/agentPools`
  for (let page = 0; path !== undefined && page < MOST_PAGES; page++) {
    const { body } = await arm.request({ method: 'GET', path, signal })
    const { value, nextLink } = record(body) ?? {}
    if (!Array.isArray(value)) {
      throw new ArmError('the list of node pools has no value', {
        call: `GET ${path}`,
        code: 'InvalidAnswer',
      })
    }
    for (const each of value as unknown[]) pools.push(parsePool(cluster, each, undefined))
    path = text(nextLink)
  }
  return pools
}

/** One pool; undefined when there is none of that name. @throws ArmError */
export async function readAgentPool(
  arm: Arm,
  cluster: ClusterName,
  name: string,
  options: { signal?: AbortSignal | undefined; apiVersion?: string } = {},
): Promise<AgentPool | undefined> {
  try {
    const { signal, apiVersion } = options
    const path = agentPoolPath(cluster, name)
    const call: ArmCall = { method: 'GET', path, signal, ...(apiVersion !== undefined && { apiVersion }) }
    const { body, etag } = await arm.request(call)
    return parsePool(cluster, body, etag)
  } catch (error) {
    if (error instanceof ArmError && error.status === 404) return undefined
    throw error
  }
}

function parsePool(cluster: ClusterName, raw: unknown, etag: string | undefined): AgentPool {
  const pool = record(raw)
  const name = text(pool?.name)
  const properties = record(pool?.properties)
  if (name === undefined || properties === undefined) {
    const call = `GET ${clusterPath(cluster)}/agentPools`
    throw new ArmError('a node pool without name or properties', { call, code: 'InvalidAnswer' })
  }
  return {
    name,
    path: agentPoolPath(cluster, name),
    // The API has it among the properties.
    etag: etag ?? text(properties.eTag),
    state: text(properties.provisioningState),
    properties,
  }
}

/** The properties of a pool as they can be sent back, with what this code does not know. */
export function sendable(properties: Record<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(properties).filter(([name]) => !NOT_SENT.includes(name))
  const copy = structuredClone(Object.fromEntries(kept))
  const localDns = record(copy.localDNSProfile)
  if (localDns !== undefined) delete localDns.state
  return copy
}

/** On which version of a pool a change is made: a known one, or only if there is no pool of that name. */
export type Precondition = { ifMatch: string } | { ifNoneMatch: '*' } | Record<string, never>

/**
 * Makes or changes a pool and follows that to its end.
 * @param accepted called when ARM has taken the order, before it is followed.
 * @throws ArmError when ARM refuses, and when the operation fails.
 */
export async function writeAgentPool(
  arm: Arm,
  pool: Pick<AgentPool, 'path'>,
  body: AgentPoolBody,
  condition: Precondition,
  follow: FollowOptions,
  accepted: () => void = () => {},
): Promise<void> {
  await carryOut(arm, { method: 'PUT', path: pool.path, body, ...condition }, follow, accepted)
}

/** Deletes a pool with its nodes and follows that to its end. AKS drains its nodes within disruption budgets. */
export async function deleteAgentPool(
  arm: Arm,
  pool: Pick<AgentPool, 'path' | 'etag'>,
  follow: FollowOptions,
  accepted: () => void = () => {},
): Promise<void> {
  const condition = pool.etag === undefined ? {} : { ifMatch: pool.etag }
  await carryOut(arm, { method: 'DELETE', path: pool.path, ...condition }, follow, accepted)
}

async function carryOut(arm: Arm, call: ArmCall, follow: FollowOptions, accepted: () => void): Promise<void> {
  const answer = await arm.request({ ...call, signal: follow.signal })
  accepted()
  const operation = operationOf(call, answer, follow.now)
  if (operation !== undefined) await followOperation(arm, operation, follow)
}

/** AKS does not change this configuration on a pool that exists: only a new pool can have another one. */
export function isOsConfigRefusal(error: unknown): boolean {
  return (
    error instanceof ArmError &&
    /CustomKubeletConfigOrCustomLinuxOSConfigCanNotBeChanged|CustomLinuxOSConfig can ?not be changed/i.test(
      `${error.code} ${error.message}`,
    )
  )
}

/** Another operation runs on the pool or the cluster. A quota that is used up has the same code and is not meant. */
export function isBusy(error: unknown): boolean {
  return (
    error instanceof ArmError &&
    error.status === 409 &&
    /another operation|in progress|pending-operation|preempted/i.test(error.message)
  )
}

/** The resource is no longer, or not yet, what the call was made for. */
export function isStale(error: unknown): boolean {
  return error instanceof ArmError && error.status === 412
}
