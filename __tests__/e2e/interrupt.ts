import type { RunOptions } from '../../scripts/run-action.ts'
import type { SmallAks } from '../aks/aks.ts'
import { type CheckResult, check } from './support.ts'

export type Ended = CheckResult & {
  /** From the signal, or without one from the start, to the end of the process. */
  tookMs: number
}

/** The main step of a run alone, as `user`. */
export async function mainStep(
  aks: SmallAks,
  user: string,
  inputs: Record<string, string>,
  options: Pick<RunOptions, 'onStart' | 'onOutput'> = {},
): Promise<Ended> {
  const startedAt = performance.now()
  const run = await check(aks, inputs, { user, post: false, ...options })
  return { ...run, tookMs: performance.now() - startedAt }
}

/** The post step of a run, as the runner starts it at the end of the job. */
export function postStep(aks: SmallAks, user: string, { state }: CheckResult): Promise<CheckResult> {
  const env = Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value]))
  return check(aks, {}, { user, env, post: false })
}

/**
 * A main step that gets a signal in the middle of the sweep, of whose three nodes one never answers: when all
 * pods are made, or when the nodes that answer have been read.
 */
export async function interrupted(
  aks: SmallAks,
  user: string,
  signal: NodeJS.Signals,
  when: 'made' | 'read' = 'made',
): Promise<Ended> {
  let kill = (): unknown => undefined
  let signalledAt: number | undefined
  const interrupt = () => {
    if (signalledAt !== undefined) return
    signalledAt = performance.now()
    kill()
  }
  let made = 0
  aks.events.on('response', (request) => {
    if (request.user === user && request.method === 'POST') made++
    if (made === 3 && when === 'made') interrupt()
  })
  const onStart: RunOptions['onStart'] = (child) => {
    kill = () => child.kill(signal)
  }
  const onOutput = (chunk: string) => {
    if (when === 'read' && chunk.includes('2 of 3 nodes are settled')) interrupt()
  }
  const run = await mainStep(aks, user, {}, { onStart, onOutput })
  return { ...run, tookMs: performance.now() - (signalledAt ?? Number.NEGATIVE_INFINITY) }
}
