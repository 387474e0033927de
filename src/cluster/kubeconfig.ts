import type { Cluster } from '@kubernetes/client-node'
import { UserError } from '../errors.ts'
import { nearestFirst } from '../nearest.ts'
import type { Mask } from './authenticator.ts'
import { readKubeconfigs } from './kubeconfig-files.ts'
import { type MergedKubeconfig, mergeKubeconfigs, textOf } from './kubeconfig-merge.ts'
import { type ClusterUser, readUser } from './kubeconfig-user.ts'
import { parseCertificate, readPem } from './pem.ts'
import { parseProxy } from './proxy.ts'

/** All that a kubeconfig says about one context: how the cluster is reached, and who asks. */
export interface ClusterAccess {
  /** Name of the context. */
  context: string
  server: URL
  /** PEM. */
  ca?: Buffer
  skipVerify: boolean
  serverName?: string
  /** `proxy-url` of the cluster. */
  proxy?: URL
  user: ClusterUser
}

const docs = 'troubleshooting.md#the-kubeconfig'

/**
 * Reads the kubeconfig and resolves the context to what is needed to talk to its cluster.
 * @param options `kubeconfig` (path or content) and `context` as the user gave them, '' where not.
 * @param mask told each secret of the user before it is used. The content is neither logged nor written.
 * @throws UserError for everything that is wrong with it.
 */
export async function readKubeconfig(
  options: { kubeconfig: string; context: string },
  environment: Record<string, string | undefined>,
  mask: Mask,
): Promise<ClusterAccess> {
  const merged = mergeKubeconfigs(await readKubeconfigs(options.kubeconfig, environment))
  const context = merged.contexts.get(options.context || (merged.currentContext ?? ''))
  if (context === undefined) throw noContext(merged, options.context)
  const cluster = merged.clusters.get(context.cluster)
  if (cluster === undefined) throw missing('cluster', context.cluster, context.name, merged)
  const user = context.user ? merged.users.get(context.user) : { name: 'nobody', raw: {}, folder: '' }
  if (user === undefined) throw missing('user', context.user, context.name, merged)
  return { context: context.name, ...(await readCluster(cluster)), user: await readUser(user, mask) }
}

async function readCluster(cluster: Cluster): Promise<Omit<ClusterAccess, 'context' | 'user'>> {
  const server = parseServer(cluster)
  const what = `certificate authority of the cluster ${cluster.name}`
  const ca = await readPem(what, cluster.caData, cluster.caFile)
  if (ca !== undefined) parseCertificate(what, ca)
  const serverName = textOf(cluster.tlsServerName)
  const proxy = textOf(cluster.proxyUrl)
  return {
    server,
    skipVerify: cluster.skipTLSVerify,
    ...(ca && { ca }),
    ...(serverName !== undefined && { serverName }),
    ...(proxy !== undefined && { proxy: parseProxy(proxy, `proxy-url of the cluster ${cluster.name}`) }),
  }
}

function parseServer({ server, name, skipTLSVerify }: Cluster): URL {
  const url = typeof server === 'string' ? URL.parse(server) : null
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && skipTLSVerify)) return url
  const why = url?.protocol === 'http:' ? 'is not encrypted' : 'is no https:// address'
  throw new UserError(
    `The server of the cluster ${name} in the kubeconfig ${why}: ${textOf(server) ?? '?'}.`,
    {
      next: 'Correct it. Plain http:// is only used for a cluster with insecure-skip-tls-verify: true, as everybody on the way can read and change what is sent.',
      docs,
    },
  )
}

function noContext({ contexts, currentContext, origin }: MergedKubeconfig, asked: string): UserError {
  const present = nearestFirst(asked || (currentContext ?? ''), [...contexts.keys()])
  const more = present.length > 20 ? ` and ${present.length - 20} more` : ''
  const there =
    present.length === 0 ? 'It has no contexts.' : `It has: ${present.slice(0, 20).join(', ')}${more}.`
  return new UserError(`The kubeconfig ${lack(asked, currentContext)} (${origin}).`, {
    next: `${there} Name one of them in the input context.`,
    docs,
  })
}

function lack(asked: string, currentContext: string | undefined): string {
  if (asked) return `has no context ${JSON.stringify(asked)}`
  if (!currentContext) return 'has no current-context, and the input context is empty'
  return `names the current context ${JSON.stringify(currentContext)}, which it does not have`
}

function missing(
  kind: 'cluster' | 'user',
  name: string,
  context: string,
  { origin }: MergedKubeconfig,
): UserError {
  const entry = `the ${kind} ${JSON.stringify(name)}`
  const why = kind === 'cluster' ? 'has none of that name with a server' : 'has none of that name'
  return new UserError(
    `The context ${JSON.stringify(context)} names ${entry}, but the kubeconfig ${why} (${origin}).`,
    {
      next: 'Fetch the kubeconfig anew (az aks get-credentials), or list all its files in KUBECONFIG.',
      docs,
    },
  )
}
