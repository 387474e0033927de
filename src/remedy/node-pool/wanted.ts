import { record } from '../../azure/arm-error.ts'
import { isKnown, type NodeResult } from '../../node/reading.ts'
import type { Step } from '../remedy.ts'
import { bucketsFor, MAX_PER_CORE, type Need, type WantedSettings } from '../sysctl-targets.ts'
import { clamped } from './linux-os-sysctls.ts'
import {
  CONNTRACK_BUCKETS,
  CONNTRACK_MAX,
  covers,
  joined,
  OS_SETTINGS,
  type OsSetting,
  type OsValue,
  parsedValue,
  TW_BUCKETS,
  TW_REUSE_FIELD,
  UNSAFE_SYSCTLS,
  written,
} from './os-settings.ts'

/** What the user asked for. */
export interface WantedConfig extends WantedSettings {
  /** Further settings of `linuxOSConfig.sysctls`. */
  extra: Record<string, OsValue>
  unsafeSysctls: string[]
}

/** A pool as far as its settings go. */
export interface PoolSettings {
  name: string
  properties: Record<string, unknown>
  /** Readings of its nodes. */
  nodes: NodeResult[]
}

/** A step about one setting of one pool. */
export type PoolStep = Step & { target: { kind: 'node-pool'; name: string } }

type Decision = Pick<Step, 'to' | 'intent' | 'why'>

/** The present configuration of a pool: `linuxOSConfig.sysctls`, and the unsafe sysctls of its kubelet. */
export function presentSetting(properties: Record<string, unknown>, setting: string): unknown {
  if (setting === UNSAFE_SYSCTLS) return record(properties.kubeletConfig)?.[UNSAFE_SYSCTLS]
  return record(record(properties.linuxOSConfig)?.sysctls)?.[setting]
}

/** What shall become of each setting of a pool. `from` is what its configuration says; null: nothing. */
export function settingSteps(pool: PoolSettings, needs: ReadonlySet<Need>, wanted: WantedConfig): PoolStep[] {
  const steps: PoolStep[] = []
  const add = (setting: string, { to, intent, why }: Decision) =>
    steps.push({
      remedy: 'node-pool',
      target: { kind: 'node-pool', name: pool.name },
      setting,
      from: written(presentSetting(pool.properties, setting)),
      to,
      intent,
      ...(why && { why }),
    })
  const extra = { ...wanted.extra }
  if (needs.has('conntrack')) {
    const max = conntrackMax(pool, wanted.conntrackMax)
    const asked = Number(extra[CONNTRACK_BUCKETS] ?? 0)
    delete extra[CONNTRACK_BUCKETS]
    add(CONNTRACK_BUCKETS, buckets(pool, Number(max.to), asked))
    add(CONNTRACK_MAX, max)
  }
  if (needs.has('time-wait')) {
    add(TW_REUSE_FIELD, twReuse(pool, wanted.twReuse))
    add(TW_BUCKETS, sizeStep(pool, TW_BUCKETS, wanted.maxTwBuckets, []))
  }
  for (const [setting, value] of Object.entries(extra)) add(setting, asAsked(pool, setting, value))
  if (wanted.unsafeSysctls.length > 0)
    add(UNSAFE_SYSCTLS, asAsked(pool, UNSAFE_SYSCTLS, wanted.unsafeSysctls))
  return steps
}

function conntrackMax(pool: PoolSettings, asked: number): Decision {
  const cores = Math.max(0, ...pool.nodes.map(({ node }) => node.cores ?? 0))
  const floor = Math.max(asked, MAX_PER_CORE * cores)
  const remarks = floor > asked ? [`raised from ${asked} to what kube-proxy sets for ${cores} cores`] : []
  if (measured(pool, CONNTRACK_MAX).includes(0)) {
    remarks.push('some of its nodes have 0, no limit, by a setting that new nodes do not get')
  }
  return sizeStep(pool, CONNTRACK_MAX, floor, remarks)
}

function buckets(pool: PoolSettings, max: number, asked: number): Decision {
  return sizeStep(pool, CONNTRACK_BUCKETS, Math.max(bucketsFor(max), asked), ['a quarter of the maximum'])
}

/** A size: the largest of what is asked, configured and in force on a node, within what AKS takes. */
function sizeStep(pool: PoolSettings, setting: string, asked: number, remarks: string[]): Decision {
  const limits = OS_SETTINGS[setting] as Extract<OsSetting, { kind: 'number' }>
  const present = presentSetting(pool.properties, setting)
  const configured = typeof present === 'number' ? present : 0
  const inForce = Math.max(0, ...measured(pool, setting))
  const goal = Math.max(asked, configured, inForce)
  const to = Math.max(limits.least, Math.min(goal, limits.most))
  const known = measured(pool, setting)
  const said =
    goal > asked && goal === inForce
      ? [`some of its nodes have ${inForce} now`]
      : [...remarks, ...(known.length > 0 ? [`its nodes have ${spread(known)} now`] : [])]
  if (goal > limits.most) {
    said.push(clamped('clamped', goal, limits).replace('clamped: ', ''))
    if (inForce > limits.most) said.push(`nodes that have ${inForce} now have it until they are replaced`)
  }
  return configured >= to ? satisfied(pool, setting, configured, to) : change(`${to}`, said)
}

function spread(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return least === most ? `${least}` : `${least} to ${most}`
}

function twReuse(pool: PoolSettings, wanted: number): Decision {
  const present = presentSetting(pool.properties, TW_REUSE_FIELD)
  if (wanted === 1) return present === true ? satisfied(pool, TW_REUSE_FIELD, 1, 1) : change('true')
  const why = 'AKS takes only true, which is 1; 2 is what nodes have where the pool does not say'
  return present === undefined || present === null
    ? { to: '2', intent: 'skip', why }
    : { to: '2', intent: 'refuse', why: `${why}, and it does not let that be taken back` }
}

/** What the user gives by name: never less of a size, never fewer of a list. */
function asAsked(pool: PoolSettings, setting: string, wanted: OsValue): Decision {
  const present = presentSetting(pool.properties, setting)
  const known = OS_SETTINGS[setting]
  if (known?.kind === 'number' && known.size) return sizeStep(pool, setting, Number(wanted), [])
  if (covers(setting, present, wanted)) {
    return { to: written(present), intent: 'skip', why: 'the pool has it already' }
  }
  return change(written(joined(setting, present, wanted)) ?? '')
}

function change(to: string, remarks: string[] = []): Decision {
  return { to, intent: 'change', ...(remarks.length > 0 && { why: remarks.join('; ') }) }
}

/** The configuration is as wanted; says so when nodes are not, which another node pool would not change. */
function satisfied(pool: PoolSettings, setting: string, configured: number, wanted: number): Decision {
  const less = measured(pool, setting).filter((value) => value !== 0 && value < configured)
  const more = configured > wanted ? `, more than the wanted ${wanted}` : ''
  const why =
    less.length === 0
      ? `the pool has it already${more}`
      : `the pool has it already${more}, yet ${less.length} of its nodes have less (${Math.min(...less)}): they are older than the setting, or something on them writes it after the start, as kube-proxy does; the remedy daemonset writes it again`
  const present = written(presentSetting(pool.properties, setting))
  return { to: present, intent: 'skip', why }
}

/** The values of the sysctl behind a setting on the nodes that were read. */
function measured({ nodes }: PoolSettings, setting: string): number[] {
  const sysctl = OS_SETTINGS[setting]?.sysctl
  return nodes.flatMap((result) => {
    if (result.kind !== 'read' || sysctl === undefined) return []
    const value = (result.reading.sysctls as Partial<typeof result.reading.sysctls>)[
      sysctl as keyof typeof result.reading.sysctls
    ]
    return value !== undefined && isKnown(value) ? [value.value] : []
  })
}

/** The configuration that the change steps ask for, by setting. */
export function wantedValues(steps: readonly Step[], pool: string): Record<string, OsValue> {
  const values: Record<string, OsValue> = {}
  for (const { target, setting, to, intent } of steps) {
    if (target.kind !== 'node-pool' || target.name !== pool || intent !== 'change' || to === null) continue
    const value = parsedValue(setting, to)
    if (value !== undefined) values[setting] = value
  }
  return values
}
