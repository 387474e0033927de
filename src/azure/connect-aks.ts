import type { ClusterFacts } from '../cluster/facts.ts'
import { type Arm, createArm } from './arm.ts'
import type { AzureIdentity } from './cached-identity.ts'
import { type AzureCloudName, azureCloud } from './clouds.ts'
import { type ClusterCredentials, clusterCredentials } from './credentials.ts'
import { explainArm } from './errors.ts'
import { requireExpectedCluster } from './guard.ts'
import { type IdentityDeps, signIn } from './identity.ts'
import { AKS_SERVER_ID, cloudOf, scopeOf, serverIdOf, tenantOf } from './kubelogin.ts'
import {
  addressOf,
  type ClusterName,
  clusterFacts,
  clusterPath,
  type ManagedCluster,
  readManagedCluster,
  requireRunning,
} from './managed-cluster.ts'
import { proxyOf } from './network-errors.ts'
import type { FollowOptions } from './operation.ts'
import { chooseRoute, hintOnReach, type Route } from './private.ts'
import { type Command, type CommandResult, runCommand } from './run-command.ts'
import type { TokenSource } from './token-source.ts'

/** The inputs about Azure. */
export interface AksOptions extends ClusterName {
  /** '' where not given. */
  clientId: string
  tenantId: string
  cloud: AzureCloudName
  /** '' is the cloud's default. */
  oidcAudience: string
  admin: boolean
  /** '' lets every cluster pass. */
  expectedClusterId: string
  privateCluster: 'auto' | 'direct' | 'run-command'
}

/** A cluster that ARM knows, and the way to it. */
export interface AksConnection {
  facts: ClusterFacts
  cluster: ManagedCluster
  arm: Arm
  identity: AzureIdentity
  route: Route
  /** One context; '' on the route `run-command`, where none is needed. */
  kubeconfig: string
  /** What proves who asks, where the kubeconfig has nothing: clusters with Entra ID. */
  tokenSource?: TokenSource
  /** Runs a command in the cluster; only on the route `run-command`. */
  runCommand?: (command: Command, options: FollowOptions) => Promise<CommandResult>
  /** What ARM knows about why the API server does not answer, for the message. */
  hint?: string
  /** Turns an error of a later call to ARM into one for the user. `failed`: `The node pool cannot be changed`. */
  explain: (error: unknown, failed: string) => unknown
}

/**
 * Signs in to Azure, finds the cluster, gets its credentials and decides how it is reached.
 * @throws UserError for all that a user can do something about.
 */
export async function connectAks(
  options: AksOptions,
  deps: IdentityDeps,
  signal?: AbortSignal,
): Promise<AksConnection> {
  const { environment, log, proxyFor = proxyOf(environment) } = deps
  requireExpectedCluster(options.expectedClusterId, clusterPath(options))
  const cloud = azureCloud(options.cloud, environment)
  const identity = await signIn({ ...options, cloud }, deps, signal)
  const explain = (error: unknown, failed: string) =>
    explainArm(error, { failed, cloud, proxyFor, identity: identity.title })
  const { subscriptionId, name } = options
  const arm = createArm({
    cloud,
    credential: identity.credential,
    tokens: identity.tokens(cloud.armScope),
    subscriptionId,
    userAgent: deps.userAgent,
    log,
  })

  const cluster = await explaining(readManagedCluster(arm, options, signal), (error) =>
    explain(error, `The cluster ${name} cannot be read from Azure`),
  )
  log.info(describe(cluster))
  requireExpectedCluster(options.expectedClusterId, cluster.id)
  requireRunning(cluster)

  const reached = await reachCluster(arm, cluster, options, { ...deps, signal, explain })
  const hint = hintOnReach(cluster)
  const serverId =
    reached.route === 'run-command' && cluster.entra ? AKS_SERVER_ID : reached.credentials?.serverId
  const tokenSource = serverId === undefined ? undefined : identity.tokens(scopeOf(serverId))
  // At once: a session of az whose identity token has ended gets none for a new audience.
  await tokenSource?.(signal)
  return {
    facts: clusterFacts(cluster, reached.credentials?.server ?? addressOf(cluster)),
    cluster,
    arm,
    identity,
    route: reached.route,
    kubeconfig: reached.credentials?.kubeconfig ?? '',
    explain,
    ...(tokenSource === undefined ? {} : { tokenSource }),
    ...(hint === undefined ? {} : { hint }),
    ...(reached.route === 'direct' ? {} : { runCommand: commandRunner(arm, cluster, tokenSource, explain) }),
  }
}

interface ReachDeps extends IdentityDeps {
  signal: AbortSignal | undefined
  explain: (error: unknown, failed: string) => unknown
}

async function reachCluster(
  arm: Arm,
  cluster: ManagedCluster,
  { admin, privateCluster: mode }: AksOptions,
  { mask, log, proxyFor, signal, explain }: ReachDeps,
): Promise<{ route: Route; credentials?: ClusterCredentials }> {
  // Run command needs no credentials, nor the right to get them.
  if (mode === 'run-command') {
    const { route } = await chooseRoute({ mode, cluster, server: '', signal })
    return { route }
  }
  const credentials = await explaining(clusterCredentials(arm, cluster, { admin, mask, signal }), (error) =>
    explain(
      error,
      `The ${admin ? 'admin' : 'user'} credentials of the cluster ${cluster.name} cannot be had`,
    ),
  )
  const { server } = credentials
  const proxy = proxyFor?.(new URL(server))
  const { route, why } = await chooseRoute({ mode, cluster, server, proxy, signal })
  log.info(route === 'direct' ? `API server: ${server}.` : `The nodes are read by run command: ${why}.`)
  return { route, credentials }
}

function commandRunner(
  arm: Arm,
  cluster: ManagedCluster,
  clusterToken: TokenSource | undefined,
  explain: (error: unknown, failed: string) => unknown,
): NonNullable<AksConnection['runCommand']> {
  return async (command, options) =>
    explaining(runCommand(arm, cluster, command, { ...options, clusterToken }), (error) =>
      explain(error, `The command could not be run in the cluster ${cluster.name}`),
    )
}

/**
 * Tokens for a kubeconfig of the user's own whose `exec` section starts kubelogin: the same identity as for
 * a cluster that is named in Azure, without a program and without a prompt.
 * @param exec the section as it stands in the kubeconfig.
 */
export async function kubeloginTokens(
  exec: unknown,
  options: Pick<AksOptions, 'clientId' | 'tenantId' | 'cloud' | 'oidcAudience'>,
  deps: IdentityDeps,
  signal?: AbortSignal,
): Promise<TokenSource> {
  const cloud = azureCloud(cloudOf(exec) ?? options.cloud, deps.environment)
  // The first token shows whether the identity works; it is for the server, as ARM may be of no concern here.
  const scope = scopeOf(serverIdOf(exec))
  const { clientId, tenantId, oidcAudience } = options
  const identity = await signIn(
    {
      clientId,
      tenantId,
      oidcAudience,
      sessionTenantId: tenantOf(exec),
      cloud: { ...cloud, armScope: scope },
    },
    deps,
    signal,
  )
  return identity.tokens(scope)
}

async function explaining<T>(work: Promise<T>, explain: (error: unknown) => unknown): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw explain(error)
  }
}

function describe(cluster: ManagedCluster): string {
  const { name, location, kubernetesVersion, sku, dataplane, pools } = cluster
  const parts = [
    `AKS cluster ${name}${location === undefined ? '' : ` in ${location}`}`,
    kubernetesVersion === undefined ? undefined : `Kubernetes ${kubernetesVersion}`,
    sku,
    dataplane === undefined ? undefined : `dataplane ${dataplane}`,
    cluster.private ? 'private' : undefined,
    `${pools.length} node pool${pools.length === 1 ? '' : 's'}`,
    cluster.provisioningState === 'Succeeded' ? undefined : cluster.provisioningState,
  ]
  return `${parts.filter(Boolean).join(', ')}.`
}
