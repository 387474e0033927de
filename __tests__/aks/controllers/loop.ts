/** Work that is done once per key in a later turn, however often it was asked for. */
export interface Loop<K> {
  ask(key: K): void
  stop(): void
}

export function createLoop<K>(reconcile: (key: K) => void): Loop<K> {
  const waiting = new Set<K>()
  let scheduled: NodeJS.Immediate | undefined

  function run(): void {
    scheduled = undefined
    const keys = [...waiting]
    waiting.clear()
    for (const key of keys) reconcile(key)
  }

  return {
    ask(key) {
      waiting.add(key)
      scheduled ??= setImmediate(run)
    },
    stop() {
      if (scheduled) clearImmediate(scheduled)
      scheduled = undefined
      waiting.clear()
    },
  }
}
