import * as core from '@actions/core'
import type { KubeApi } from './cluster/kube-api.ts'
import { messageOf } from './errors.ts'
import { actionsLogger } from './github/logger.ts'
import { readInputs } from './inputs.ts'
import type { Logger } from './log.ts'
import { removePods } from './node/cleanup.ts'
import { INSTANCE_LABEL, labelValue } from './node/pod.ts'
import { findDaemonSet } from './remedy/daemonset-plan.ts'
import { leftBehind, type Run, type SavedState, startRun } from './run.ts'
import { reach } from './steps/reach.ts'

/**
 * A run that was killed could not say whether its DaemonSet came to anything. It is told and not removed: it may be
 * what keeps the nodes going.
 */
async function tellDaemonSet(api: KubeApi, left: SavedState, run: Run, log: Logger): Promise<void> {
  const made = await findDaemonSet(left.namespace, { api, signal: run.signal })
  if (made?.metadata.labels?.[INSTANCE_LABEL] !== labelValue(left.runId)) return
  log.warning(
    `The DaemonSet ${left.namespace}/${made.metadata.name} of this run is there and goes on writing. Take it back with fix: restore and the report of this run, or run daemonset again.`,
  )
}

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
    if (inputs.fix.remedies.includes('daemonset')) await tellDaemonSet(api, left, run, log)
    await api.close()
  } catch (error) {
    log.warning(`Pods of run ${left.runId} may be left in ${left.namespace}: ${messageOf(error)}`)
  } finally {
    run.end()
  }
  return 0
}
