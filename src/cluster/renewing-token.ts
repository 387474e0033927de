import { type Authenticator, bearer, type Mask, type TokenSource } from './authenticator.ts'
import { type Clock, realClock } from './clock.ts'

/** A token is renewed when less than this is left of it, or a fifth of its life where that is shorter. */
const renewBeforeMs = 5 * 60_000
/** With less than this left a token is not sent any more: it could end on the way. */
const marginMs = 5_000
/** How long after a failed renewal the next one is tried while the present token is still good. */
const pauseMs = 10_000
/** Deadline of one renewal: longer than an exec plugin's own. */
const renewalMs = 60_000

interface Held {
  token: string
  renewAt: number
  expiresAt: number
}

/**
 * Tokens from `source`. One that nears its end is renewed while calls go on with it; calls that find none that
 * is good wait for one renewal together. A renewal that fails while the present token is good is no error.
 */
export function renewingToken(source: TokenSource, mask: Mask, clock: Clock = realClock): Authenticator {
  let held: Held | undefined
  let pending: Promise<Held> | undefined
  let refused: string | undefined

  const fetch = async (): Promise<Held> => {
    // Shared by all waiting calls, so none of their signals may end it.
    const { token, expiresAt = Number.POSITIVE_INFINITY } = await source(
      AbortSignal.timeout(renewalMs),
      refused,
    )
    mask(token)
    const early = Math.min(renewBeforeMs, (expiresAt - clock.now()) / 5)
    held = { token, expiresAt, renewAt: expiresAt - early }
    return held
  }
  const renew = (): Promise<Held> => {
    pending ??= fetch().finally(() => {
      pending = undefined
    })
    return pending
  }
  const renewMeanwhile = (present: Held): void => {
    renew().catch(() => {
      present.renewAt = clock.now() + pauseMs
    })
  }

  return {
    headers: async (signal) => {
      const now = clock.now()
      if (held === undefined || now >= held.expiresAt - marginMs) {
        return bearer((await unlessAborted(renew(), signal)).token)
      }
      if (now >= held.renewAt) renewMeanwhile(held)
      return bearer(held.token)
    },
    refused: ({ authorization }) => {
      if (held === undefined || authorization !== bearer(held.token).authorization) return
      refused = held.token
      held = undefined
    },
  }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
