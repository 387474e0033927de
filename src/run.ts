import { randomBytes } from 'node:crypto'
import * as core from '@actions/core'
import { UserError } from './errors.ts'

/** What belongs to one run of the action from its first to its last moment. */
export interface Run {
  /** Names the run in labels of everything it makes; at most 63 characters, valid as a label value. */
  id: string
  startedAt: Date
  /** Address of the workflow run, where there is one. */
  url: string | undefined
  /** Aborts with a UserError as reason: at the deadline, on SIGINT and on SIGTERM. */
  signal: AbortSignal
  /** Milliseconds until the deadline, at least 1000. */
  remainingMs(): number
  /** Stops the clock and the listening to signals. */
  end(): void
}

/**
 * Starts a run. The runner cancels with SIGINT, after 7.5 s SIGTERM, after 2.5 s more it kills: the first
 * of them aborts, so that there is all of that time to clean up.
 */
export function startRun(timeoutSeconds: number, environment: NodeJS.ProcessEnv): Run {
  const controller = new AbortController()
  const endsAt = performance.now() + timeoutSeconds * 1000
  const stop = (name: NodeJS.Signals) =>
    controller.abort(
      new UserError(`The run was cancelled (${name})`, {
        next: 'Run it again for a verdict.',
      }),
    )
  const clock = setTimeout(
    () =>
      controller.abort(
        new UserError(`The run did not end within ${timeoutSeconds} s (timeout-seconds)`, {
          next: 'Read the log for what was slow; raise timeout-seconds if the cluster is that large.',
        }),
      ),
    timeoutSeconds * 1000,
  )
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return {
    id: runId(environment),
    startedAt: new Date(),
    url: runUrl(environment),
    signal: controller.signal,
    remainingMs: () => Math.max(1000, endsAt - performance.now()),
    end: () => {
      clearTimeout(clock)
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
    },
  }
}

/** `<workflow run>-<attempt>-<random>`: a job can use the action more than once. */
function runId(environment: NodeJS.ProcessEnv): string {
  const digits = (value: string | undefined) => (value && /^\d{1,20}$/.test(value) ? value : undefined)
  const parts = [digits(environment.GITHUB_RUN_ID) ?? 'local', digits(environment.GITHUB_RUN_ATTEMPT)]
  return [...parts.filter((part) => part !== undefined), randomBytes(4).toString('hex')].join('-')
}

function runUrl(environment: NodeJS.ProcessEnv): string | undefined {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID } = environment
  if (!GITHUB_SERVER_URL || !GITHUB_REPOSITORY || !GITHUB_RUN_ID) return undefined
  return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`
}

/** What the post step must know of the main step. Holds no secret. */
export interface SavedState {
  runId: string
  namespace: string
}

const stateName = { main: 'is-post', run: 'run-id', namespace: 'namespace', clean: 'clean' }

export function isPost(): boolean {
  return core.getState(stateName.main) === 'true'
}

/** Marks that the main step ran; what comes next with this state is the post step. */
export function saveMainRan(): void {
  core.saveState(stateName.main, 'true')
}

/** Called before pods are made: from now on there may be something to clean up. */
export function savePodsMayExist(state: SavedState): void {
  core.saveState(stateName.run, state.runId)
  core.saveState(stateName.namespace, state.namespace)
  core.saveState(stateName.clean, 'false')
}

/** Called when the main step has removed its pods itself. */
export function saveClean(): void {
  core.saveState(stateName.clean, 'true')
}

/** What is left for the post step to clean up; undefined when there is nothing. */
export function leftBehind(): SavedState | undefined {
  const runId = core.getState(stateName.run)
  if (runId === '' || core.getState(stateName.clean) === 'true') return undefined
  return { runId, namespace: core.getState(stateName.namespace) }
}
