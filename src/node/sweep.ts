import { type Clock, realClock } from '../cluster/clock.ts'
import { type KubeApi, KubeError } from '../cluster/kube-api.ts'
import { messageOf } from '../errors.ts'
import { type Removal, removePods } from './cleanup.ts'
import { createPods } from './create-pods.ts'
import { followPods } from './follow-pods.ts'
import { Ledger, type Outcome, type PodOutcome, type PodTask } from './ledger.ts'
import { lacksRight, refusalOf } from './refusal.ts'
import { explainSilence } from './silence.ts'

export interface SweepOptions {
  namespace: string
  /** Names the run in the pods' labels. */
  runId: string
  /** How many creations are under way at the same time. */
  concurrency: number
  /** How long a node may take from the creation of its pod to its answer. */
  nodeTimeoutSeconds: number
  /** How long the whole sweep may take, without the removal of its pods. */
  timeoutMs: number
  signal: AbortSignal
  clock?: Clock
}

/** What a sweep tells while it is under way. It has no timers of its own for that. */
export interface SweepHooks {
  /** Called once a node, as soon as its outcome is there; `done` of `total` are settled then. */
  settled?(outcome: PodOutcome, done: number, total: number): void
  /** Called once, when the pods were to be removed. */
  removed?(removal: Removal): void
  /** Something that did not change an outcome but that a reader of the log should know. */
  note?(text: string): void
}

/** An API server deletes the pods of a collection one after the other. */
const removalMs = 30_000
const removalMsPerPod = 20
/**
 * A run that is being ended has 7.5 s from the runner, and one whose time is up has used it; what is left then
 * is the post step's.
 */
const hastyRemovalMs = 5_000

/** Raised inside a sweep to end it for all nodes that are still open. */
class Halt extends Error {
  readonly outcome: Outcome

  constructor(outcome: Outcome) {
    super('the sweep ends')
    this.outcome = outcome
  }
}

/**
 * Runs one pod on every node at once and collects their termination messages: one creation a node, one watch
 * for all, one deletion for all. Resolves with one outcome a task, in their order, whatever happens; the pods
 * are removed before it resolves. When `signal` ends it, the nodes that have not answered are failed, too.
 */
export async function sweep(
  api: KubeApi,
  tasks: readonly PodTask[],
  options: SweepOptions,
  hooks: SweepHooks = {},
): Promise<PodOutcome[]> {
  if (tasks.length === 0) return []
  const ledger = new Ledger(tasks, (outcome, done) => hooks.settled?.(outcome, done, tasks.length))
  const { clock = realClock } = options
  const ending = new AbortController()
  const signal = AbortSignal.any([options.signal, ending.signal])
  let patienceMs = removalMs + removalMsPerPod * tasks.length
  const deadline = clock.sleep(options.timeoutMs, signal).then(() => {
    patienceMs = hastyRemovalMs
    throw new Halt({
      kind: 'failed',
      why: timeUp(options.timeoutMs),
      next: 'Raise the input "timeout-seconds".',
    })
  })
  const listed = Promise.withResolvers<void>()
  const inside = {
    ...options,
    clock,
    signal,
    listed: listed.resolve,
    note: (text: string) => hooks.note?.(text),
  }
  const following = followPods(api, ledger, inside)
  const creating = listed.promise.then(() => createPods(api, ledger, inside))
  try {
    await Promise.race([ledger.finished, deadline, following])
  } catch (error) {
    const outcome = haltOf(error, options)
    ledger.settleAll(() => outcome)
  } finally {
    ending.abort(new Halt({ kind: 'failed', why: 'the sweep is over' }))
    listed.resolve()
    await Promise.allSettled([deadline, following, creating])
    // Where nothing was sent nothing can be left, and the right to remove may be missing too.
    if (ledger.sent > 0) {
      const timeoutMs = options.signal.aborted ? hastyRemovalMs : patienceMs
      const ended = ledger.outcomes().every(({ kind }) => kind === 'answered')
      const removal = await removePods(api, options.namespace, options.runId, { clock, timeoutMs, ended })
      hooks.removed?.(removal)
    }
  }
  return explainSilence(api, ledger.outcomes(), options.signal)
}

function haltOf(error: unknown, { namespace, signal, runId }: SweepOptions): Outcome {
  if (signal.aborted) {
    return { kind: 'failed', why: 'the run was interrupted before the node answered', next: 'Run again.' }
  }
  if (error instanceof Halt) return error.outcome
  if (error instanceof KubeError && error.status === 403) {
    const verb = error.call.startsWith('WATCH') ? 'watch' : 'list'
    const { why, next } = lacksRight(verb, namespace, error.message)
    return { kind: 'failed', why, next }
  }
  if (error instanceof KubeError && error.status === 401) {
    const { why, next } = refusalOf(error, namespace)
    return { kind: 'failed', why, next }
  }
  if (error instanceof KubeError) {
    const next = 'Look whether the API server is reachable and not overloaded, and run again.'
    return { kind: 'failed', why: `the pods of run ${runId} cannot be followed: ${messageOf(error)}`, next }
  }
  throw error
}

function timeUp(ms: number): string {
  return `the run's time of ${ms / 1000} s was up before the node answered`
}
