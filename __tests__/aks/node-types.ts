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

/** What a test can do in a pod's network namespace; each is as on a node. */
export type PodTraffic = Pick<TestNode, 'makeTimeWait' | 'fillDestination' | 'holdConnections'>

/** What a test can read and do on a node. */
export interface TestNode {
  readonly name: string
  /** What runs the pods' scripts, e.g. `BusyBox v1.35.0 (…)`; undefined on a node that only answers. */
  readonly shell: string | undefined
  /** Present value of a sysctl, e.g. `net.netfilter.nf_conntrack_max`. */
  sysctl(name: string): Promise<string>
  setSysctl(name: string, value: string): Promise<void>
  /** What nf_conntrack_count reads from now on; on a namespace node in pods that start after it. */
  setConntrackCount(count: number): Promise<void>
  /**
   * Adds to kernel counters: `conntrack.<header>`, e.g. `{ 'conntrack.drop': 5 }`; on a recorded node also
   * those of netstat and snmp (`TcpExt.TCPTimeWaitOverflow`). On a namespace node the first call makes the
   * counters files of its own, seen by pods that start after it.
   */
  addToCounters(by: Record<string, number>): Promise<void>
  /** Lets counters grow by so many a second until the returned function is called. */
  growCounters(perSecond: Record<string, number>): () => void
  /**
   * Connections of a pod that runs on the node in a network namespace of its own. Throws when there is none of
   * that name.
   */
  podTraffic(pod: string): PodTraffic
  /** Leaves exactly so many sockets in TIME-WAIT in the node's namespace, spread over destinations. */
  makeTimeWait(sockets: { v4?: number; v6?: number }): Promise<void>
  /** Takes so many local ports towards one destination (10.224.0.5:443); they stay in TIME-WAIT. */
  fillDestination(ports: number): Promise<void>
  /** Keeps so many connections established until the returned function is called; they leave no TIME-WAIT. */
  holdConnections(count: number): Promise<() => Promise<void>>
  setFault(fault: NodeFault | undefined): void
}

/** The machine behind a node, as the kubelet uses it. */
export interface NodeMachine extends NodeRuntime, TestNode {
  readonly fault: NodeFault | undefined
  /** The termination message of every pod on a node that runs no processes. */
  readonly answer: string | undefined
}
