import { setTimeout as sleep } from 'node:timers/promises'
import type { PodProgress, RunningPod } from '../node-types.ts'
import type { Container, ContainerStatus, Pod } from '../objects.ts'
import type { RunningContainer } from './process.ts'
import { failedState, imageId, kubeTime, newContainerId, terminatedState, waitingStatus } from './status.ts'

/** How a pod's containers are started and how long a failing one waits before it is started again. */
export interface PodDriver {
  /** Throws what {@link failedState} understands when the container cannot be made. */
  start(container: Container): RunningContainer
  /** First wait before a restart; doubles with each one, up to five minutes. */
  backoffMs: number
}

const LONGEST_BACKOFF_MS = 300_000

/**
 * Runs a pod's containers the way a kubelet does: init containers one after the other, then all the others,
 * restarted as restartPolicy says. Each change is told through `onStatus`.
 */
export function runContainers(
  pod: Pod,
  driver: PodDriver,
  onStatus: (progress: PodProgress) => void,
): RunningPod & { finished: Promise<void> } {
  const inits = pod.spec.initContainers ?? []
  const running = new Set<RunningContainer>()
  const stopping = new AbortController()
  const progress = {
    initContainerStatuses: inits.map((container) => waitingStatus(container, 'PodInitializing')),
    containerStatuses: pod.spec.containers.map((container) => {
      return waitingStatus(container, inits.length > 0 ? 'PodInitializing' : 'ContainerCreating')
    }),
  }
  const tell = () => {
    if (inits.length > 0) onStatus(structuredClone(progress))
    else onStatus({ containerStatuses: structuredClone(progress.containerStatuses) })
  }
  const stopped = () => stopping.signal.aborted
  const policy = pod.spec.restartPolicy ?? 'Always'

  /** Runs a container once. Resolves with its exit code; undefined when it could not be made. */
  const runOnce = async (container: Container, status: ContainerStatus, init: boolean) => {
    const id = newContainerId()
    try {
      const process = driver.start(container)
      running.add(process)
      try {
        const startedAt = await process.started
        Object.assign(status, {
          containerID: id,
          imageID: imageId(container.image),
          started: true,
          ready: !init,
        })
        status.state = { running: { startedAt: kubeTime(startedAt) } }
        tell()
      } finally {
        const end = await process.ended
        running.delete(process)
        if (status.state?.running) status.state = terminatedState(end, id)
      }
    } catch (error) {
      status.state = failedState(error, id)
    }
    const exitCode = status.state.terminated?.exitCode
    Object.assign(status, { started: false, ready: init && exitCode === 0 })
    tell()
    return exitCode
  }

  /** Runs a container until it need not run again. Resolves with whether the pod may go on. */
  const runToEnd = async (container: Container, status: ContainerStatus, init: boolean) => {
    for (let backoff = driver.backoffMs; !stopped(); backoff = Math.min(2 * backoff, LONGEST_BACKOFF_MS)) {
      const exitCode = await runOnce(container, status, init)
      const done = exitCode === 0 && (init || policy !== 'Always')
      if (done) return true
      if (exitCode !== undefined && exitCode !== 0 && policy === 'Never') return false
      if (exitCode !== undefined && !stopped()) {
        if (status.state) status.lastState = status.state
        status.restartCount += 1
        const message = `back-off ${Math.round(backoff / 1000)}s restarting failed container=${container.name} pod=${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`
        status.state = { waiting: { reason: 'CrashLoopBackOff', message } }
        tell()
      }
      await sleep(backoff, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
    return false
  }

  const all = async () => {
    for (const [index, container] of inits.entries()) {
      const status = progress.initContainerStatuses[index]
      if (status && !(await runToEnd(container, status, true))) return
    }
    await Promise.all(
      pod.spec.containers.map(async (container, index) => {
        const status = progress.containerStatuses[index]
        if (status) await runToEnd(container, status, false)
      }),
    )
  }
  const finished = all()

  return {
    finished,
    kill: async (graceSeconds) => {
      stopping.abort()
      if (graceSeconds > 0) {
        for (const process of running) process.signal('SIGTERM')
        const cancel = new AbortController()
        const timer = sleep(graceSeconds * 1000, undefined, { signal: cancel.signal }).catch(() => undefined)
        await Promise.race([finished, timer])
        cancel.abort()
      }
      for (const process of running) process.signal('SIGKILL')
      await finished
    },
  }
}
