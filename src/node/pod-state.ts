import type { ObjectMeta } from '../cluster/kube-api.ts'
import { plain } from './plain-text.ts'
import type { Component } from './pod.ts'

/** The fields of a v1 Pod that are read. */
export interface KubePod {
  metadata: ObjectMeta
  spec?: { nodeName?: string; hostNetwork?: boolean }
  status?: {
    phase?: string
    reason?: string
    message?: string
    containerStatuses?: {
      name?: string
      state?: {
        waiting?: { reason?: string; message?: string }
        running?: object
        terminated?: { exitCode?: number; signal?: number; reason?: string; message?: string }
      }
    }[]
  }
}

/** How far a pod is. Every text in it is one line. */
export type PodState =
  /** `message` as it came, not to be believed; `ended` says how it ended if not in peace. */
  | { kind: 'answered'; message: string; ended?: string }
  /** It will never answer. `neverRan`: its container surely did not start. */
  | { kind: 'failed'; why: string; next?: string; neverRan?: true }
  /** It may still answer; `doing` says what holds it up, for the case that it does not. */
  | { kind: 'pending'; doing: string; next?: string }

const OURS: readonly unknown[] = ['auditor', 'tuner'] satisfies Component[]

/**
 * The state of a pod with one container of ours; others in it were put there by admission. The container's end
 * counts, not the pod's phase, which a kubelet reports about a second later.
 */
export function stateOf(pod: KubePod): PodState {
  const { phase, reason, message, containerStatuses } = pod.status ?? {}
  const ours = containerStatuses?.find(({ name }) => name === undefined || OURS.includes(name))
  const { terminated, waiting, running } = ours?.state ?? {}
  // What the kubelet did to a pod explains the end of its container, not the other way round.
  if (phase === 'Failed' && reason) return { kind: 'failed', ...kubeletRefusal(reason, message) }
  if (terminated) return endOf(terminated)
  if (phase === 'Failed') return { kind: 'failed', ...kubeletRefusal(reason, message) }
  if (phase === 'Succeeded') return { kind: 'failed', why: 'the pod ended without a word of its container' }
  if (waiting?.reason) return waitingState(waiting.reason, waiting.message ?? '')
  if (running) return { kind: 'pending', doing: 'its pod runs and has not answered' }
  return { kind: 'pending', doing: 'the kubelet has not started its pod' }
}

type Terminated = { exitCode?: number; signal?: number; reason?: string; message?: string }

function endOf({ exitCode = -1, reason = 'Error', message = '' }: Terminated): PodState {
  if (reason === 'ContainerStatusUnknown') {
    return {
      kind: 'failed',
      why: `its container is gone and nobody knows how it ended: ${plain(message) || reason}`,
    }
  }
  if (/^(StartError|ContainerCannotRun)$/.test(reason)) {
    return {
      kind: 'failed',
      why: `its container did not start: ${plain(message) || reason}`,
      next: 'The image must have a shell and awk; the default image has both.',
      neverRan: true,
    }
  }
  if (exitCode === 0) return { kind: 'answered', message }
  return { kind: 'answered', message, ended: `${plain(reason, 60)}, exit code ${exitCode}` }
}

const badImage =
  'Name an image in the input "image" that the nodes can pull; a network-isolated cluster needs one of its own registry.'

/** Waiting reasons that do not go away by waiting. */
const hopeless: Record<string, string> = {
  ErrImagePull: badImage,
  ImagePullBackOff: badImage,
  InvalidImageName: badImage,
  ErrImageNeverPull: badImage,
  ImageInspectError: badImage,
  RegistryUnavailable: badImage,
  SignatureValidationFailed: badImage,
  CreateContainerConfigError: 'The kubelet refuses the container; its words say which setting.',
  CreateContainerError:
    'The container runtime of the node refuses the container; see the log of containerd there.',
  RunContainerError:
    'The container runtime of the node refuses the container; see the log of containerd there.',
}

/** What a node in trouble says of a registry that answers other nodes: the kubelet will try again. */
const passing =
  /timeout|timed out|deadline exceeded|connection (refused|reset)|no route to host|unreachable|temporar|TLS handshake|EOF|too many requests|try again|server misbehaving|\b(429|50[0234])\b/i

/** What a kubelet that backs off from an image says where waiting will not help. */
const final = /failed|not found|denied|unauthorized|invalid/i

/** The same knowledge as data, for those who follow pods in another language. Regular expressions ignore case. */
export const hopelessWaits = {
  image: Object.keys(hopeless).filter((reason) => hopeless[reason] === badImage),
  other: Object.keys(hopeless).filter((reason) => hopeless[reason] !== badImage),
  passing: passing.source,
  final: final.source,
}

/** What a kubelet says while it backs off from an image ends with what it said when the pull failed. */
const failedPull =
  /^Back-off pulling image "[^"]*": ((?:ErrImagePull|RegistryUnavailable|SignatureValidationFailed): .+)$/

function waitingState(reason: string, message: string): PodState {
  const text = plain(message)
  const words = failedPull.exec(text)?.[1] ?? (text ? `${plain(reason, 60)}: ${text}` : plain(reason, 60))
  const next = Object.hasOwn(hopeless, reason) ? hopeless[reason] : undefined
  if (next === undefined) return { kind: 'pending', doing: `its pod waits (${words})` }
  // After the first failure the kubelet tells only that it waits before it tries again.
  const backingOff = reason === 'ImagePullBackOff' && !final.test(text)
  if (next === badImage && (passing.test(text) || backingOff))
    return { kind: 'pending', doing: `its pod waits (${words})`, next: badImage }
  const what = next === badImage ? 'its image cannot be pulled' : 'its pod cannot start'
  return { kind: 'failed', why: `${what} (${words})`, next, neverRan: true }
}

/** Why the kubelet did not take a pod, or ended it. */
function kubeletRefusal(reason = '', message = ''): { why: string; next?: string; neverRan?: true } {
  const words = [plain(reason, 60), plain(message)].filter(Boolean).join(': ') || 'no reason given'
  if (reason === 'DeadlineExceeded') return { why: `its pod ran into its deadline (${words})` }
  if (/^OutOf/.test(reason)) {
    const next = 'The node has no room for one more small pod; free some, or raise what it can hold.'
    return { why: `its kubelet refused the pod (${words})`, next, neverRan: true }
  }
  return { why: `its kubelet refused or ended the pod (${words})` }
}
