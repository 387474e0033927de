import { messageOf, UserError } from '../errors.ts'
import { RANDOM_ID } from '../node/nodes.ts'
import {
  DAEMONSET_SETTINGS,
  type DaemonSetSetting,
  isIntegerFor,
  isSettingValue,
} from './daemonset-settings.ts'
import { type Change, nameOf, type RemedyId, type Target } from './remedy.ts'
import { WRITTEN, type WrittenSysctl } from './sysctl-targets.ts'

/** The most that is read: a report of 5,000 nodes has 20,000 changes and some 30 MiB. */
const most = { bytes: 128 * 2 ** 20, changes: 50_000 }

/** How the present cluster is told from another one of the same node names. */
export interface ClusterIdentity {
  server: string
  id?: string | undefined
}

/** What a fix changed and how to put it back: one setting of one target, over all remedies of that run. */
export interface Restorable {
  target: Target
  setting: string
  /** What was there before the fix; null: the object did not exist; undefined: it is not recorded. */
  before: string | null | undefined
  /** What the fix left there. */
  wrote: string | null
}

/**
 * Reads an earlier report for what it says was changed. The file is not trusted: only settings that the action
 * itself writes, with values that they can have, come out of it, and only for the cluster that it was made on.
 * @throws UserError when it is no report, or one of another cluster.
 */
export function readRestoreReport(text: string, cluster: ClusterIdentity): Restorable[] {
  if (Buffer.byteLength(text) > most.bytes) throw refused(`it is larger than ${most.bytes / 2 ** 20} MiB`)
  const report = objectOf(parse(text), 'it is no JSON object')
  if (
    report.schemaVersion !== 1 ||
    objectOf(report.tool, 'it names no tool').name !== 'aks-connection-health'
  ) {
    throw refused('it is no report of this action in a version that can be read')
  }
  checkCluster(objectOf(report.cluster, 'it names no cluster'), cluster)
  if (report.fix === undefined) throw refused('it is of a run that changed nothing: it has no `fix` part')
  const { changes, dryRun } = objectOf(report.fix, '`fix` is no object')
  if (dryRun === true) throw refused('it is of a dry run, which changed nothing')
  if (!Array.isArray(changes)) throw refused('`fix.changes` is no list')
  if (changes.length > most.changes) throw refused(`it has more than ${most.changes} changes`)
  return restorablesOf(changes.map((change, index) => readChange(change, `fix.changes[${index}]`)))
}

/** What there is to put back of a run's changes: first value before, last value written, of each setting. */
export function restorablesOf(changes: Change[]): Restorable[] {
  const found = new Map<string, Restorable>()
  for (const { target, setting, before, wanted, after, outcome } of changes) {
    if (!['changed', 'unproven', 'failed'].includes(outcome)) continue
    // A failed change left something behind only where another value than before was read back.
    if (outcome === 'failed' && (after === undefined || after === before)) continue
    if (!isRestorable(target, setting)) continue
    // What was read back on a node may be what somebody else wrote in the meantime.
    const wrote = after === undefined || target.kind === 'node' ? wanted : after
    const key = JSON.stringify([nameOf(target), setting])
    const earlier = found.get(key)
    if (earlier) Object.assign(earlier, { target, wrote })
    else found.set(key, { target, setting, before, wrote })
  }
  return [...found.values()].filter(({ before, wrote }) => before !== wrote)
}

/** Names and values of a node pool's settings, as far as they are known here: its own code checks them further. */
const POOL_SETTING = /^[A-Za-z][A-Za-z0-9]{0,59}$/
const POOL_VALUE = /^[\w *./-]{0,2000}$/

/** Whether a setting is one that restore knows how to put back. */
function isRestorable(target: Target, setting: string): boolean {
  if (target.kind === 'node') return WRITTEN.includes(setting as WrittenSysctl)
  if (target.kind === 'service') return setting === 'externalTrafficPolicy'
  if (target.kind === 'node-pool') return POOL_SETTING.test(setting)
  return DAEMONSET_SETTINGS.includes(setting as DaemonSetSetting)
}

const outcomes = ['changed', 'unchanged', 'refused', 'skipped', 'failed', 'unproven'] as const
const remedies = ['service-policy', 'sysctl', 'daemonset', 'node-pool', 'restore'] as const

function readChange(value: unknown, where: string): Change {
  const change = objectOf(value, `${where} is no object`)
  const target = readTarget(objectOf(change.target, `${where}.target is no object`), where)
  const setting = text(change.setting, `${where}.setting`)
  const remedy = oneOf<RemedyId>(remedies, change.remedy, `${where}.remedy`)
  const outcome = oneOf(outcomes, change.outcome, `${where}.outcome`)
  const values = { before: change.before, wanted: change.wanted, after: change.after }
  const checked = isRestorable(target, setting)
    ? Object.entries(values).map(([name, one]) => [
        name,
        settingValue(target, setting, one, `${where}.${name}`),
      ])
    : []
  const { before, wanted, after } = Object.fromEntries(checked)
  return { remedy, target, setting, before, wanted: wanted ?? null, after, outcome }
}

const forms = {
  /** Names of nodes, namespaces and services. */
  dns: /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/,
  pool: /^[A-Za-z0-9._-]{0,253}$/,
}

function readTarget(target: Record<string, unknown>, where: string): Target {
  const name = text(target.name, `${where}.target.name`, forms.dns)
  switch (target.kind) {
    case 'node': {
      const ids = (['uid', 'bootId'] as const)
        .filter((id) => target[id] !== undefined)
        .map((id) => [id, text(target[id], `${where}.target.${id}`, RANDOM_ID)])
      const pool = text(target.pool, `${where}.target.pool`, forms.pool)
      return { kind: 'node', name, pool, ...Object.fromEntries(ids) }
    }
    case 'service':
    case 'daemonset':
      return {
        kind: target.kind,
        namespace: text(target.namespace, `${where}.target.namespace`, forms.dns),
        name,
      }
    case 'node-pool':
      return { kind: 'node-pool', name }
    default:
      throw refused(`${where}.target.kind is none that this action has`)
  }
}

/** A value of a setting, strictly: null where the object was not there, absent where it was not known. */
function settingValue(
  target: Target,
  setting: string,
  value: unknown,
  where: string,
): string | null | undefined {
  if (value === undefined) return undefined
  if (value === null && target.kind !== 'node') return null
  const known = text(value, where)
  const fits =
    target.kind === 'node'
      ? isIntegerFor(setting as WrittenSysctl, known)
      : target.kind === 'service'
        ? known === 'Cluster' || known === 'Local'
        : target.kind === 'node-pool'
          ? POOL_VALUE.test(known)
          : isSettingValue(setting as DaemonSetSetting, known)
  if (!fits) throw refused(`${where} is no value that ${setting} can have`)
  return known
}

function checkCluster(told: Record<string, unknown>, cluster: ClusterIdentity): void {
  const same =
    typeof told.id === 'string' && cluster.id !== undefined
      ? told.id.toLowerCase() === cluster.id.toLowerCase()
      : told.server === cluster.server
  if (!same) throw refused('it is of another cluster than the one that this run is on')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw refused(`it is not JSON: ${messageOf(error)}`)
  }
}

function objectOf(value: unknown, problem: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused(problem)
  return value as Record<string, unknown>
}

function text(value: unknown, where: string, form = /^[^\n]{0,4000}$/): string {
  if (typeof value !== 'string' || !form.test(value)) throw refused(`${where} is missing or malformed`)
  return value
}

function oneOf<T extends string>(known: readonly T[], value: unknown, where: string): T {
  const found = known.find((one) => one === value)
  if (found === undefined) throw refused(`${where} is none that this action has`)
  return found
}

function refused(why: string): UserError {
  return new UserError(`restore-from cannot be used: ${why}`, {
    next: 'Name the JSON report (output `report`) of the run whose fix shall be undone, on the same cluster. Nothing was changed.',
    docs: 'troubleshooting.md#the-report-to-restore-from-cannot-be-used',
  })
}
