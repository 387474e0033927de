import { causesOf, UserError } from '../errors.ts'
import type { AssertionClaims } from './assertion.ts'
import type { CredentialKind } from './candidates.ts'
import type { AzureCloud, Environment } from './clouds.ts'
import { explainNetwork, networkCode, type ProxyFor } from './network-errors.ts'

/** What is known about a sign-in that failed. */
export interface SignInContext {
  kind: CredentialKind
  cloud: AzureCloud
  /** Of the inputs; '' where not given. */
  clientId: string
  tenantId: string
  environment: Environment
  proxyFor: ProxyFor
  /** Of the job's identity token, when one was got. */
  claims: AssertionClaims
  /** What went wrong below the library that signs in, where that is known. */
  failure: Error | undefined
}

const DOCS = 'azure.md#signing-in'

/** The user error for a failed sign-in; an error that is not understood is given back as it is. */
export function explainSignIn(error: unknown, context: SignInContext): unknown {
  const known = userErrorIn(error)
  if (known !== undefined) return known
  const text = [...causesOf(error), ...causesOf(context.failure)].join('\n')
  const code = /AADSTS(\d+)/.exec(text)?.[1]
  const who = names(context)
  if (code !== undefined) {
    const explain = EXPLANATIONS[code]
    const { message, next } = explain?.(who, context) ?? {
      message: `Entra ID refuses the sign-in: ${saying(text)}`,
      next: `Look up the code at https://login.microsoftonline.com/error?code=${code} .`,
    }
    return new UserError(`${message} (AADSTS${code})`, { next, docs: DOCS, cause: error })
  }
  const network = explainNetwork(networkCode(error) === undefined ? context.failure : error, {
    name: 'Entra ID',
    url: new URL(context.cloud.authorityHost),
    proxyFor: context.proxyFor,
  })
  if (network !== undefined) return network
  if (/openid_config_error|endpoints_resolution_error|invalid_tenant/i.test(text)) {
    return new UserError(`Entra ID does not know the tenant ${who.tenant}.`, {
      next: 'Check tenant-id and azure-cloud: a tenant is known only to its own cloud.',
      docs: DOCS,
      cause: error,
    })
  }
  if (/ENOENT|certificate file|PEM-encoded/i.test(text) && context.kind === 'client-certificate') {
    return new UserError(`The certificate to sign in with cannot be used: ${saying(text)}`, {
      next: 'AZURE_CLIENT_CERTIFICATE_PATH must name a PEM file that holds the certificate and its private key.',
      docs: DOCS,
      cause: error,
    })
  }
  if (
    error instanceof Error &&
    /^(AuthenticationRequiredError|AuthenticationError|CredentialUnavailableError)$/.test(error.name)
  ) {
    return new UserError(`The sign-in to Azure with ${context.kind} failed: ${saying(text)}`, {
      next: 'Check the identity that is used; the log says which one was taken and why.',
      docs: DOCS,
      cause: error,
    })
  }
  return error
}

interface Names {
  client: string
  tenant: string
}

type Explanation = (who: Names, context: SignInContext) => { message: string; next: string }

const federated: Explanation = ({ client }, { claims, cloud }) => ({
  message: `The application ${client} has no federated credential for this job`,
  next: [
    'Add one whose values are exactly these (az ad app federated-credential create):',
    `  issuer:   ${claims.issuer ?? 'https://token.actions.githubusercontent.com'}`,
    `  subject:  ${claims.subject ?? 'repo:<owner>/<repository>:ref:refs/heads/<branch>'}`,
    `  audience: ${claims.audience ?? cloud.oidcAudience}`,
    'The subject changes with what starts the job: a branch, a tag, a pull request or an environment.',
  ].join('\n'),
})

const expiredAssertion: Explanation = (_who, { kind }) =>
  kind === 'azure-cli'
    ? {
        message: 'The session that azure/login left has outlived its identity token',
        next: 'Give client-id and tenant-id to this action, so that it gets a fresh identity token whenever it needs one.',
      }
    : {
        message: 'The identity token is not valid at this time',
        next: 'Check the clock of the runner; the token is minutes old at most.',
      }

const EXPLANATIONS: Record<string, Explanation> = {
  '700016': ({ client, tenant }) => ({
    message: `There is no application ${client} in the tenant ${tenant}`,
    next: 'Check client-id (the application id, not the object id) and tenant-id, and azure-cloud.',
  }),
  '90002': ({ tenant }) => ({
    message: `Entra ID does not know the tenant ${tenant}`,
    next: 'Check tenant-id and azure-cloud: a tenant is known only to its own cloud.',
  }),
  '900023': ({ tenant }) => ({
    message: `${tenant} is neither a tenant id nor a domain`,
    next: 'Check tenant-id.',
  }),
  '900382': () => ({
    message: 'The tenant belongs to another cloud',
    next: 'Set azure-cloud to the cloud of the tenant: public, us-government or china.',
  }),
  '700213': federated,
  '700211': federated,
  '700212': federated,
  '70021': federated,
  '700024': expiredAssertion,
  '7000215': ({ client }) => ({
    message: `The secret for the application ${client} is wrong`,
    next: "Set AZURE_CLIENT_SECRET to the secret's value, not to its id.",
  }),
  '7000222': ({ client }) => ({
    message: `The secret of the application ${client} has expired`,
    next: 'Make a new one, or use client-id and tenant-id with a federated credential, which needs no secret.',
  }),
  '700027': ({ client }) => ({
    message: `The certificate is not one of the application ${client}, or has expired`,
    next: 'Upload the certificate of AZURE_CLIENT_CERTIFICATE_PATH to the application.',
  }),
  '500011': ({ tenant }) => ({
    message: `The tenant ${tenant} does not know the service that a token was asked for`,
    next: 'Check azure-cloud, and that the tenant has a subscription with AKS.',
  }),
  '53003': ({ client }) => ({
    message: `A conditional access policy blocks the sign-in of ${client}`,
    next: 'Let the workload identity through in that policy, for example by the address of the runner.',
  }),
  '7000112': ({ client }) => ({
    message: `The application ${client} is disabled`,
    next: 'Enable its service principal in the tenant.',
  }),
}
// The sign-in of a personal or guest session of az that has ended, in its several forms.
for (const code of ['70043', '700082', '50173', '50078', '50076']) {
  EXPLANATIONS[code] = () => ({
    message: 'The session of the Azure CLI has ended or needs a person to confirm it',
    next: 'Run `az login` again, or give client-id and tenant-id to this action.',
  })
}

function names({ kind, clientId, tenantId, environment }: SignInContext): Names {
  const ofInputs = kind === 'oidc'
  return {
    client: (ofInputs ? clientId : environment.AZURE_CLIENT_ID) || 'of the session',
    tenant: (ofInputs ? tenantId : environment.AZURE_TENANT_ID) || 'of the session',
  }
}

/** What Entra ID says, without ids and times that only its operators need. */
function saying(text: string): string {
  const line = (/AADSTS\d+:[^\n]*/.exec(text)?.[0] ?? text.split('\n', 1)[0] ?? '')
    .replace(/\s*(-\s*)?(Trace ID|Correlation ID|Timestamp):.*$/i, '')
    .trim()
  return line.slice(0, 500)
}

/** The sign-in library wraps what the callbacks that it is given throw. */
function userErrorIn(error: unknown): UserError | undefined {
  let current = error
  for (let depth = 0; depth < 10 && current instanceof Error; depth++) {
    if (current instanceof UserError) return current
    current = current.cause
  }
  return undefined
}
