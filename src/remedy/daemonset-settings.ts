import { areasText, parseAreas } from './area.ts'
import { BUCKETS, LIMITS, MAX, MAX_TW_BUCKETS, TW_REUSE, type WrittenSysctl } from './sysctl-targets.ts'

/**
 * All that can be set on the DaemonSet, as texts: this is what plans compare, reports record and restore puts
 * back. An empty text: the sysctl is not touched, or no node is left out.
 */
export interface DaemonSetSettings {
  image: string
  /** The maximum that every node gets at least; never below what it has or what its cores call for. */
  'conntrack-max': string
  /** Buckets that every node gets at least, for that maximum or the largest that a node has already. */
  'conntrack-buckets': string
  'tw-reuse': string
  'max-tw-buckets': string
  /** Which nodes it serves; see area.ts. */
  nodes: string
  /** Names of nodes that it leaves out, with commas. */
  'left-out': string
}
export type DaemonSetSetting = keyof DaemonSetSettings

export const DAEMONSET_SETTINGS = [
  'image',
  'conntrack-max',
  'conntrack-buckets',
  'tw-reuse',
  'max-tw-buckets',
  'nodes',
  'left-out',
] as const satisfies readonly DaemonSetSetting[]

/** The sysctl that a setting is for. */
export const SYSCTL_OF = {
  'conntrack-max': MAX,
  'conntrack-buckets': BUCKETS,
  'tw-reuse': TW_REUSE,
  'max-tw-buckets': MAX_TW_BUCKETS,
} as const satisfies Partial<Record<DaemonSetSetting, WrittenSysctl>>

/** Annotations that hold what the node affinity was made from. */
export const ANNOTATIONS = {
  nodes: 'aks-connection-health/nodes',
  'left-out': 'aks-connection-health/left-out',
} as const

const forms: Record<'image' | 'left-out', RegExp> = {
  image: /^[A-Za-z0-9][A-Za-z0-9._/:@-]{0,511}$/,
  'left-out': /^(?:[a-z0-9.-]{1,253}(?:,[a-z0-9.-]{1,253})*)?$/,
}

/** Whether a text can be the value of a setting: what comes from the cluster or a report is not trusted. */
export function isSettingValue(setting: DaemonSetSetting, text: string): boolean {
  switch (setting) {
    case 'image':
    case 'left-out':
      return forms[setting].test(text)
    case 'nodes':
      return parseAreas(text) !== undefined
    case 'conntrack-max':
    case 'conntrack-buckets':
    case 'tw-reuse':
    case 'max-tw-buckets':
      return text === '' || isIntegerFor(SYSCTL_OF[setting], text)
  }
}

/** Whether a text is an integer that the kernel takes for a sysctl. */
export function isIntegerFor(sysctl: WrittenSysctl, text: string): boolean {
  if (!/^(?:0|[1-9]\d{0,9})$/.test(text)) return false
  return Number(text) >= LIMITS[sysctl].least && Number(text) <= LIMITS[sysctl].most
}

/**
 * What the DaemonSet shall have when one with `present` is there: nothing that it does is taken away. Sizes are
 * not lowered and served nodes stay served; nodes that were left out and have now been read are served.
 */
export function mergeSettings(
  present: DaemonSetSettings,
  wanted: DaemonSetSettings,
  read: ReadonlySet<string>,
): DaemonSetSettings {
  const leftOut = [
    ...names(present['left-out']).filter((name) => !read.has(name)),
    ...names(wanted['left-out']),
  ]
  const areas = [...(parseAreas(present.nodes) ?? []), ...(parseAreas(wanted.nodes) ?? [])]
  return {
    image: wanted.image,
    'conntrack-max': larger(present['conntrack-max'], wanted['conntrack-max']),
    'conntrack-buckets': larger(present['conntrack-buckets'], wanted['conntrack-buckets']),
    'tw-reuse': wanted['tw-reuse'] || present['tw-reuse'],
    'max-tw-buckets': larger(present['max-tw-buckets'], wanted['max-tw-buckets']),
    nodes: areasText(areas),
    'left-out': joined(leftOut),
  }
}

function larger(a: string, b: string): string {
  if (a === '' || b === '') return a || b
  return Number(a) >= Number(b) ? a : b
}

export function names(text: string): string[] {
  return text === '' ? [] : text.split(',')
}

export function joined(list: readonly string[]): string {
  return [...new Set(list)].sort().join(',')
}
