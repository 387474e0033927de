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

/** Gets a new token, e.g. from Entra ID. */
export type TokenSource = (signal: AbortSignal) => Promise<BearerToken>

/** Hides a secret in the job log from now on. */
export type Mask = (secret: string) => void

/** For clusters that know the caller by the client certificate of the connection, and for anonymous calls. */
export const noHeaders: Authenticator = { headers: async () => ({}) }

export function staticToken(token: string): Authenticator {
  return { headers: async () => bearer(token) }
}

/** How long a token that was read from a file is used before the file is looked at again, as client-go does. */
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

/** A token is renewed when less than this is left of it, or a fifth of its life where that is shorter. */
const renewBeforeMs = 5 * 60_000

/**
 * Tokens from `source`, each used until shortly before its end. Calls that need a new one at the same time
 * share one renewal; a renewal that fails while the present token is still good is no error.
 */
export function renewingToken(source: TokenSource, mask: Mask, clock: Clock = realClock): Authenticator {
  let current: { token: string; renewAt: number; expiresAt: number } | undefined
  let pending: Promise<string> | undefined

  const renew = async (): Promise<string> => {
    const before = current
    try {
      // Shared by all waiting calls, so none of their signals may end it.
      const { token, expiresAt = Number.POSITIVE_INFINITY } = await source(AbortSignal.timeout(renewalMs))
      mask(token)
      const life = expiresAt - clock.now()
      current = { token, expiresAt, renewAt: expiresAt - Math.min(renewBeforeMs, life / 5) }
      return token
    } catch (error) {
      if (before === undefined || before !== current || clock.now() >= before.expiresAt) throw error
      return before.token
    } finally {
      pending = undefined
    }
  }

  return {
    headers: async (signal) => {
      if (current !== undefined && clock.now() < current.renewAt) return bearer(current.token)
      pending ??= renew()
      return bearer(await unlessAborted(pending, signal))
    },
    refused: (used) => {
      if (current !== undefined && used.authorization === bearer(current.token).authorization)
        current = undefined
    },
  }
}

/** Deadline of one renewal in milliseconds: longer than an exec plugin's, which has its own. */
const renewalMs = 60_000

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` }
}
