import * as core from '@actions/core'
import { messageOf } from './errors.ts'
import { actionsLogger } from './github/logger.ts'
import { readInputs } from './inputs.ts'
import { removePods } from './node/cleanup.ts'
import { reach } from './reach.ts'
import { leftBehind, startRun } from './run.ts'

/** Signing in again and removing pods takes seconds; a job that is being cancelled has few of them. */
const TIMEOUT_SECONDS = 60

/**
 * The post step: removes pods that the main step could not remove, because it was killed or lost the cluster.
 * Never fails the job: their own deadline ends the pods in any case.
 * @returns the exit status, always 0.
 */
export async function post(): Promise<number> {
  const left = leftBehind()
  if (left === undefined) return 0
  const log = actionsLogger()
  const run = startRun(TIMEOUT_SECONDS, process.env)
  try {
    const inputs = readInputs((name) => core.getInput(name), process.env)
    const { api } = await reach({ ...inputs, fix: { ...inputs.fix, remedies: [] } }, run, log)
    if (api === undefined) return 0
    const removal = await removePods(api, left.namespace, left.runId, { signal: run.signal })
    if (removal.complete) log.info(`The pods of run ${left.runId} are removed.`)
    else log.warning(`Pods of run ${left.runId} may be left in ${left.namespace}: ${removal.why ?? ''}`)
    await api.close()
  } catch (error) {
    log.warning(`Pods of run ${left.runId} may be left in ${left.namespace}: ${messageOf(error)}`)
  } finally {
    run.end()
  }
  return 0
}
