import type { ContainerStatus, Pod } from './objects.ts'
import type { NodeFault } from './types.ts'

/**
 * Where a node's kernel state comes from: `namespace` is a network namespace with its own, `sample` replays a
 * folder of __tests__/samples, `answer` runs no process: every pod ends at once with this termination message.
 */
export type NodeRuntimeState = 'namespace' | { sample: string } | { answer: string }

/** Runs the containers of pods as processes. The kubelet writes what it tells into the store. */
export interface NodeRuntime {
  runPod(pod: Pod, hooks: { onStatus(progress: PodProgress): void }): RunningPod
  /** Ends all processes and takes away namespaces, mounts and files. */
  stop(): Promise<void>
}

export interface PodProgress {
  initContainerStatuses?: ContainerStatus[]
  containerStatuses: ContainerStatus[]
}

export interface RunningPod {
  /** SIGTERM, then SIGKILL after the grace period. Resolves when no process is left. */
  kill(graceSeconds: number): Promise<void>
}

/** What a test can read and do on a node. */
export interface TestNode {
  readonly name: string
  /** Present value of a sysctl, e.g. `net.netfilter.nf_conntrack_max`. */
  sysctl(name: string): Promise<string>
  setSysctl(name: string, value: string): Promise<void>
  setConntrackCount(count: number): Promise<void>
  /** Leaves so many sockets in TIME-WAIT in the node's namespace. */
  makeTimeWait(sockets: { v4?: number; v6?: number }): Promise<void>
  setFault(fault: NodeFault | undefined): void
}
