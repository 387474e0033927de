import { readFile } from 'node:fs/promises'
import { UserError } from '../errors.ts'
import { type Clock, realClock } from './clock.ts'

/** Gives each request what proves who asks. */
export interface Authenticator {
  /** Headers for one request. `signal` ends with the request's deadline. */
  headers(signal: AbortSignal): Promise<Record<string, string>>
  /**
   * Told when the server answered 401 to a request that carried `used`. The call is then sent once more, so
   * an authenticator that can renew forgets what was refused; one without this method cannot renew.
   */
  refused?(used: Record<string, string>): void
}

export interface BearerToken {
  token: string
  /** Milliseconds since the epoch; absent where the token does not say. */
  expiresAt?: number
}

/**
 * Gets a token, e.g. from Entra ID. After a 401 it is asked again with the token that was refused, which it
 * should not give a second time.
 */
export type TokenSource = (signal: AbortSignal, refused?: string) => Promise<BearerToken>

/** Hides a secret in the job log from now on. */
export type Mask = (secret: string) => void

/** For clusters that know the caller by the client certificate of the connection, and for anonymous calls. */
export const noHeaders: Authenticator = { headers: async () => ({}) }

export function staticToken(token: string): Authenticator {
  return { headers: async () => bearer(token) }
}

/** How long a token that was read from a file is used before the file is looked at again, in ms. */
const fileTokenMs = 10_000

/** A token in a file that something else renews (a mounted service-account token). */
export function tokenFile(path: string, mask: Mask, clock: Clock = realClock): Authenticator {
  let current: { token: string; readAt: number } | undefined
  return {
    headers: async () => {
      if (current === undefined || clock.now() - current.readAt >= fileTokenMs) {
        const token = await readToken(path)
        if (token !== current?.token) mask(token)
        current = { token, readAt: clock.now() }
      }
      return bearer(current.token)
    },
    refused: () => {
      current = undefined
    },
  }
}

async function readToken(path: string): Promise<string> {
  const next = 'Check the tokenFile of the user in the kubeconfig.'
  let token: string
  try {
    token = (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    throw new UserError(`The token file ${path} of the kubeconfig cannot be read.`, { next, cause })
  }
  if (token === '') throw new UserError(`The token file ${path} of the kubeconfig is empty.`, { next })
  return token
}

/** @throws UserError for a token that no header can carry, e.g. one with a line break. */
export function bearer(token: string): { authorization: string } {
  if (/^[\x21-\x7e]+$/.test(token)) return { authorization: `Bearer ${token}` }
  throw new UserError('The token for the API server has a character that no token has, e.g. a line break.', {
    next: 'Store the token anew, as one line without quotes, or fetch the kubeconfig anew (az aks get-credentials).',
    docs: 'troubleshooting.md#401-unauthorized',
  })
}
