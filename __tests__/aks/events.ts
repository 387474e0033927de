import type { AksEventMap, AksEvents } from './types.ts'

type Handler<E extends keyof AksEventMap> = (...args: AksEventMap[E]) => void

/** A small typed emitter: handlers are called synchronously, in the order in which they came. */
export function createEvents(): AksEvents {
  const handlers: { [E in keyof AksEventMap]?: Set<Handler<E>> } = {}

  function of<E extends keyof AksEventMap>(event: E): Set<Handler<E>> {
    const known: Set<Handler<E>> | undefined = handlers[event]
    if (known) return known
    const made = new Set<Handler<E>>()
    Object.assign(handlers, { [event]: made })
    return made
  }

  return {
    on: (event, handler) => void of(event).add(handler),
    off: (event, handler) => void of(event).delete(handler),
    once: (event, test) =>
      new Promise((resolve) => {
        const handler: Handler<typeof event> = (...args) => {
          if (test && !test(...args)) return
          of(event).delete(handler)
          resolve(args)
        }
        of(event).add(handler)
      }),
    emit(event, ...args) {
      for (const handler of [...of(event)]) handler(...args)
    },
  }
}
