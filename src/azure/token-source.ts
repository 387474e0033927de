/** A bearer token and when it ends, in milliseconds since 1970. */
export interface ExpiringToken {
  token: string
  expiresAt: number
}

/**
 * Gives a token that is good for a while: the same one until it nears its end, then a new one. `refused` is a
 * token that a server did not accept before its end; it is not given again.
 */
export type TokenSource = (signal?: AbortSignal, refused?: string) => Promise<ExpiringToken>

export interface TokenSourceOptions {
  /** Told each new token before anybody gets it. */
  mask?: (secret: string) => void
  /** Told when a renewal failed while the old token is still good. */
  onRenewalFailed?: (error: unknown) => void
  now?: () => number
}

/** A renewal is due this long before the end: shorter than the five minutes in which MSAL's own cache renews. */
const EARLY_MS = 4 * 60_000

/** A renewal that failed is not tried again for this long while the old token is still good. */
const PAUSE_MS = 10_000

/**
 * Remembers the token of `fetch` and renews it before it ends. Callers that come while one is on its way
 * share it. When a renewal fails and the old token is still good, the old one is given.
 * @param fetch told whether the token that it gave last was refused, so that no cache below may give it again.
 */
export function createTokenSource(
  fetch: (afterRefusal: boolean) => Promise<ExpiringToken>,
  options: TokenSourceOptions = {},
): TokenSource {
  const now = options.now ?? Date.now
  let current: (ExpiringToken & { renewAt: number }) | undefined
  let pending: Promise<ExpiringToken> | undefined

  const renew = async (afterRefusal: boolean): Promise<ExpiringToken> => {
    try {
      const fresh = await fetch(afterRefusal)
      options.mask?.(fresh.token)
      const lifetime = fresh.expiresAt - now()
      current = { ...fresh, renewAt: fresh.expiresAt - Math.min(EARLY_MS, lifetime / 5) }
      return fresh
    } catch (error) {
      if (current === undefined || now() >= current.expiresAt) throw error
      options.onRenewalFailed?.(error)
      current.renewAt = Math.min(current.expiresAt, now() + PAUSE_MS)
      return current
    }
  }

  return async (signal, refused) => {
    signal?.throwIfAborted()
    const afterRefusal = refused !== undefined && current?.token === refused
    if (afterRefusal) current = undefined
    if (current !== undefined && now() < current.renewAt) return current
    pending ??= renew(afterRefusal).finally(() => {
      pending = undefined
    })
    return abortable(pending, signal)
  }
}

/** Waits for `promise`, which goes on when the waiting is given up. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
    promise.catch(() => {})
  }
}
