import { UserError } from '../errors.ts'
import type { Logger } from '../log.ts'
import {
  type Authenticator,
  type Mask,
  noHeaders,
  staticToken,
  type TokenSource,
  tokenFile,
} from './authenticator.ts'
import type { Clock } from './clock.ts'
import { type ExecSection, parseExec, runExecPlugin, secretsIn } from './exec-plugin.ts'
import type { ClusterAccess } from './kubeconfig.ts'
import { textOf } from './kubeconfig-merge.ts'
import { kubeloginEntry } from './kubelogin.ts'
import { renewingToken } from './renewing-token.ts'

/** What proves who asks: headers of each request, and a certificate of each connection. */
export interface SignedIn {
  auth: Authenticator
  /** PEM. */
  cert?: Buffer | string
  key?: Buffer | string
}

export interface SignInDeps {
  environment: Record<string, string | undefined>
  mask: Mask
  log: Logger
  clock: Clock
  signal?: AbortSignal
  /**
   * Tokens of Entra ID for an entry that would start kubelogin. Absent: such an entry cannot be served.
   * @param section the `exec` or `auth-provider` section as it stands in the kubeconfig.
   */
  azureTokens?: (section: unknown, signal?: AbortSignal) => Promise<TokenSource>
}

/** Prepares what a kubeconfig's user needs to sign in, without ever asking anybody. */
export async function signIn(access: ClusterAccess, deps: SignInDeps): Promise<SignedIn> {
  const { user } = access
  const pair = user.cert && user.key ? { cert: user.cert, key: user.key } : {}
  if (user.tokenFile) return { ...pair, auth: tokenFile(user.tokenFile, deps.mask, deps.clock) }
  if (user.token) return { ...pair, auth: staticToken(user.token) }
  const kubelogin = kubeloginEntry(user)
  if (kubelogin !== undefined) {
    deps.log.info(
      `The kubeconfig signs in with kubelogin (${kubelogin.login}); its token is fetched from Entra ID without that program, and nobody is asked.`,
    )
    if (deps.azureTokens === undefined) throw noAzure()
    const source = await deps.azureTokens(kubelogin.section, deps.signal)
    return { ...pair, auth: renewingToken(source, deps.mask, deps.clock) }
  }
  if (user.exec !== undefined) return signInByPlugin(access, parseExec(user.exec), deps)
  if (user.authProvider !== undefined) throw unknownProvider(user.authProvider)
  return { ...pair, auth: noHeaders }
}

/** The first run is made here: it says whether the plugin works, and a certificate is needed before any connection. */
async function signInByPlugin(access: ClusterAccess, exec: ExecSection, deps: SignInDeps): Promise<SignedIn> {
  const { environment, mask, log, clock } = deps
  for (const secret of secretsIn(exec)) mask(secret)
  const run = async (signal: AbortSignal | undefined) => {
    log.debug(`running the exec plugin ${exec.command}`)
    const options = {
      folder: access.user.folder,
      environment,
      cluster: clusterInfo(access),
      ...(signal && { signal }),
    }
    const credential = await runExecPlugin(exec, options)
    for (const secret of [credential.token?.token, credential.key]) if (secret) mask(secret.trim())
    return credential
  }
  let first = await run(deps.signal)
  const { cert, key } = first
  const pair = cert && key ? { cert, key } : {}
  if (first.token === undefined) return { ...pair, auth: noHeaders }
  const source: TokenSource = async (signal) => {
    const credential = first.token ? first : await run(signal)
    first = {}
    if (credential.token) return credential.token
    throw new UserError(`The exec plugin ${exec.command} gave a token before and now gives none.`, {
      next: 'Run it in a step before this one to see what it prints.',
    })
  }
  return { ...pair, auth: renewingToken(source, mask, clock) }
}

/** The cluster as KUBERNETES_EXEC_INFO describes it. */
function clusterInfo({ server, ca, skipVerify, serverName, proxy }: ClusterAccess): Record<string, unknown> {
  return {
    server: server.href.replace(/\/$/, ''),
    ...(ca && { 'certificate-authority-data': ca.toString('base64') }),
    ...(skipVerify && { 'insecure-skip-tls-verify': true }),
    ...(serverName && { 'tls-server-name': serverName }),
    ...(proxy && { 'proxy-url': proxy.href }),
  }
}

function noAzure(): UserError {
  return new UserError(
    'The kubeconfig signs in to Entra ID with kubelogin, and there is no Azure identity to do it with.',
    {
      next: 'Give client-id and tenant-id with permissions: id-token: write, or run azure/login before this step.',
      docs: 'troubleshooting.md#exec-plugins',
    },
  )
}

function unknownProvider(provider: unknown): UserError {
  const name =
    typeof provider === 'object' && provider !== null && 'name' in provider
      ? textOf(provider.name)
      : undefined
  return new UserError(
    `The kubeconfig signs in with auth-provider ${name ?? '?'}, which Kubernetes has removed.`,
    {
      next: 'Fetch the kubeconfig anew (az aks get-credentials).',
      docs: 'troubleshooting.md#exec-plugins',
    },
  )
}
