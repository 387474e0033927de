/** Work that is done once per key in a later turn, however often it was asked for. */
export interface Loop<K> {
  ask(key: K): void
  /** Asks again after a while, twice as long each time until `forget`. From a second to a minute. */
  retry(key: K): void
  /** Whether a retry is still to come. */
  isWaiting(key: K): boolean
  forget(key: K): void
  stop(): void
}

export function createLoop<K>(reconcile: (key: K) => void, firstRetryMs = 1000): Loop<K> {
  const waiting = new Set<K>()
  const retries = new Map<K, { tries: number; timer: NodeJS.Timeout; due: boolean }>()
  let scheduled: NodeJS.Immediate | undefined

  function run(): void {
    scheduled = undefined
    const keys = [...waiting]
    waiting.clear()
    for (const key of keys) reconcile(key)
  }

  function ask(key: K): void {
    waiting.add(key)
    scheduled ??= setImmediate(run)
  }

  return {
    ask,
    retry(key) {
      const { tries = 0, timer } = retries.get(key) ?? {}
      clearTimeout(timer)
      const wait = Math.min(60_000, firstRetryMs * 2 ** tries)
      const entry = {
        tries: tries + 1,
        due: false,
        timer: setTimeout(() => {
          entry.due = true
          ask(key)
        }, wait).unref(),
      }
      retries.set(key, entry)
    },
    isWaiting: (key) => retries.get(key)?.due === false,
    forget(key) {
      clearTimeout(retries.get(key)?.timer)
      retries.delete(key)
    },
    stop() {
      if (scheduled) clearImmediate(scheduled)
      for (const { timer } of retries.values()) clearTimeout(timer)
      scheduled = undefined
      waiting.clear()
    },
  }
}
