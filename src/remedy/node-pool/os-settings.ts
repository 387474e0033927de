/**
 * A setting of `linuxOSConfig.sysctls` as AKS documents it (custom node configuration reference, August 2026),
 * or `allowedUnsafeSysctls` of `kubeletConfig`.
 */
export type OsSetting =
  | { kind: 'number'; least: number; most: number; size: boolean; sysctl: string }
  | { kind: 'boolean'; sysctl: string }
  | { kind: 'range'; sysctl: string }

/** A size is only ever raised, and clamped to what AKS takes; any other number is taken as asked or refused. */
const size = (sysctl: string, least: number, most: number): OsSetting => ({
  kind: 'number',
  least,
  most,
  size: true,
  sysctl,
})
const number = (sysctl: string, least: number, most: number): OsSetting => ({
  kind: 'number',
  least,
  most,
  size: false,
  sysctl,
})

export const CONNTRACK_MAX = 'netNetfilterNfConntrackMax'
export const CONNTRACK_BUCKETS = 'netNetfilterNfConntrackBuckets'
export const TW_REUSE_FIELD = 'netIpv4TcpTwReuse'
export const TW_BUCKETS = 'netIpv4TcpMaxTwBuckets'
/** Of `kubeletConfig`, not of `linuxOSConfig`. */
export const UNSAFE_SYSCTLS = 'allowedUnsafeSysctls'

/** By the names of the API, whose spelling has its own ways (`netIpv4TcpkeepaliveIntvl`). */
export const OS_SETTINGS: Readonly<Record<string, OsSetting>> = {
  [CONNTRACK_MAX]: size('net.netfilter.nf_conntrack_max', 131_072, 2_097_152),
  [CONNTRACK_BUCKETS]: size('net.netfilter.nf_conntrack_buckets', 65_536, 524_288),
  [TW_REUSE_FIELD]: { kind: 'boolean', sysctl: 'net.ipv4.tcp_tw_reuse' },
  [TW_BUCKETS]: size('net.ipv4.tcp_max_tw_buckets', 8000, 1_440_000),
  netIpv4IpLocalPortRange: { kind: 'range', sysctl: 'net.ipv4.ip_local_port_range' },
  netIpv4TcpFinTimeout: number('net.ipv4.tcp_fin_timeout', 5, 120),
  netIpv4TcpKeepaliveTime: number('net.ipv4.tcp_keepalive_time', 30, 432_000),
  netIpv4TcpKeepaliveProbes: number('net.ipv4.tcp_keepalive_probes', 1, 15),
  netIpv4TcpkeepaliveIntvl: number('net.ipv4.tcp_keepalive_intvl', 10, 90),
  netIpv4TcpMaxSynBacklog: size('net.ipv4.tcp_max_syn_backlog', 128, 3_240_000),
  netIpv4NeighDefaultGcThresh1: size('net.ipv4.neigh.default.gc_thresh1', 128, 80_000),
  netIpv4NeighDefaultGcThresh2: size('net.ipv4.neigh.default.gc_thresh2', 512, 90_000),
  netIpv4NeighDefaultGcThresh3: size('net.ipv4.neigh.default.gc_thresh3', 1024, 100_000),
  netCoreSomaxconn: size('net.core.somaxconn', 4096, 3_240_000),
  netCoreNetdevMaxBacklog: size('net.core.netdev_max_backlog', 1000, 3_240_000),
  netCoreRmemDefault: size('net.core.rmem_default', 212_992, 134_217_728),
  netCoreRmemMax: size('net.core.rmem_max', 212_992, 134_217_728),
  netCoreWmemDefault: size('net.core.wmem_default', 212_992, 134_217_728),
  netCoreWmemMax: size('net.core.wmem_max', 212_992, 134_217_728),
  netCoreOptmemMax: size('net.core.optmem_max', 20_480, 4_194_304),
  fsFileMax: size('fs.file-max', 8192, Number.MAX_SAFE_INTEGER),
  fsInotifyMaxUserWatches: size('fs.inotify.max_user_watches', 781_250, 2_097_152),
  fsAioMaxNr: size('fs.aio-max-nr', 65_536, 6_553_500),
  fsNrOpen: size('fs.nr_open', 8192, 20_000_500),
  kernelThreadsMax: size('kernel.threads-max', 20, 2_147_483_647),
  vmMaxMapCount: size('vm.max_map_count', 65_530, 2_147_483_647),
  vmSwappiness: number('vm.swappiness', 0, 100),
  vmVfsCachePressure: number('vm.vfs_cache_pressure', 1, 100),
}

/** A value as it stands in `linuxOSConfig.sysctls`, or the list of `allowedUnsafeSysctls`. */
export type OsValue = number | boolean | string | string[]

/** First and last port of `netIpv4IpLocalPortRange`. */
export const PORT_LIMITS = { first: [1024, 60_999], last: [32_768, 65_535] } as const

/** A value as text, for steps and reports; null for one that is not set. */
export function written(value: unknown): string | null {
  if (value === undefined || value === null) return null
  return Array.isArray(value)
    ? value.map(String).sort().join(' ')
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value as string | number | boolean)
}

/** The value that a text of a step stands for; undefined when it is none that the setting can have. */
export function parsedValue(setting: string, text: string): OsValue | undefined {
  if (setting === UNSAFE_SYSCTLS) return text === '' ? [] : text.split(' ')
  switch (OS_SETTINGS[setting]?.kind) {
    case 'number':
      return /^\d{1,16}$/.test(text) ? Number(text) : undefined
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined
    case 'range':
      return portRange(text) === undefined ? undefined : text
    case undefined:
      return undefined
  }
}

/** Two ports in one string, as the API wants them; undefined for anything else. */
export function portRange(text: string): { first: number; last: number } | undefined {
  const [, first, last] = /^(\d{4,5}) (\d{5})$/.exec(text) ?? []
  if (first === undefined || last === undefined) return undefined
  const range = { first: Number(first), last: Number(last) }
  const inside = (value: number, [least, most]: readonly [number, number]) => value >= least && value <= most
  return inside(range.first, PORT_LIMITS.first) &&
    inside(range.last, PORT_LIMITS.last) &&
    range.first < range.last
    ? range
    : undefined
}

/** Whether `present` is at least as much as `wanted`: sizes may be larger, lists may hold more. */
export function covers(setting: string, present: unknown, wanted: OsValue): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(present) && wanted.every((each) => (present as unknown[]).includes(each))
  }
  const known = OS_SETTINGS[setting]
  if (known?.kind === 'number' && known.size && typeof present === 'number') return present >= Number(wanted)
  if (known?.kind === 'range' && typeof present === 'string') {
    return present.trim().split(/\s+/).join(' ') === wanted
  }
  return present === wanted
}

/** What both ask for at once: the larger size, the union of lists, else the wanted one. */
export function joined(setting: string, present: unknown, wanted: OsValue): OsValue {
  if (covers(setting, present, wanted)) return present as OsValue
  if (Array.isArray(wanted) && Array.isArray(present)) {
    return [...new Set([...(present as unknown[]).map(String), ...wanted])]
  }
  return wanted
}
