import { dump, load } from 'js-yaml'
import { UserError } from '../errors.ts'
import { type Arm, armError } from './arm.ts'
import { record, text } from './arm-error.ts'
import { isKubelogin, serverIdOf } from './kubelogin.ts'
import { clusterPath, type ManagedCluster } from './managed-cluster.ts'

/** How to reach a cluster's API server. */
export interface ClusterCredentials {
  /** A kubeconfig with one context. Without anything that proves who asks when `serverId` is there. */
  kubeconfig: string
  /** `https://host:port`. */
  server: string
  /** Application id of the API server: a token of Entra ID for it is what the server wants. */
  serverId?: string
}

export interface CredentialOptions {
  /** The local administrator's certificate, past Entra ID and Kubernetes RBAC. */
  admin: boolean
  mask: (secret: string) => void
  signal?: AbortSignal | undefined
}

/** With the waits that ARM asks for. */
const CREDENTIALS_TIMEOUT_MS = 30_000

/**
 * Asks ARM for the kubeconfig of a cluster. One that would start kubelogin gets its exec section taken out;
 * a token for the same server application takes its place.
 * @throws ArmError, or UserError when the kubeconfig cannot be used.
 */
export async function clusterCredentials(
  arm: Arm,
  cluster: ManagedCluster,
  options: CredentialOptions,
): Promise<ClusterCredentials> {
  if (options.admin && cluster.localAccountsDisabled) throw noLocalAccounts(cluster)
  const content = await listCredentials(arm, cluster, options)
  const parts = currentParts(content)
  if (parts === undefined) {
    throw new UserError(`ARM gave a kubeconfig for ${cluster.name} that names no cluster and user.`, {
      next: 'Run again; if it stays so, get one with `az aks get-credentials` and give it in the input kubeconfig.',
    })
  }
  const { exec, 'auth-provider': provider, ...user } = parts.user
  for (const key of ['token', 'password', 'client-key-data']) {
    const secret = text(user[key])
    if (secret !== undefined) options.mask(secret)
  }
  if (exec === undefined && provider === undefined) {
    return { kubeconfig: single(parts.cluster, user, cluster.name), server: parts.server }
  }
  if (exec !== undefined && !isKubelogin(exec)) {
    throw new UserError(
      `The kubeconfig that ARM gave for ${cluster.name} starts the program ${execName(exec)}.`,
      {
        next: 'Only kubelogin is known. Give a kubeconfig of your own in the input kubeconfig.',
      },
    )
  }
  return {
    kubeconfig: single(parts.cluster, {}, cluster.name),
    server: parts.server,
    serverId: serverIdOf(exec ?? provider),
  }
}

async function listCredentials(
  arm: Arm,
  cluster: ManagedCluster,
  options: CredentialOptions,
): Promise<string> {
  const { resourceGroup, name } = cluster
  const timeout = AbortSignal.timeout(CREDENTIALS_TIMEOUT_MS)
  const { signal } = options
  const request = { abortSignal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) }
  const { managedClusters } = arm.containers
  const kind = options.admin ? 'listClusterAdminCredential' : 'listClusterUserCredential'
  try {
    const { kubeconfigs } = options.admin
      ? await managedClusters.listClusterAdminCredentials(resourceGroup, name, request)
      : await managedClusters.listClusterUserCredentials(resourceGroup, name, { format: 'exec', ...request })
    const value = kubeconfigs?.[0]?.value
    return value === undefined ? '' : Buffer.from(value).toString('utf8')
  } catch (error) {
    options.signal?.throwIfAborted()
    const explained = armError(error, `POST ${clusterPath(cluster)}/${kind}`, timeout.aborted)
    if (/getting static credential isn.?t allowed|disable local accounts/i.test(String(explained))) {
      throw noLocalAccounts(cluster, explained)
    }
    throw explained
  }
}

function noLocalAccounts({ name }: ManagedCluster, cause?: unknown): UserError {
  return new UserError(
    `The cluster ${name} has its local accounts disabled, so it has no admin credential.`,
    {
      next: 'Leave out `admin: true`, and give the identity a Kubernetes role in the cluster (Azure RBAC or a ClusterRoleBinding).',
      docs: 'azure.md#rights',
      ...(cause === undefined ? {} : { cause }),
    },
  )
}

interface Parts {
  cluster: Record<string, unknown>
  user: Record<string, unknown>
  server: string
}

/** Cluster and user of the current context. */
function currentParts(content: string): Parts | undefined {
  let config: Record<string, unknown> | undefined
  try {
    config = record(load(content))
  } catch {
    return undefined
  }
  const named = (list: unknown, name: unknown, key: string) => {
    const entries = Array.isArray(list) ? (list as unknown[]) : []
    return record(record(entries.find((each) => record(each)?.name === name))?.[key])
  }
  const context = named(config?.contexts, config?.['current-context'], 'context')
  const cluster = named(config?.clusters, context?.cluster, 'cluster')
  const user = named(config?.users, context?.user, 'user')
  const server = text(cluster?.server)
  if (cluster === undefined || user === undefined || server === undefined || !URL.canParse(server))
    return undefined
  return { cluster, user, server }
}

function single(cluster: Record<string, unknown>, user: Record<string, unknown>, name: string): string {
  return dump({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  })
}

function execName(exec: unknown): string {
  return text(record(exec)?.command) ?? 'without a name'
}
