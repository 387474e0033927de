import { setTimeout as sleep } from 'node:timers/promises'
import { cutMessage } from '../node-runtime/message.ts'
import { imageId, kubeTime, newContainerId, terminatedState } from '../node-runtime/status.ts'
import type { NodeMachine, PodProgress, RunningPod } from '../node-types.ts'
import type { Pod, PodStatus } from '../objects.ts'
import type { Rejection } from './admission.ts'
import { finalPhase, nothingStarted, phaseSoFar, statusOf } from './pod-status.ts'
import { pullFailureOf, pullStatuses } from './pull.ts'

/** What a worker has of its kubelet. */
export interface WorkerHost {
  machine: NodeMachine
  hostIP: string
  /** How long a finished container is told before the pod's phase follows. */
  phaseDelayMs: number
  pullRetryMs: number
  /** The newest form of the pod; undefined when it is gone. */
  current(pod: Pod): Pod | undefined
  /** Writes a status, unless the kubelet is silent or the pod gone. */
  post(pod: Pod, status: PodStatus): void
  /** A container of the pod has terminated. */
  onFinished(pod: Pod): void
  /** Takes the pod out of the store: no process of it is left. */
  remove(pod: Pod): void
  /** The node dies. */
  die(): void
}

const LONGEST_TIMER_MS = 2 ** 31 - 1
const DEADLINE: PodStatus = {
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
}

/** Follows one pod from its binding to its end. */
export class PodWorker {
  readonly pod: Pod
  readonly #host: WorkerHost
  readonly #over = new AbortController()
  readonly #startTime = new Date()
  #progress: PodProgress
  #phase: PodStatus['phase']
  #running: RunningPod | undefined
  /** Reason and message of the pod's end, when the kubelet ended it. */
  #cause: PodStatus = {}
  #finished = false
  #terminating: Promise<void> | undefined
  #grace = Number.POSITIVE_INFINITY

  constructor(pod: Pod, host: WorkerHost) {
    this.pod = pod
    this.#host = host
    this.#progress = nothingStarted(pod)
  }

  /** Whether the pod still takes room on the node. */
  get active(): boolean {
    return !this.#finished
  }

  reject({ reason, message }: Rejection): void {
    this.#finished = true
    this.#host.post(this.pod, { phase: 'Failed', reason, message, startTime: kubeTime(this.#startTime) })
  }

  async run(): Promise<void> {
    if (this.#isOver()) return
    const { machine } = this.#host
    const { fault } = machine
    if (typeof fault === 'object' && 'message' in fault)
      return this.#answer(fault.message, fault.exitCode ?? 0)
    if (machine.answer !== undefined) return this.#answer(machine.answer, 0)
    this.#post('Pending')
    this.#watchDeadline()
    if (typeof fault === 'object') await this.#sleep(fault.delayMs)
    await this.#pull()
    if (this.#isOver()) return
    this.#running = machine.runPod(this.pod, { onStatus: (progress) => this.#onStatus(progress) })
  }

  /** Ends the processes and then takes the pod away; asked again with less grace, it hurries. */
  terminate(graceSeconds: number): Promise<void> {
    this.#over.abort()
    const hurry = graceSeconds < this.#grace
    this.#grace = Math.min(graceSeconds, this.#grace)
    if (this.#terminating) {
      if (hurry) void this.#running?.kill(graceSeconds)
      return this.#terminating
    }
    this.#terminating = (async () => {
      await this.#running?.kill(graceSeconds)
      this.#finished = true
      this.#host.remove(this.pod)
    })()
    return this.#terminating
  }

  /** Ends the processes at once and says nothing. */
  async abandon(): Promise<void> {
    this.#over.abort()
    this.#finished = true
    await this.#running?.kill(0)
  }

  #post(phase: NonNullable<PodStatus['phase']>, more: PodStatus = {}): void {
    this.#phase = phase
    const current = this.#host.current(this.pod) ?? this.pod
    const { hostIP } = this.#host
    const ip = this.pod.spec.hostNetwork ? { podIP: hostIP } : {}
    const base = { hostIP, ...ip, startTime: kubeTime(this.#startTime), ...more }
    this.#host.post(this.pod, statusOf(current, phase, this.#progress, base))
  }

  #onStatus(progress: PodProgress): void {
    if (this.#finished) return
    this.#progress = progress
    const last = this.#cause.reason === undefined ? finalPhase(this.pod, progress) : allEnded(progress)
    this.#post(phaseSoFar(progress, this.#phase))
    if (progress.containerStatuses.some((status) => status.state?.terminated)) this.#host.onFinished(this.pod)
    if (last) void this.#conclude(last)
    else if (this.#host.machine.fault === 'dies-mid-run' && this.#phase === 'Running') this.#host.die()
  }

  async #conclude(phase: 'Succeeded' | 'Failed'): Promise<void> {
    if (this.#finished) return
    this.#finished = true
    if (!this.#terminating) await this.#sleep(this.#host.phaseDelayMs)
    this.#post(phase, this.#cause)
    this.#over.abort()
  }

  #answer(text: string, exitCode: number): void {
    const end = {
      message: cutMessage(text),
      exitCode,
      startedAt: this.#startTime,
      finishedAt: this.#startTime,
    }
    const lasts = (this.pod.spec.restartPolicy ?? 'Always') === 'Always'
    this.#progress = {
      containerStatuses: this.#progress.containerStatuses.map((status) => {
        const containerID = newContainerId()
        const state = lasts
          ? { running: { startedAt: kubeTime(this.#startTime) } }
          : terminatedState(end, containerID)
        return { ...status, containerID, imageID: imageId(status.image), ready: lasts, started: lasts, state }
      }),
    }
    if (lasts) {
      this.#post('Running')
      return
    }
    this.#finished = true
    this.#post(exitCode === 0 ? 'Succeeded' : 'Failed')
    this.#host.onFinished(this.pod)
  }

  async #pull(): Promise<void> {
    const failure = () => pullFailureOf(this.pod, this.#host.machine.fault === 'pull-error')
    for (let now = failure(); now && !this.#isOver(); now = failure()) {
      this.#progress = pullStatuses(this.#progress, now, false)
      this.#post('Pending')
      await this.#sleep(this.#host.pullRetryMs)
      if (now.lasting) continue
      if (this.#isOver()) return
      this.#progress = pullStatuses(this.#progress, now, true)
      this.#post('Pending')
      await this.#sleep(20 * this.#host.pullRetryMs)
    }
  }

  #watchDeadline(): void {
    const seconds = this.pod.spec.activeDeadlineSeconds
    if (seconds === undefined) return
    void this.#sleep(Math.min(seconds * 1000, LONGEST_TIMER_MS)).then(async () => {
      if (this.#isOver() || !this.active) return
      this.#cause = DEADLINE
      this.#over.abort()
      if (this.#running) await this.#running.kill(this.pod.spec.terminationGracePeriodSeconds ?? 30)
      await this.#conclude('Failed')
    })
  }

  #isOver(): boolean {
    return this.#over.signal.aborted
  }

  /** Resolves after the time, or at once when the pod is over. */
  async #sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#over.signal, ref: false }).catch(() => undefined)
  }
}

function allEnded(progress: PodProgress): 'Failed' | undefined {
  return progress.containerStatuses.every((status) => status.state?.terminated) ? 'Failed' : undefined
}
