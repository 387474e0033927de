import type { ClusterFacts, PoolFacts } from '../cluster/facts.ts'
import { UserError } from '../errors.ts'
import type { Arm } from './arm.ts'
import { ArmError, record, text } from './arm-error.ts'

/** How a user names an AKS cluster. */
export interface ClusterName {
  subscriptionId: string
  resourceGroup: string
  name: string
}

/** An AKS cluster as ARM tells it. */
export interface ManagedCluster extends ClusterName {
  /** Full resource id, in ARM's spelling. */
  id: string
  location?: string
  kubernetesVersion?: string
  /** `Base/Standard`, `Automatic/Standard`. */
  sku?: string
  /** `azure`, `cilium`. */
  dataplane?: string
  /** Host of the API server; the private one where there is one. */
  fqdn?: string
  /** The API server has no public address that can be reached. */
  private: boolean
  /** Addresses that may reach the API server; empty lets all. */
  authorizedIpRanges: string[]
  /** Entra ID decides who may use the Kubernetes API. */
  entra: boolean
  localAccountsDisabled: boolean
  runCommandDisabled: boolean
  powerState?: string
  provisioningState?: string
  pools: PoolFacts[]
  /** The resource as it came, for what is not modelled here. */
  raw: unknown
}

/** The first call of a run to ARM: long enough for one answer to wait as Retry-After asks. */
const READ_TIMEOUT_MS = 30_000

export function clusterPath({ subscriptionId, resourceGroup, name }: ClusterName): string {
  const part = encodeURIComponent
  return `/subscriptions/${part(subscriptionId)}/resourceGroups/${part(resourceGroup)}/providers/Microsoft.ContainerService/managedClusters/${part(name)}`
}

/**
 * @throws ArmError; for a cluster that is not in its group, with the names of those that are.
 */
export async function readManagedCluster(
  arm: Arm,
  cluster: ClusterName,
  signal?: AbortSignal,
): Promise<ManagedCluster> {
  try {
    const answer = await arm.request({
      method: 'GET',
      path: clusterPath(cluster),
      timeoutMs: READ_TIMEOUT_MS,
      signal,
    })
    return parseManagedCluster(cluster, answer.body)
  } catch (error) {
    if (!(error instanceof ArmError) || error.code.toLowerCase() !== 'resourcenotfound') throw error
    throw await withNeighbours(arm, cluster, error, signal)
  }
}

/** Helps with a name that is misspelt; the right to list is not needed for anything else. */
async function withNeighbours(
  arm: Arm,
  cluster: ClusterName,
  error: ArmError,
  signal: AbortSignal | undefined,
): Promise<ArmError> {
  const path = clusterPath(cluster).replace(/\/[^/]+$/, '')
  const names = await arm
    .request({ method: 'GET', path, signal, timeoutMs: 5000 })
    .then(({ body }) => listOf(record(body)?.value).map((each) => text(record(each)?.name) ?? ''))
    .catch(() => undefined)
  signal?.throwIfAborted()
  if (names === undefined) return error
  const shown = names.filter(Boolean).slice(0, 10)
  const there = shown.length === 0 ? 'The group has no AKS cluster.' : `The group has: ${shown.join(', ')}.`
  const { call, code, status, requestId } = error
  return new ArmError(`${error.message} ${there}`, { call, code, status, requestId, cause: error })
}

export function parseManagedCluster(name: ClusterName, raw: unknown): ManagedCluster {
  const cluster = record(raw)
  const properties = record(cluster?.properties)
  const network = record(properties?.networkProfile)
  const access = record(properties?.apiServerAccessProfile)
  const sku = record(cluster?.sku)
  const skuText = [text(sku?.name), text(sku?.tier)].filter(Boolean).join('/')
  return {
    ...name,
    id: text(cluster?.id) ?? clusterPath(name),
    private: access?.enablePrivateCluster === true,
    authorizedIpRanges: listOf(access?.authorizedIPRanges).filter((each) => typeof each === 'string'),
    entra: record(properties?.aadProfile) !== undefined,
    localAccountsDisabled: properties?.disableLocalAccounts === true,
    runCommandDisabled: access?.disableRunCommand === true,
    pools: listOf(properties?.agentPoolProfiles)
      .map(poolFacts)
      .filter((each) => each !== undefined),
    raw,
    ...present({
      fqdn: text(properties?.privateFQDN) ?? text(properties?.fqdn),
      location: text(cluster?.location),
      kubernetesVersion: text(properties?.currentKubernetesVersion) ?? text(properties?.kubernetesVersion),
      sku: skuText || undefined,
      dataplane: text(network?.networkDataplane),
      powerState: text(record(properties?.powerState)?.code),
      provisioningState: text(properties?.provisioningState),
    }),
  }
}

/** A pool out of the cluster's `agentPoolProfiles`, where its fields are not below `properties`. */
function poolFacts(raw: unknown): PoolFacts | undefined {
  const pool = record(raw)
  const name = text(pool?.name)
  if (name === undefined) return undefined
  const sysctls = record(record(pool?.linuxOSConfig)?.sysctls)
  return {
    name,
    ...present({
      vmSize: text(pool?.vmSize),
      mode: text(pool?.mode),
      osType: text(pool?.osType),
      count: typeof pool?.count === 'number' ? pool.count : undefined,
      powerState: text(record(pool?.powerState)?.code),
      provisioningState: text(pool?.provisioningState),
      sysctls: sysctls === undefined ? undefined : plainValues(sysctls),
    }),
  }
}

function plainValues(values: Record<string, unknown>): Record<string, number | boolean | string> {
  const plain = (each: unknown): each is number | boolean | string =>
    typeof each === 'number' || typeof each === 'boolean' || typeof each === 'string'
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, number | boolean | string] => plain(entry[1])),
  )
}

/**
 * @throws UserError for a cluster whose API server does not run: stopped, or on its way in or out.
 */
export function requireRunning({ name, resourceGroup, powerState, provisioningState }: ManagedCluster): void {
  const is = (state: string) => provisioningState?.toLowerCase() === state
  const start = `az aks start -g ${resourceGroup} -n ${name}`
  const complain = (what: string, next: string) => {
    throw new UserError(`The cluster ${name} ${what}, so its nodes cannot be read.`, {
      next,
      docs: 'azure.md#troubleshooting',
    })
  }
  if (is('creating')) complain('is being created', 'Run again when it is there.')
  if (is('deleting')) complain('is being deleted', 'Name another cluster.')
  if (is('stopping')) complain('is being stopped', `Start it again when it has stopped: ${start}`)
  if (is('starting')) complain('is being started', 'Run again in a few minutes.')
  if (powerState?.toLowerCase() === 'stopped') complain('is stopped', `Start it: ${start}`)
}

/** Address of the API server as ARM tells it; '' where it does not. */
export function addressOf({ fqdn }: ManagedCluster): string {
  return fqdn === undefined ? '' : `https://${fqdn}:443`
}

/** What the report says about the cluster. */
export function clusterFacts(cluster: ManagedCluster, server: string): ClusterFacts {
  const { name, id, location, kubernetesVersion, sku, dataplane, pools } = cluster
  return {
    server,
    name,
    id,
    private: cluster.private,
    pools,
    ...present({ location, kubernetesVersion, sku, dataplane }),
  }
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** Without the keys that have no value, as exactOptionalPropertyTypes tells absent from undefined. */
function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
