/**
 * A value that was measured, or the reason why it was not. There is no third way: a value that is missing
 * is never 0, and one missing value never costs the others.
 */
export type Measured<T = number> = { readonly value: T } | { readonly unknown: string }

/** The sysctls that the probe reads, by their path below /proc/sys with dots. All but one hold one integer. */
export const INTEGER_SYSCTLS = [
  'net.netfilter.nf_conntrack_max',
  'net.netfilter.nf_conntrack_buckets',
  'net.netfilter.nf_conntrack_tcp_timeout_established',
  'net.netfilter.nf_conntrack_tcp_timeout_time_wait',
  'net.netfilter.nf_conntrack_tcp_timeout_close_wait',
  'net.netfilter.nf_conntrack_tcp_be_liberal',
  'net.ipv4.tcp_tw_reuse',
  'net.ipv4.tcp_tw_reuse_delay',
  'net.ipv4.tcp_max_tw_buckets',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_timestamps',
  'net.core.somaxconn',
] as const
export type IntegerSysctl = (typeof INTEGER_SYSCTLS)[number]

/**
 * Counters that only grow, summed over the CPUs, since the network namespace was made. `conntrack.*` are
 * the columns of /proc/net/stat/nf_conntrack by header name (32 bits each, they wrap; `conntrack.chain_too_long`
 * stands under the header `chainlength` or `chaintoolong`); `TcpExt.*` and `Tcp.*` are of
 * /proc/net/netstat and /proc/net/snmp.
 */
export const COUNTERS = [
  'conntrack.drop',
  'conntrack.early_drop',
  'conntrack.insert_failed',
  'conntrack.chain_too_long',
  'conntrack.clash_resolve',
  'conntrack.invalid',
  'conntrack.search_restart',
  'Tcp.ActiveOpens',
  'Tcp.PassiveOpens',
  'Tcp.AttemptFails',
  'Tcp.EstabResets',
  'Tcp.OutSegs',
  'Tcp.RetransSegs',
  'Tcp.OutRsts',
  'TcpExt.TW',
  'TcpExt.TWRecycled',
  'TcpExt.TWKilled',
  'TcpExt.TCPTimeWaitOverflow',
  'TcpExt.TCPTimeouts',
  'TcpExt.TCPSynRetrans',
  'TcpExt.ListenOverflows',
  'TcpExt.ListenDrops',
  'TcpExt.TCPAbortOnMemory',
] as const
export type Counter = (typeof COUNTERS)[number]

/** What is read twice, `sample-seconds` apart. */
export interface Sample {
  /** Seconds since boot with a resolution of 0.01 s; two of them give the length of the window. */
  uptimeSeconds: Measured
  /** Entries in the connection-tracking table of the node's network namespace. */
  conntrackCount: Measured
  /** `tw` of /proc/net/sockstat: TIME-WAIT sockets of the node's namespace, IPv4 and IPv6. */
  timeWait: Measured
  counters: Record<Counter, Measured>
}

/** Sockets that share a local address and one remote address and port: they compete for local ports. */
export interface PortTuple {
  /** Plain text addresses, IPv6 in its shortest form; IPv4-mapped ones as IPv4. */
  localAddress: string
  remoteAddress: string
  remotePort: number
  /** Distinct local ports inside ip_local_port_range that are taken towards that destination. */
  ports: number
  /** How many of these are in TIME-WAIT. */
  timeWait: number
  /** Whose address that is; absent where it was not asked for or is not known. */
  remote?: RemoteName
}

/** Whose an address is. Names of pods and services are from the API server and as untrusted as everything there. */
export type RemoteName =
  | { kind: 'pod' | 'service'; namespace: string; name: string }
  | { kind: 'node' | 'azure'; name: string }

/** The kernel's default for ip_local_port_range, which every new network namespace begins with. */
export const DEFAULT_PORT_RANGE = { first: 32768, last: 60999 } as const

/** The destination towards which a pod takes the most local ports. */
export interface PodDestination {
  remoteAddress: string
  remotePort: number
  /** Distinct local ports towards it, without those that the pod listens on. */
  ports: number
  /** How many of these are in {@link DEFAULT_PORT_RANGE}. With others the pod has another range. */
  portsInDefaultRange: number
  /** How many are in TIME-WAIT. */
  timeWait: number
  remote?: RemoteName
}

/**
 * TCP sockets of one network namespace beside the node's own: a pod's, or that of a process outside all pods.
 * These are sockets of the pod, not entries of the node's connection-tracking table.
 */
export interface PodSockets {
  /**
   * UID of the pod, from the cgroup of its processes; of a static pod the hash of its manifest. Absent where
   * no process of the namespace is in the cgroup of a pod.
   */
  uid?: string
  /** Sockets in use, IPv4 and IPv6, listeners among them. */
  tcpInUse: number
  timeWait: number
  /** Null: no outgoing connection. */
  destination: Measured<PodDestination | null>
  /** The port that it listens on with the most connections; absent where there are none. */
  busiestOwnPort?: { port: number; sockets: number }
  /** Who that is; absent where it was not asked for or is not known. */
  pod?: PodName
  /** ip_local_port_range as the pod's securityContext sets it; absent where it does not. */
  portRange?: { first: number; last: number }
}

/** A pod as the API server names it. */
export interface PodName {
  namespace: string
  name: string
  /** What made it, a Deployment rather than its ReplicaSet. */
  owner?: { kind: string; name: string }
}

/** Everything that one probe run found out on one node. */
export interface Reading {
  kernel: Measured<string>
  /** Size of the node's memory in kB, from /proc/meminfo. */
  memoryKb: Measured
  sysctls: Record<IntegerSysctl, Measured>
  /** First and last port of ip_local_port_range. */
  localPortRange: Measured<{ first: number; last: number }>
  /** How many ports of that range ip_local_reserved_ports takes away. */
  reservedPorts: Measured
  /** TCP sockets in use in the node's namespace (`inuse` of sockstat). */
  tcpInUse: Measured
  first: Sample
  /** Absent when only one read was asked for (`sample-seconds: 0`). */
  second?: Sample
  /** The busiest tuples, most ports first, at most five; of the first read. */
  busiestTuples: Measured<PortTuple[]>
  /**
   * The network namespaces beside the node's own with the most TCP sockets, most first, at most five. Absent,
   * like the two below, when the probe was not told to look into pods (`pod-detail: false`).
   */
  busiestPods?: Measured<PodSockets[]>
  /** How many network namespaces beside the node's own were read. */
  podNamespaces?: Measured
  /** How many more there were than are read on one node; the busiest may be among them. */
  podNamespacesLeft?: Measured
}

/** A node as the Kubernetes API tells it. */
export interface NodeInfo {
  name: string
  /** AKS node pool (`kubernetes.azure.com/agentpool`, `agentpool`), Karpenter pool, or `''`. */
  pool: string
  os: string
  osImage?: string
  /** CPU cores from `status.capacity.cpu`; needed for the size that kube-proxy would choose. */
  cores?: number
  /** From `status.capacity.memory`. */
  memoryKb?: number
  vmSize?: string
  ready: boolean
  schedulable: boolean
  taints: { key: string; value?: string; effect: string }[]
  internalAddress?: string
  /** Tells one start of the node's kernel from any other, also of another node of that name: sysctls outlive none. */
  bootId?: string
  /** Of the Node object: tells a node from a later one of the same name. */
  uid?: string
}

/** What a run knows about one node. `unread` is what makes a verdict unknown. */
export type NodeResult =
  | { kind: 'read'; node: NodeInfo; reading: Reading }
  /** `why` in one sentence; `next` says what to do about it. */
  | { kind: 'unread'; node: NodeInfo; why: string; next?: string }
  /** Windows and virtual nodes, and nodes that left the cluster during the run. */
  | { kind: 'out-of-scope'; node: NodeInfo; why: string }

/** Why a node that was there when the run began is out of scope. */
export const LEFT_CLUSTER = 'the node left the cluster during the run'

/** Whether a value was measured; narrows the type. */
export function isKnown<T>(measured: Measured<T>): measured is { readonly value: T } {
  return 'value' in measured
}

/** How the reason begins where a kernel was built without what was asked for: nothing went wrong then. */
export const NOT_PUBLISHED = 'the kernel does not publish it'

/** Whether a value is unknown only as this kernel has no such value. */
export function isNotPublished(measured: Measured<unknown>): boolean {
  return !isKnown(measured) && measured.unknown.startsWith(NOT_PUBLISHED)
}
