import { messageOf, UserError } from '../errors.ts'
import type { Environment } from './clouds.ts'
import { abortable } from './token-source.ts'

/** What an identity token of a job says about itself. Read for messages only; nothing is trusted to it. */
export interface AssertionClaims {
  issuer?: string
  subject?: string
  audience?: string
}

/** Asks the runner for an identity token of this job. */
export interface AssertionSource {
  /** A token for `audience`; one that was got less than a minute ago is given again. */
  get(): Promise<string>
  /** Claims of the last token that was got. */
  claims(): AssertionClaims
}

export interface AssertionOptions {
  now?: (() => number) | undefined
  /** The error for the user, where it is known why the runner's service was not reached. */
  explain?: (error: unknown) => UserError | undefined
}

/**
 * One request for a token asks for its assertion twice, and each costs a request to the runner; a token of
 * the runner is good for five minutes.
 */
const REUSE_MS = 60_000

/** The runner's service answers within a second. */
const ANSWER_MS = 5000

/**
 * @param getIdToken `core.getIDToken`: asks the runner and masks what it gets.
 * @param audience what the federated credential in Entra ID expects.
 */
export function createAssertionSource(
  getIdToken: (audience: string) => Promise<string>,
  audience: string,
  options: AssertionOptions = {},
): AssertionSource {
  const { now = Date.now, explain = () => undefined } = options
  let pending: Promise<string> | undefined
  let askedAt = 0
  let claims: AssertionClaims = { audience }
  const ask = async (): Promise<string> => {
    try {
      const token = await abortable(getIdToken(audience), AbortSignal.timeout(ANSWER_MS))
      claims = claimsOf(token)
      return token
    } catch (error) {
      pending = undefined
      throw explain(error) ?? noToken(error)
    }
  }
  return {
    get: async () => {
      if (pending === undefined || now() - askedAt >= REUSE_MS) {
        askedAt = now()
        // Not within the executor of `ask`, so that its failure forgets this promise and no other.
        pending = Promise.resolve().then(ask)
      }
      return pending
    },
    claims: () => claims,
  }
}

/**
 * @throws UserError when the job may not have an identity token.
 */
export function requireIdTokenPermission(environment: Environment): void {
  if (environment.ACTIONS_ID_TOKEN_REQUEST_URL && environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN) return
  if (environment.GITHUB_ACTIONS !== 'true') {
    throw new UserError(
      'client-id and tenant-id sign in with the identity token of a GitHub Actions job, and this is not one.',
      {
        next: 'Leave both out to use the session of `az login`, or set AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.',
      },
    )
  }
  throw new UserError(
    'The job has no identity token to sign in to Azure with: it lacks `permissions: id-token: write`.',
    {
      next: [
        'Add this to the job:',
        '  permissions:',
        '    id-token: write',
        '    contents: read',
        'A workflow that is called by another one gets no more than its caller has, and a pull request from a fork never gets it.',
      ].join('\n'),
      docs: 'azure.md#oidc',
    },
  )
}

function noToken(error: unknown): UserError {
  return new UserError(`The runner gave no identity token for this job: ${firstLine(messageOf(error))}`, {
    next: 'Check that the job has `permissions: id-token: write`, and that a proxy in between lets the address of ACTIONS_ID_TOKEN_REQUEST_URL through.',
    docs: 'azure.md#oidc',
    cause: error,
  })
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? ''
}

/** Claims of a JWT, without a look at its signature. */
export function claimsOf(token: string): AssertionClaims {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
    if (typeof payload !== 'object' || payload === null) return {}
    const { iss, sub, aud } = payload as Record<string, unknown>
    return {
      ...(typeof iss === 'string' ? { issuer: iss } : {}),
      ...(typeof sub === 'string' ? { subject: sub } : {}),
      ...(typeof aud === 'string' ? { audience: aud } : {}),
    }
  } catch {
    return {}
  }
}
