import { setTimeout as delay } from 'node:timers/promises'

/** Time and chance as this room uses them; tests hand in their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Rejects with the reason of `signal` when that ends the wait. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** At least 0, below 1. */
  random(): number
}

export const realClock: Clock = {
  now: Date.now,
  random: Math.random,
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal })
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    }
  },
}

/** What a deadline rejects with: the work took longer than it may. */
export class DeadlineError extends Error {
  readonly code = 'DEADLINE'

  constructor(ms: number) {
    super(`no answer within ${ms / 1000} s`)
    this.name = 'DeadlineError'
  }
}

/**
 * Runs `work` with a signal that ends after `ms` milliseconds (with a {@link DeadlineError}) or together with
 * `signal` (with its reason). Whatever `work` throws once the signal has ended, the reason is what is thrown.
 */
export async function withDeadline<T>(
  ms: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new DeadlineError(ms)), ms)
  const follow = () => controller.abort(signal?.reason)
  signal?.addEventListener('abort', follow, { once: true })
  try {
    return await work(controller.signal)
  } catch (error) {
    controller.signal.throwIfAborted()
    throw error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', follow)
  }
}
