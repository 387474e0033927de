import type { AccessToken, TokenCredential } from '@azure/identity'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { Candidate, CredentialKind } from './candidates.ts'
import { abortable, createTokenSource, type ExpiringToken, type TokenSource } from './token-source.ts'

/** Who the run is in Azure. */
export interface AzureIdentity {
  kind: CredentialKind
  /** For people: `the Azure CLI session`. */
  title: string
  /** Tokens for a scope such as `https://management.azure.com/.default`; renewed as they near their end. */
  tokens: (scope: string) => TokenSource
  /** The same, in the form in which the Azure clients want it. */
  credential: TokenCredential
}

interface Deps {
  log: Logger
  mask: (secret: string) => void
  now?: () => number
}

/**
 * Puts one source of tokens per scope in front of a credential, as most credentials ask anew each time.
 * `first` is a source whose errors are as the credential threw them; all others go through `explain`.
 */
export function cachedIdentity(
  candidate: Candidate,
  deps: Deps,
  explain: (error: unknown) => unknown,
): AzureIdentity & { first: (scope: string, signal?: AbortSignal) => Promise<ExpiringToken> } {
  let credential = candidate.create()
  const sources = new Map<string, TokenSource>()
  const ask = async (scope: string, claims?: string): Promise<ExpiringToken> => {
    const request = credential.getToken(scope, claims === undefined ? {} : { claims })
    const token = await abortable(request, AbortSignal.timeout(candidate.timeoutMs))
    if (token === null) throw new Error(`no token was given for ${scope}`)
    return { token: token.token, expiresAt: token.expiresOnTimestamp }
  }
  const source = (scope: string): TokenSource => {
    const known = sources.get(scope)
    if (known !== undefined) return known
    const fetch = (afterRefusal: boolean) => {
      // The credential has a cache of its own, which a new one starts without.
      if (afterRefusal) credential = candidate.create()
      return ask(scope)
    }
    const made = createTokenSource(fetch, {
      mask: deps.mask,
      onRenewalFailed: (error) =>
        deps.log.warning(`The Azure token could not be renewed yet: ${messageOf(explain(error))}`),
      ...(deps.now === undefined ? {} : { now: deps.now }),
    })
    sources.set(scope, made)
    return made
  }
  const tokens =
    (scope: string): TokenSource =>
    async (signal, refused) => {
      try {
        return await source(scope)(signal, refused)
      } catch (error) {
        signal?.throwIfAborted()
        throw explain(error)
      }
    }
  const getToken: TokenCredential['getToken'] = async (scopes, options) => {
    const scope = typeof scopes === 'string' ? scopes : (scopes[0] ?? '')
    // A challenge asks for a token with certain claims, which a remembered one lacks.
    const token = options?.claims
      ? await ask(scope, options.claims)
      : await tokens(scope)(options?.abortSignal as AbortSignal | undefined)
    return accessToken(token)
  }
  const { kind, title } = candidate
  return { kind, title, tokens, credential: { getToken }, first: (scope, signal) => source(scope)(signal) }
}

function accessToken({ token, expiresAt }: ExpiringToken): AccessToken {
  return { token, expiresOnTimestamp: expiresAt, tokenType: 'Bearer' }
}
