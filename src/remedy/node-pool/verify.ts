import { isKnown, type NodeResult } from '../../node/reading.ts'
import type { Change, RemedyContext } from '../remedy.ts'
import { listNames } from '../words.ts'
import { covers, OS_SETTINGS, parsedValue, UNSAFE_SYSCTLS } from './os-settings.ts'

/** A setting as it is on the nodes of a pool. */
export type OnNodes =
  | { kind: 'carried'; nodes: number }
  /** The probe does not read it. */
  | { kind: 'not-read' }
  /** The value of the first node that does not have it, and why the nodes do not count as proof. */
  | { kind: 'missing'; value: string | undefined; why: string }

/** Whether every one of these nodes has a setting, as the auditor read them. */
export function onNodes(setting: string, wanted: string, results: readonly NodeResult[]): OnNodes {
  const sysctl = OS_SETTINGS[setting]?.sysctl
  const value = parsedValue(setting, wanted)
  if (sysctl === undefined || value === undefined || setting === UNSAFE_SYSCTLS) return { kind: 'not-read' }
  const unread: string[] = []
  const wrong: { node: string; value: string }[] = []
  let readable = true
  for (const result of results) {
    if (result.kind !== 'read') {
      unread.push(`${result.node.name} (${result.why})`)
      continue
    }
    const present = measuredText(result, setting, sysctl)
    if (present === undefined) readable = false
    else if (present.unknown !== undefined) unread.push(`${result.node.name} (${present.unknown})`)
    else if (!covers(setting, fromKernel(setting, present.text), value)) {
      wrong.push({ node: result.node.name, value: present.text })
    }
  }
  if (!readable) return { kind: 'not-read' }
  if (wrong.length > 0) {
    const nodes = listNames(wrong.map(({ node, value }) => `${node} has ${value}`))
    return { kind: 'missing', value: wrong[0]?.value, why: `the nodes do not carry it: ${nodes}` }
  }
  if (unread.length > 0) {
    return { kind: 'missing', value: undefined, why: `nodes could not be read: ${listNames(unread, 3)}` }
  }
  return { kind: 'carried', nodes: results.length }
}

/** A value of the kernel as text; undefined when the probe does not read that sysctl. */
function measuredText(
  { reading }: Extract<NodeResult, { kind: 'read' }>,
  setting: string,
  sysctl: string,
): { text: string; unknown?: undefined } | { unknown: string } | undefined {
  if (setting === 'netIpv4IpLocalPortRange') {
    const { localPortRange: range } = reading
    return isKnown(range) ? { text: `${range.value.first} ${range.value.last}` } : range
  }
  const measured = new Map(Object.entries(reading.sysctls)).get(sysctl)
  if (measured === undefined) return undefined
  return isKnown(measured) ? { text: `${measured.value}` } : measured
}

/** What a value of the kernel is in the terms of Azure. */
function fromKernel(setting: string, text: string): unknown {
  const kind = OS_SETTINGS[setting]?.kind
  return kind === 'number' ? Number(text) : kind === 'boolean' ? text === '1' : text
}

/**
 * Holds what was changed against the nodes: a change is one only when every node of the pool has it.
 * @param results what was read of the nodes that the pool has now; none: the pool is empty.
 */
export function proved(change: Change, results: readonly NodeResult[]): Change {
  if (!['changed', 'unchanged'].includes(change.outcome) || change.wanted === null) return change
  if (results.length === 0) {
    return { ...change, why: joinWhy(change.why, 'the pool has no node to verify it on; later nodes get it') }
  }
  const found = onNodes(change.setting, change.wanted, results)
  switch (found.kind) {
    case 'carried':
      return { ...change, after: change.wanted }
    case 'not-read':
      return { ...change, why: joinWhy(change.why, 'Azure has it; it is not read on the nodes') }
    case 'missing': {
      const outcome = found.value === undefined ? 'unproven' : 'failed'
      return { ...change, after: found.value, outcome, why: `Azure has it, but ${found.why}` }
    }
  }
}

function joinWhy(why: string | undefined, more: string): string {
  return why === undefined ? more : `${why}; ${more}`
}

/** Reads nodes by name again; those of `gone` are read too, so that they are known to have left. */
export async function readByName(
  names: readonly string[],
  gone: readonly string[],
  context: RemedyContext,
): Promise<NodeResult[]> {
  const all = [...new Set([...names, ...gone])]
  if (all.length === 0) return []
  const results = await context.readAgain(all)
  const byName = new Map(results.map((result) => [result.node.name, result]))
  return names.map((name): NodeResult => byName.get(name) ?? unread(name))
}

function unread(name: string): NodeResult {
  const node = { name, pool: '', os: '', ready: false, schedulable: false, taints: [] }
  return { kind: 'unread', node, why: 'it was not read again' }
}
