import type { RemedyContext } from '../remedy.ts'
import type { Kit } from './options.ts'
import { poolNodes } from './pool-nodes.ts'

/** Between two lines that say the same but for the time. */
const QUIET_MS = 60_000

/** Tells how far an operation on a pool is: a line when something moved, and one a minute. */
export function teller(
  pool: string,
  kit: Kit,
  context: RemedyContext,
  before: ReadonlySet<string> = new Set(),
): (state: string, elapsedMs: number) => Promise<void> {
  let told = ''
  let toldAt = Number.NEGATIVE_INFINITY
  return async (state, elapsedMs) => {
    const text = `${pool}: ${state}${await nodesText(pool, before, context)}`
    const now = kit.now()
    if (text === told && now - toldAt < QUIET_MS) return
    told = text
    toldAt = now
    context.log.info(`${text}, ${duration(elapsedMs)}`)
  }
}

/** Nodes are told by the way: that they cannot be listed must not end the following of an operation. */
async function nodesText(pool: string, before: ReadonlySet<string>, context: RemedyContext): Promise<string> {
  try {
    const nodes = await poolNodes(context.api, pool, context.signal)
    const ready = nodes.filter((node) => node.ready).length
    const renewed = nodes.filter(({ uid }) => !before.has(uid)).length
    const upgraded = before.size === 0 ? '' : `, ${renewed} renewed`
    return `, ${ready} of ${nodes.length} nodes ready${upgraded}`
  } catch {
    context.signal.throwIfAborted()
    return ''
  }
}

/** `45 s`, `4 min 10 s`, `1 h 5 min`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
