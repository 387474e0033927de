import { load } from 'js-yaml'
import { messageOf, UserError } from '../../errors.ts'
import {
  CONNTRACK_BUCKETS,
  CONNTRACK_MAX,
  OS_SETTINGS,
  type OsSetting,
  type OsValue,
  PORT_LIMITS,
  portRange,
  TW_BUCKETS,
  TW_REUSE_FIELD,
} from './os-settings.ts'

/** Further settings of a pool, and what had to be said about them. */
export interface ExtraSettings {
  values: Record<string, OsValue>
  /** Values that were clamped to what AKS takes. */
  notices: string[]
}

/** Settings that have an input of their own. */
const OWN_INPUT: Record<string, string> = {
  [CONNTRACK_MAX]: 'conntrack-max',
  [TW_REUSE_FIELD]: 'tw-reuse',
  [TW_BUCKETS]: 'max-tw-buckets',
}

const MOST_CHARACTERS = 10_000

/**
 * Reads the input `linux-os-sysctls`: a map of YAML or JSON by the names of the API. Sizes above what AKS takes
 * are clamped with a notice; anything else out of range is an error, as another value would mean something else.
 * @throws UserError with every problem.
 */
export function readLinuxOsSysctls(text: string): ExtraSettings {
  const extra: ExtraSettings = { values: {}, notices: [] }
  if (text.trim() === '') return extra
  const problems: string[] = []
  for (const [name, value] of Object.entries(parse(text))) {
    const setting = Object.hasOwn(OS_SETTINGS, name) ? OS_SETTINGS[name] : undefined
    const input = OWN_INPUT[name]
    if (setting === undefined) problems.push(`${name} is no sysctl that AKS takes${nearest(name)}`)
    else if (input !== undefined) problems.push(`${name} has an input of its own: ${input}`)
    else readValue(name, setting, value, extra, problems)
  }
  if (problems.length > 0) throw refused(problems.join('; '))
  return extra
}

function parse(text: string): Record<string, unknown> {
  if (text.length > MOST_CHARACTERS) throw refused(`it is longer than ${MOST_CHARACTERS} characters`)
  let value: unknown
  try {
    value = load(text)
  } catch (error) {
    throw refused(`it is neither YAML nor JSON: ${messageOf(error).split('\n')[0] ?? ''}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused('it is no map of names and values')
  }
  return value as Record<string, unknown>
}

function readValue(
  name: string,
  setting: OsSetting,
  value: unknown,
  extra: ExtraSettings,
  problems: string[],
): void {
  if (setting.kind === 'range') {
    const text = typeof value === 'string' ? value.trim().split(/\s+/).join(' ') : ''
    if (portRange(text)) extra.values[name] = text
    else {
      const { first, last } = PORT_LIMITS
      problems.push(
        `${name} takes two ports in one string, the first ${first.join(' to ')}, the last ${last.join(' to ')}, e.g. "16384 60999"`,
      )
    }
    return
  }
  if (setting.kind === 'boolean') {
    if (value === true) extra.values[name] = true
    else problems.push(`${name} takes true only`)
    return
  }
  const range = `${setting.least} to ${setting.most}`
  if (typeof value !== 'number' || !Number.isInteger(value)) problems.push(`${name} takes a number, ${range}`)
  else if (value < setting.least || (value > setting.most && !setting.size)) {
    problems.push(`${name}: AKS takes ${range}, not ${value}`)
  } else {
    extra.values[name] = Math.min(value, setting.most)
    if (value > setting.most) extra.notices.push(clamped(name, value, setting))
  }
}

/** The notice for a size that AKS does not take as large as it was asked for. */
export function clamped(
  name: string,
  asked: number,
  { least, most }: { least: number; most: number },
): string {
  return `${name}: clamped from ${asked} to ${most}, as AKS takes ${least} to ${most}`
}

/** `; did you mean netCoreSomaxconn?` for a name that differs only in case and signs, or the name in /proc. */
function nearest(name: string): string {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '')
  const found = Object.keys(OS_SETTINGS).find((known) => plain(known) === plain(name))
  return found === undefined ? '' : `; did you mean ${found}?`
}

function refused(why: string): UserError {
  return new UserError(`linux-os-sysctls: ${why}.`, {
    next: `Give a map such as "netIpv4IpLocalPortRange: 16384 60999". AKS takes: ${Object.keys(OS_SETTINGS)
      .filter((name) => OWN_INPUT[name] === undefined && name !== CONNTRACK_BUCKETS)
      .join(', ')}.`,
  })
}

/** Patterns of sysctls that AKS lets a kubelet allow. */
const UNSAFE_PATTERN = /^(?:kernel\.(?:shm|msg)[\w*.-]*|kernel\.sem|fs\.mqueue\.[\w*.-]+|net\.[\w*./-]+)$/

export function isUnsafeSysctl(name: string): boolean {
  return UNSAFE_PATTERN.test(name)
}

/** Checks the input `kubelet-allowed-unsafe-sysctls`. @throws UserError with every problem. */
export function readUnsafeSysctls(names: readonly string[]): string[] {
  const bad = names.filter((name) => !isUnsafeSysctl(name))
  if (bad.length > 0) {
    throw new UserError(`kubelet-allowed-unsafe-sysctls: AKS does not let pods set ${bad.join(', ')}.`, {
      next: 'Allowed are kernel.shm*, kernel.msg*, kernel.sem, fs.mqueue.* and net.*.',
    })
  }
  return [...new Set(names)].sort()
}
