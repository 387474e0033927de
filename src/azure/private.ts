import { UserError } from '../errors.ts'
import type { ManagedCluster } from './managed-cluster.ts'
import { type Reach, type ReachOptions, reach } from './reach.ts'

/** How the nodes are read: over the network, or by commands that AKS runs in the cluster. */
export type Route = 'direct' | 'run-command'

export interface RouteOptions {
  mode: 'auto' | 'direct' | 'run-command'
  cluster: ManagedCluster
  /** Address of the API server: `https://host:port`. */
  server: string
  proxy?: URL | undefined
  signal?: AbortSignal | undefined
}

/** A connection to an API server is there in well under a second, or not at all. */
const PROBE_MS = 4000

/**
 * Decides how a cluster is reached, within seconds: a private cluster seen from outside would otherwise let
 * every request run into its own timeout.
 * @throws UserError with the ways out when it cannot be reached.
 */
export async function chooseRoute(
  options: RouteOptions,
  tryToReach: (server: string, options: ReachOptions) => Promise<Reach> = reach,
): Promise<{ route: Route; why: string }> {
  const { mode, cluster, server, proxy, signal } = options
  if (mode === 'run-command') {
    requireRunCommand(cluster, 'private-cluster is run-command')
    return { route: 'run-command', why: 'private-cluster is run-command' }
  }
  if (!cluster.private) return { route: 'direct', why: 'the cluster is public' }
  const found = await tryToReach(server, { proxy, timeoutMs: PROBE_MS, signal })
  if (found.reachable) return { route: 'direct', why: 'the cluster is private and can be reached from here' }
  const host = new URL(server).hostname
  const why = `the cluster is private and its API server ${host} cannot be reached from here: ${found.why}`
  if (mode === 'direct') throw unreachable(cluster, why)
  requireRunCommand(cluster, why)
  return { route: 'run-command', why }
}

/** @throws UserError when the cluster does not let commands be run in it. */
export function requireRunCommand(cluster: ManagedCluster, why: string): void {
  if (cluster.runCommandDisabled) throw unreachable(cluster, `${why}, and run command is disabled`)
}

function unreachable(cluster: ManagedCluster, why: string): UserError {
  const { name, resourceGroup, runCommandDisabled } = cluster
  const command = runCommandDisabled
    ? `enable run command (az aks update -g ${resourceGroup} -n ${name} --enable-run-command) and set private-cluster: run-command.`
    : 'set private-cluster: run-command (or auto): the nodes are then read by a command that AKS runs in the cluster.'
  return new UserError(`The cluster ${name} cannot be reached: ${why}.`, {
    next: [
      'There are three ways out:',
      "  1. run the job on a self-hosted runner in the cluster's virtual network or one that is peered with it, with its private DNS zone;",
      '  2. give the runner a way in: a VPN, a private endpoint or a proxy (HTTPS_PROXY) that reaches that network;',
      `  3. ${command}`,
    ].join('\n'),
    docs: 'azure.md#private-clusters',
  })
}

/** What ARM knows about why an API server did not answer; undefined when that is nothing. */
export function hintOnReach(cluster: ManagedCluster): string | undefined {
  if (cluster.private) return 'The cluster is private: its API server answers only in its virtual network.'
  if (cluster.authorizedIpRanges.length === 0) return undefined
  const ranges = cluster.authorizedIpRanges.slice(0, 5).join(', ')
  return `The API server answers only these addresses: ${ranges}. Add the address of the runner (az aks update --api-server-authorized-ip-ranges), or use a runner that has one of them.`
}
