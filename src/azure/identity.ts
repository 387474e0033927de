import { causesOf, messageOf, UserError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { createAssertionSource, requireIdTokenPermission } from './assertion.ts'
import { type AzureIdentity, cachedIdentity } from './cached-identity.ts'
import { type Candidate, candidates, NothingThere } from './candidates.ts'
import type { AzureCloud, Environment } from './clouds.ts'
import { explainNetwork, type ProxyFor, proxyOf } from './network-errors.ts'
import { explainSignIn } from './sign-in-errors.ts'
import { createWitness } from './witness.ts'

export interface IdentityOptions {
  cloud: AzureCloud
  /** Application (client) id of the input; '' when not given. Comes with a tenant id. */
  clientId: string
  tenantId: string
  /** Tenant to ask for in the session of the Azure CLI; absent is the one it is in. */
  sessionTenantId?: string | undefined
  /** '' is the cloud's default. */
  oidcAudience: string
}

/** What signing in needs from outside. */
export interface IdentityDeps {
  environment: Environment
  log: Logger
  /** Keeps a secret out of the job log from now on. */
  mask: (secret: string) => void
  /** Asks the runner for the job's identity token, e.g. `core.getIDToken`. */
  getIdToken: (audience: string) => Promise<string>
  /** Name and version of the product: `aks-connection-health/1.0.0`. */
  userAgent: string
  /** Proxy on the way to an address, for messages. Default: as the environment says, without exceptions. */
  proxyFor?: ProxyFor
  now?: () => number
}

/**
 * Signs in to Azure: with the job's identity token where client-id is given; else with the session of the
 * Azure CLI, a secret, a certificate, workload identity or a managed identity, the first that there is. One
 * that somebody has set up and that fails is not passed over. The log says which was taken and why the
 * ones before it were not.
 * @throws UserError when none works, with the reason for each.
 */
export async function signIn(
  options: IdentityOptions,
  deps: IdentityDeps,
  signal?: AbortSignal,
): Promise<AzureIdentity> {
  const { environment, log, mask, proxyFor = proxyOf(deps.environment) } = deps
  if (options.clientId !== '') requireIdTokenPermission(environment)
  maskSecrets(environment, mask)
  const assertion = createAssertionSource(
    deps.getIdToken,
    options.oidcAudience || options.cloud.oidcAudience,
    { now: deps.now, explain: (error) => explainTokenService(error, environment, proxyFor) },
  )
  const witness = createWitness()
  const refusals: string[] = []
  for (const each of candidates({
    witness,
    ...options,
    environment,
    userAgent: deps.userAgent,
    assertion,
  })) {
    signal?.throwIfAborted()
    if (each.absent !== undefined) {
      refusals.push(`${each.kind}: ${each.absent}`)
      continue
    }
    const explain = (error: unknown) =>
      explainSignIn(error, {
        ...options,
        kind: each.kind,
        environment,
        proxyFor,
        claims: assertion.claims(),
        failure: witness.failure(),
      })
    try {
      const identity = await tryCandidate(each, options.cloud, deps, explain, signal)
      log.info(`Signed in to Azure with ${identity.title}.`)
      if (refusals.length > 0) log.info(`Not used: ${refusals.join('; ')}.`)
      return identity
    } catch (error) {
      signal?.throwIfAborted()
      const explained = explain(error)
      if (each.explicit || (explained instanceof UserError && !isUnavailable(error))) throw explained
      refusals.push(`${each.kind}: ${reasonOf(error)}`)
    }
  }
  throw nobody(refusals)
}

function explainTokenService(
  error: unknown,
  { ACTIONS_ID_TOKEN_REQUEST_URL: address = '' }: Environment,
  proxyFor: ProxyFor,
): UserError | undefined {
  if (!URL.canParse(address)) return undefined
  return explainNetwork(error, { name: "GitHub's identity tokens", url: new URL(address), proxyFor })
}

async function tryCandidate(
  candidate: Candidate,
  cloud: AzureCloud,
  deps: IdentityDeps,
  explain: (error: unknown) => unknown,
  signal: AbortSignal | undefined,
): Promise<AzureIdentity> {
  await candidate.probe?.()
  const identity = cachedIdentity(candidate, deps, explain)
  await identity.first(cloud.armScope, signal)
  return identity
}

function maskSecrets(environment: Environment, mask: (secret: string) => void): void {
  for (const name of [
    'AZURE_CLIENT_SECRET',
    'AZURE_CLIENT_CERTIFICATE_PASSWORD',
    'IDENTITY_HEADER',
    'MSI_SECRET',
  ]) {
    const secret = environment[name]
    if (secret) mask(secret)
  }
}

/** Whether a way to sign in is simply not there: no `az`, nobody logged in, no metadata address. */
function isUnavailable(error: unknown): boolean {
  if (error instanceof NothingThere) return true
  const unavailable = error instanceof Error && error.name === 'CredentialUnavailableError'
  return unavailable && !/AADSTS\d+/.test(causesOf(error).join('\n'))
}

function reasonOf(error: unknown): string {
  const text = messageOf(error)
  if (/Azure CLI could not be found/i.test(text)) return 'az is not installed'
  if (/az login/i.test(text)) return 'nobody is logged in with az'
  return (text.split('\n', 1)[0] ?? '').slice(0, 300)
}

function nobody(refusals: string[]): UserError {
  return new UserError(
    `There is no way to sign in to Azure:\n${refusals.map((each) => `  ${each}`).join('\n')}`,
    {
      next: [
        'Give client-id and tenant-id of an application with a federated credential for this repository, and the job `permissions: id-token: write`;',
        'or run azure/login before this step.',
      ].join(' '),
      docs: 'azure.md#signing-in',
    },
  )
}
