import {
  COUNTERS,
  type Counter,
  INTEGER_SYSCTLS,
  type IntegerSysctl,
  type Measured,
  type NodeInfo,
  type NodeResult,
  type PortTuple,
  type Reading,
  type Sample,
} from '../../src/node/reading.ts'

/** A measured value. */
export function known<T>(value: T): Measured<T> {
  return { value }
}

/** A value that was not measured, with the reason. Made for any type. */
export function unknown(reason = 'not printed by the probe'): { readonly unknown: string } {
  return { unknown: reason }
}

type Given<T> = T | Measured<T>

/** A sample as tests write it: plain numbers are known values, `unknown('why')` is not. */
export interface SampleOverrides {
  uptimeSeconds?: Given<number>
  conntrackCount?: Given<number>
  timeWait?: Given<number>
  counters?: Partial<Record<Counter, Given<number>>>
}

/** A reading as tests write it. `second: null` leaves the second sample out. */
export interface ReadingOverrides {
  kernel?: Given<string>
  memoryKb?: Given<number>
  sysctls?: Partial<Record<IntegerSysctl, Given<number>>>
  localPortRange?: Measured<{ first: number; last: number }>
  reservedPorts?: Given<number>
  tcpInUse?: Given<number>
  first?: SampleOverrides
  second?: SampleOverrides | null
  busiestTuples?: Measured<PortTuple[]>
}

/** The sysctls of a healthy node with four cores. */
export const HEALTHY_SYSCTLS: Readonly<Record<IntegerSysctl, number>> = {
  'net.netfilter.nf_conntrack_max': 131072,
  'net.netfilter.nf_conntrack_buckets': 65536,
  'net.netfilter.nf_conntrack_tcp_timeout_established': 86400,
  'net.netfilter.nf_conntrack_tcp_timeout_time_wait': 120,
  'net.netfilter.nf_conntrack_tcp_timeout_close_wait': 3600,
  'net.netfilter.nf_conntrack_tcp_be_liberal': 0,
  'net.ipv4.tcp_tw_reuse': 2,
  'net.ipv4.tcp_tw_reuse_delay': 1000,
  'net.ipv4.tcp_max_tw_buckets': 131072,
  'net.ipv4.tcp_fin_timeout': 60,
  'net.ipv4.tcp_timestamps': 1,
  'net.core.somaxconn': 4096,
}

function given<T extends number | string>(value: Given<T> | undefined, otherwise: T): Measured<T> {
  if (value === undefined) return { value: otherwise }
  return typeof value === 'object' ? value : { value }
}

/** A sample of a quiet node; every counter is 0. */
export function sample(overrides: SampleOverrides = {}): Sample {
  const counters = Object.fromEntries(
    COUNTERS.map((name) => [name, given(overrides.counters?.[name], 0)]),
  ) as Record<Counter, Measured>
  return {
    uptimeSeconds: given(overrides.uptimeSeconds, 1000),
    conntrackCount: given(overrides.conntrackCount, 2000),
    timeWait: given(overrides.timeWait, 10),
    counters,
  }
}

/**
 * What the probe found on a healthy node: 2,000 of 131,072 entries, 10 TIME-WAIT sockets, two samples that
 * lie two seconds apart and differ in nothing else. What a test overrides in `first` holds for the second
 * sample too, unless `second` says otherwise.
 */
export function reading(overrides: ReadingOverrides = {}): Reading {
  const sysctls = Object.fromEntries(
    INTEGER_SYSCTLS.map((name) => [name, given(overrides.sysctls?.[name], HEALTHY_SYSCTLS[name])]),
  ) as Record<IntegerSysctl, Measured>
  const { first = {}, second = {} } = overrides
  const made: Reading = {
    kernel: given(overrides.kernel, '6.6.134.1-3.azl3'),
    memoryKb: given(overrides.memoryKb, 16_384_000),
    sysctls,
    localPortRange: overrides.localPortRange ?? { value: { first: 32768, last: 60999 } },
    reservedPorts: given(overrides.reservedPorts, 0),
    tcpInUse: given(overrides.tcpInUse, 40),
    first: sample(first),
    busiestTuples: overrides.busiestTuples ?? { value: [tuple()] },
  }
  if (second !== null) {
    made.second = sample({
      ...first,
      uptimeSeconds: 1002,
      ...second,
      counters: { ...first.counters, ...second.counters },
    })
  }
  return made
}

/** Twelve of the default 28,232 ports taken towards one destination. */
export function tuple(overrides: Partial<PortTuple> = {}): PortTuple {
  return {
    localAddress: '10.224.0.4',
    remoteAddress: '10.0.0.1',
    remotePort: 443,
    ports: 12,
    timeWait: 4,
    ...overrides,
  }
}

/** A ready Linux node of pool np1 with four cores. */
export function node(name = 'aks-np1-0', overrides: Partial<NodeInfo> = {}): NodeInfo {
  return {
    name,
    pool: 'np1',
    os: 'linux',
    osImage: 'Microsoft Azure Linux 3.0',
    cores: 4,
    memoryKb: 16_384_000,
    vmSize: 'Standard_D4s_v5',
    ready: true,
    schedulable: true,
    taints: [],
    internalAddress: '10.224.0.4',
    ...overrides,
  }
}

/** A node that answered. */
export function read(
  name = 'aks-np1-0',
  overrides: ReadingOverrides = {},
  info: Partial<NodeInfo> = {},
): NodeResult {
  return { kind: 'read', node: node(name, info), reading: reading(overrides) }
}

/** A node in scope that did not answer. `next: null` leaves that sentence out. */
export function unread(
  name = 'aks-np1-9',
  why = 'The kubelet did not start the pod within 60 s.',
  info: Partial<NodeInfo> = {},
  next: string | null = 'Look at the events of the node.',
): NodeResult {
  const result = { kind: 'unread' as const, node: node(name, info), why }
  return next === null ? result : { ...result, next }
}

/** A node that the checks do not concern. */
export function outOfScope(
  name = 'akswin000000',
  why = 'Windows node',
  info: Partial<NodeInfo> = {},
): NodeResult {
  return { kind: 'out-of-scope', node: node(name, { os: 'windows', ...info }), why }
}
