import { kubeTime, waitingStatus } from '../node-runtime/status.ts'
import type { PodProgress } from '../node-types.ts'
import type { Condition, ContainerStatus, Pod, PodPhase, PodStatus } from '../objects.ts'

/** All containers as they are before anything was started. */
export function nothingStarted(pod: Pod): PodProgress {
  const inits = pod.spec.initContainers ?? []
  const first = inits.length > 0 ? 'PodInitializing' : 'ContainerCreating'
  return {
    ...(inits.length > 0 && {
      initContainerStatuses: inits.map((container) => waitingStatus(container, 'PodInitializing')),
    }),
    containerStatuses: pod.spec.containers.map((container) => waitingStatus(container, first)),
  }
}

/** The phase that a pod will come to rest in; undefined while something runs or will run again. */
export function finalPhase(pod: Pod, progress: PodProgress): 'Succeeded' | 'Failed' | undefined {
  const policy = pod.spec.restartPolicy ?? 'Always'
  const failedInit = progress.initContainerStatuses?.some((status) => (exitCode(status) ?? 0) !== 0)
  if (failedInit) return policy === 'Never' ? 'Failed' : undefined
  const codes = progress.containerStatuses.map(exitCode)
  if (policy === 'Always' || codes.includes(undefined)) return undefined
  if (codes.every((code) => code === 0)) return 'Succeeded'
  return policy === 'Never' ? 'Failed' : undefined
}

/** The phase while the pod is not at its end: it does not go back from Running. */
export function phaseSoFar(progress: PodProgress, before: PodPhase | undefined): PodPhase {
  const begun = progress.containerStatuses.some((status) => status.state?.running)
  return begun || before === 'Running' ? 'Running' : 'Pending'
}

/** A status as the kubelet posts it. */
export function statusOf(pod: Pod, phase: PodPhase, progress: PodProgress, more: PodStatus = {}): PodStatus {
  return { ...more, phase, ...progress, conditions: conditionsOf(pod, phase, progress) }
}

function exitCode(status: ContainerStatus): number | undefined {
  return status.state?.terminated?.exitCode
}

function conditionsOf(pod: Pod, phase: PodPhase, progress: PodProgress): Condition[] {
  const over = phase === 'Succeeded' || phase === 'Failed'
  const ready = !over && progress.containerStatuses.every((status) => status.ready)
  const initialized = (progress.initContainerStatuses ?? []).every((status) => exitCode(status) === 0)
  const unready = progress.containerStatuses.filter((status) => !status.ready).map((status) => status.name)
  const completed = phase === 'Succeeded'
  const now = kubeTime(new Date())
  const condition = (type: string, holds: boolean, reason: string, message?: string): Condition => {
    const status = holds ? 'True' : 'False'
    const before = pod.status.conditions?.find((old) => old.type === type)
    const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now
    return { type, status, ...(!holds && { reason, ...(message && { message }) }), lastTransitionTime }
  }
  const why = completed ? 'PodCompleted' : phase === 'Failed' ? 'PodFailed' : 'ContainersNotReady'
  const which =
    completed || unready.length === 0 ? undefined : `containers with unready status: [${unready.join(' ')}]`
  return [
    condition('PodReadyToStartContainers', !over, ''),
    condition('Initialized', initialized, 'ContainersNotInitialized'),
    condition('Ready', ready, why, which),
    condition('ContainersReady', ready, why, which),
    condition('PodScheduled', true, ''),
  ]
}
