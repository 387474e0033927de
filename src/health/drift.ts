import { INTEGER_SYSCTLS, type IntegerSysctl, isKnown, type Reading } from '../node/reading.ts'
import type { ReadNode } from './check.ts'
import { byName } from './format.ts'

/** One setting that nodes of a pool are expected to share. */
export interface Setting {
  /** The sysctl. */
  name: string
  /** The kernel or kube-proxy derives it from cores or memory: compared among nodes of one VM size. */
  bySize: boolean
  /** Not every kernel has it: missing is no failure to read. */
  optional: boolean
  /** The value as text; undefined where it was not read. */
  of(reading: Reading): string | undefined
}

/** The values of one setting, most frequent first, each with the nodes that have it, by name. */
export interface Variants {
  setting: Setting
  values: { value: string; nodes: string[] }[]
}

const BY_SIZE: ReadonlySet<IntegerSysctl> = new Set<IntegerSysctl>([
  'net.netfilter.nf_conntrack_max',
  'net.netfilter.nf_conntrack_buckets',
  'net.ipv4.tcp_max_tw_buckets',
])

/** Every setting that the probe reads. tcp_tw_reuse_delay came with Linux 6.14. */
export const SETTINGS: readonly Setting[] = [
  ...INTEGER_SYSCTLS.map((name) => ({
    name,
    bySize: BY_SIZE.has(name),
    optional: name === 'net.ipv4.tcp_tw_reuse_delay',
    of: (reading: Reading) => textOf(reading.sysctls[name]),
  })),
  {
    name: 'net.ipv4.ip_local_port_range',
    bySize: false,
    optional: false,
    of: ({ localPortRange: range }) =>
      isKnown(range) ? `${range.value.first}-${range.value.last}` : undefined,
  },
  {
    name: 'net.ipv4.ip_local_reserved_ports',
    bySize: false,
    optional: false,
    of: ({ reservedPorts }) => textOf(reservedPorts),
  },
]

function textOf(measured: Reading['reservedPorts']): string | undefined {
  return isKnown(measured) ? String(measured.value) : undefined
}

/** Whether the setting of that node is known. */
export function isCompared(setting: Setting, node: ReadNode): boolean {
  return setting.of(node.reading) !== undefined
}

/**
 * The settings that are not the same on all nodes of one pool, in the order of SETTINGS. What depends on the
 * machine's size is compared among nodes of one VM size and core count only, as pools of node
 * auto-provisioning mix sizes.
 */
export function settingsThatDiffer(nodes: readonly ReadNode[]): Variants[] {
  return SETTINGS.flatMap((setting) => {
    const groups = setting.bySize ? [...Map.groupBy(nodes, sizeOf).values()] : [nodes]
    const differs = groups.some((group) => variantsOf(setting, group).values.length > 1)
    return differs ? [variantsOf(setting, nodes)] : []
  })
}

/** The settings that differ between VM sizes of the pool and are the same within each of them. */
export function settingsThatFollowSize(nodes: readonly ReadNode[]): Variants[] {
  const differing = settingsThatDiffer(nodes).map(({ setting }) => setting)
  return SETTINGS.filter((setting) => setting.bySize && !differing.includes(setting))
    .map((setting) => variantsOf(setting, nodes))
    .filter(({ values }) => values.length > 1)
}

function sizeOf({ info }: ReadNode): string {
  return `${info.vmSize ?? ''} ${info.cores ?? ''}`
}

function variantsOf(setting: Setting, nodes: readonly ReadNode[]): Variants {
  const byValue = new Map<string, string[]>()
  for (const node of nodes) {
    const value = setting.of(node.reading)
    if (value === undefined) continue
    const same = byValue.get(value)
    if (same) same.push(node.info.name)
    else byValue.set(value, [node.info.name])
  }
  const values = [...byValue].map(([value, names]) => ({ value, nodes: names.sort(byName) }))
  values.sort((a, b) => b.nodes.length - a.nodes.length || byName(a.value, b.value))
  return { setting, values }
}
