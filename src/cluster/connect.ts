import { type Logger, silent } from '../log.ts'
import type { TokenSource } from './authenticator.ts'
import { type Clock, realClock } from './clock.ts'
import { createDispatcher } from './dispatcher.ts'
import { type ExplainContext, explain, explainLater, noApiServer } from './explain.ts'
import type { ClusterFacts } from './facts.ts'
import { createKubeApi } from './http.ts'
import { type KubeApi, KubeError } from './kube-api.ts'
import { type ClusterAccess, readKubeconfig } from './kubeconfig.ts'
import { proxyFromEnvironment, withoutCredentials } from './proxy.ts'
import { renewingToken } from './renewing-token.ts'
import { type SignedIn, type SignInDeps, signIn } from './sign-in.ts'

export interface ConnectOptions {
  /** Path or content of a kubeconfig; '' is what kubectl would take. */
  kubeconfig: string
  /** '' is the current context. */
  context: string
  /** Proves who asks instead of the user in the kubeconfig: Entra ID, for a cluster that ARM knows. */
  tokenSource?: TokenSource
  /** Whether ARM says that the cluster is private; undefined where ARM was not asked. */
  privateCluster?: boolean
  /** What ARM knows about why the API server may not answer, for the message. */
  hint?: string
}

export interface ConnectDeps extends Omit<SignInDeps, 'clock' | 'log'> {
  log?: Logger
  clock?: Clock
  /** How long all attempts at the first call may take together, in milliseconds; default 8000. */
  firstCallMs?: number
}

export interface Connection {
  api: KubeApi
  facts: ClusterFacts
  /** Turns an error of a later call into one for the user where there is something to say; any other as it is. */
  explain: (error: unknown) => unknown
}

/**
 * Reads the kubeconfig, signs in and makes a first call, which says within ten seconds of signing in whether
 * the API server can be reached and takes the credentials.
 * @throws UserError for everything that a user can do something about.
 */
export async function connect(options: ConnectOptions, deps: ConnectDeps): Promise<Connection> {
  const { environment, mask, signal, log = silent, clock = realClock } = deps
  const firstCallMs = deps.firstCallMs ?? 8_000
  const access = await readKubeconfig(options, environment, mask)
  const proxy = access.proxy ?? proxyFromEnvironment(access.server, environment)
  if (proxy?.password) for (const form of [proxy.password, decodeURIComponent(proxy.password)]) mask(form)
  const signedIn: SignedIn = options.tokenSource
    ? { auth: renewingToken(options.tokenSource, mask, clock) }
    : await signIn(access, { ...deps, log, clock })
  // Before the first call, so that a slow sign-in is not taken for a slow API server.
  await signedIn.auth.headers(signal ?? new AbortController().signal)
  const api = openApi(access, signedIn, proxy, { log, clock })
  const context: ExplainContext = {
    server: api.server,
    proxy: proxy && withoutCredentials(proxy),
    privateCluster: options.privateCluster,
    hint: options.hint,
  }
  try {
    const version = await firstCall(api, firstCallMs, clock, signal)
    log.debug(`${api.server} answers: ${version ?? 'no version'}`)
    const facts: ClusterFacts = {
      server: api.server,
      name: access.context,
      ...(version && { kubernetesVersion: version }),
    }
    return { api, facts, explain: (error) => explainLater(error, context) }
  } catch (error) {
    await api.close()
    const told = explain(error, context)
    throw told instanceof KubeError ? noApiServer(told, context) : told
  }
}

function openApi(
  access: ClusterAccess,
  { auth, cert, key }: SignedIn,
  proxy: URL | undefined,
  { log, clock }: { log: Logger; clock: Clock },
): KubeApi {
  if (access.skipVerify) {
    log.warning(
      `The kubeconfig says insecure-skip-tls-verify: whoever answers at ${access.server.host} is believed.`,
    )
  }
  const dispatcher = createDispatcher({
    skipVerify: access.skipVerify,
    ...(access.ca && { ca: access.ca }),
    ...(access.serverName && { serverName: access.serverName }),
    ...(cert && key && { cert, key }),
    ...(proxy && { proxy }),
  })
  const via = proxy && { proxy: withoutCredentials(proxy) }
  return createKubeApi({
    server: access.server,
    dispatcher,
    auth,
    headers: access.user.headers,
    log,
    clock,
    ...via,
  })
}

/** Asks for the version, which every caller may see, and tries again what may pass while there is time. */
async function firstCall(
  api: KubeApi,
  totalMs: number,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const end = clock.now() + totalMs
  const attemptMs = totalMs * 0.6
  const leastMs = totalMs / 8
  for (let wait = 500; ; wait *= 2) {
    try {
      const version = await api.request<{ gitVersion?: unknown }>({
        method: 'GET',
        path: '/version',
        timeoutMs: Math.max(leastMs, Math.min(attemptMs, end - clock.now())),
        retry: false,
        ...(signal && { signal }),
      })
      return typeof version.gitVersion === 'string' ? version.gitVersion.slice(0, 100) : undefined
    } catch (error) {
      if (maySeeNothing(error)) return undefined
      const pause = Math.max(wait, error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0)
      if (!(error instanceof KubeError) || !error.transient || clock.now() + pause + leastMs > end)
        throw error
      await clock.sleep(pause, signal)
    }
  }
}

/** An API server that refuses even the version has been reached, and knows the caller. */
function maySeeNothing(error: unknown): boolean {
  return error instanceof KubeError && error.status === 403 && /\bcannot get path\b/.test(error.message)
}
