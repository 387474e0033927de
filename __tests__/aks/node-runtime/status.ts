import { createHash, randomBytes } from 'node:crypto'
import type { Container, ContainerState, ContainerStatus } from '../objects.ts'
import { ContainerConfigError } from './privileges.ts'
import { type ContainerEnd, StartError } from './process.ts'

/** A time as Kubernetes writes it: whole seconds. */
export function kubeTime(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z')
}

/** The status of a container that has not been started. */
export function waitingStatus(container: Container, reason: string, message?: string): ContainerStatus {
  return {
    name: container.name,
    ready: false,
    restartCount: 0,
    image: container.image,
    imageID: '',
    started: false,
    state: { waiting: { reason, ...(message === undefined ? {} : { message }) } },
  }
}

export function newContainerId(): string {
  return `containerd://${randomBytes(32).toString('hex')}`
}

export function imageId(image: string): string {
  const digest = createHash('sha256').update(image).digest('hex')
  return `${image.replace(/[:@][^/]*$/, '')}@sha256:${digest}`
}

/** The state of a container that ran and ended. */
export function terminatedState(end: ContainerEnd, containerID: string): ContainerState {
  return {
    terminated: {
      exitCode: end.exitCode,
      reason: end.exitCode === 0 ? 'Completed' : 'Error',
      ...(end.message === '' ? {} : { message: end.message }),
      startedAt: kubeTime(end.startedAt),
      finishedAt: kubeTime(end.finishedAt),
      containerID,
    },
  }
}

/** The state of a container that could not be made or started. */
export function failedState(error: unknown, containerID: string): ContainerState {
  if (error instanceof ContainerConfigError) {
    return { waiting: { reason: error.reason, message: error.message } }
  }
  const text = error instanceof Error ? error.message : String(error)
  const never = '1970-01-01T00:00:00Z'
  return {
    terminated: {
      exitCode: 128,
      reason: error instanceof StartError ? error.reason : 'ContainerCannotRun',
      message: `failed to create containerd task: failed to create shim task: ${text}`,
      startedAt: never,
      finishedAt: kubeTime(new Date()),
      containerID,
    },
  }
}
