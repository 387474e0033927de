import type { PodManifest } from './pod.ts'
import type { NodeInfo } from './reading.ts'

/** A pod that shall run on a node. */
export interface PodTask {
  node: NodeInfo
  pod: PodManifest
}

/** What became of the pod of a node. */
export type PodOutcome =
  /** `message` is its termination message, not to be believed; `ended`: how it ended if not in peace. */
  | { kind: 'answered'; node: NodeInfo; message: string; ended?: string }
  | ({ kind: 'failed'; node: NodeInfo } & Failure)
  /** The node left the cluster. */
  | { kind: 'gone'; node: NodeInfo; why: string }

export interface Failure {
  why: string
  next?: string
  /** Nothing was heard of the pod, or it was deleted: the node itself may know why. */
  silent?: true
  /** The pod surely was not created or its container not started, so that it can have changed nothing. */
  neverRan?: true
}

/** An outcome as long as the node is not added to it. */
export type Outcome =
  | { kind: 'answered'; message: string; ended?: string }
  | ({ kind: 'failed' } & Failure)
  | { kind: 'gone'; why: string }

/** A node that has no outcome yet. */
export interface Open {
  task: PodTask
  /** Whether the creation was sent. */
  sent?: true
  /** Time of the API server's answer to the creation; undefined as long as there is none. */
  createdAt?: number
  /** What holds the pod up, as last heard. */
  doing?: string
  /** What to do about that. */
  next?: string
}

/** The books of a sweep: each node is open until it has its one outcome, the first. */
export class Ledger {
  readonly #tasks: readonly PodTask[]
  readonly #open: Map<string, Open>
  readonly #outcomes = new Map<string, PodOutcome>()
  readonly #settled: (outcome: PodOutcome, done: number) => void
  readonly #finished = Promise.withResolvers<void>()
  /** How many creations were sent, and how many of them the API server took. */
  sent = 0
  created = 0
  /** Pods that were there before, by name and uid: what they say is not about now. */
  readonly leftovers = new Map<string, string>()

  constructor(tasks: readonly PodTask[], settled: (outcome: PodOutcome, done: number) => void) {
    this.#tasks = tasks
    this.#open = new Map(tasks.map((task) => [task.pod.metadata.name, { task }]))
    this.#settled = settled
    if (tasks.length === 0) this.#finished.resolve()
  }

  /** Resolves when no node is open. */
  get finished(): Promise<void> {
    return this.#finished.promise
  }

  /** By name of the pod. */
  openByPod(name: string): Open | undefined {
    return this.#open.get(name)
  }

  allOpen(): Open[] {
    return [...this.#open.values()]
  }

  settle(name: string, outcome: Outcome): void {
    const open = this.#open.get(name)
    if (open === undefined) return
    this.#open.delete(name)
    const neverRan = outcome.kind === 'failed' && !open.sent
    const full: PodOutcome = { ...outcome, node: open.task.node, ...(neverRan && { neverRan }) }
    this.#outcomes.set(name, full)
    this.#settled(full, this.#outcomes.size)
    if (this.#open.size === 0) this.#finished.resolve()
  }

  settleAll(outcome: (open: Open) => Outcome): void {
    for (const [name, open] of [...this.#open]) this.settle(name, outcome(open))
  }

  /** In the order of the tasks. */
  outcomes(): PodOutcome[] {
    return this.#tasks.flatMap(({ pod }) => this.#outcomes.get(pod.metadata.name) ?? [])
  }
}
