import { byWorst, type Check, type CheckInput, nameOf, type ReadNode, readNodes } from '../check.ts'
import {
  isCompared,
  SETTINGS,
  type Setting,
  settingsThatDiffer,
  settingsThatFollowSize,
  type Variants,
} from '../drift.ts'
import type { Finding } from '../finding.ts'
import { names, plural } from '../format.ts'

/** Whether the nodes of a pool carry the same settings. One that differs was tuned by hand, or missed. */
export const poolDrift: Check = {
  id: 'pool-drift',
  make: judge,
  phrase(group) {
    const [worst] = byWorst(group)
    if (!worst) return ''
    return `with nodes that differ (worst ${nameOf(worst.subject)}: ${names(String(worst.evidence.settings ?? '').split(', '))})`
  },
}

function judge(input: CheckInput): Finding[] {
  const nodes = readNodes(input.nodes)
  const pools = Map.groupBy(nodes, (node) => node.info.pool)
  const findings = [...pools.keys()]
    .sort()
    .flatMap((pool) => (pool === '' ? [] : aboutPool(pool, pools.get(pool) ?? [])))
  const without = pools.get('')?.length ?? 0
  if (without === 0) return findings
  const summary = `${plural(without, 'node')} in no pool: nothing says that they should be alike`
  return [...findings, { ...base({ kind: 'cluster' }), status: 'not-made', summary, decides: false }]
}

function aboutPool(pool: string, nodes: readonly ReadNode[]): Finding {
  const shared = { ...base({ kind: 'pool', name: pool }), evidence: { nodesCompared: nodes.length } }
  if (nodes.length < 2) return { ...shared, status: 'ok', summary: 'one node was read: nothing to compare' }
  const differing = settingsThatDiffer(nodes)
  if (differing.length > 0) return drift(shared, differing, nodes.length)
  const missing = SETTINGS.filter(
    (setting) => !setting.optional && nodes.some((node) => !isCompared(setting, node)),
  )
  if (missing.length > 0) return undecided(shared, missing, nodes)
  return { ...shared, ...alike(nodes) }
}

function base(subject: Finding['subject']): Omit<Finding, 'status' | 'summary'> {
  return { check: poolDrift.id, subject, evidence: {}, decides: true }
}

function drift(shared: Omit<Finding, 'status' | 'summary'>, differing: Variants[], nodes: number): Finding {
  const told = differing.slice(0, 3).map(wordsFor).join('; ')
  const more = differing.length > 3 ? `; and ${plural(differing.length - 3, 'more setting')}` : ''
  const evidence: Finding['evidence'] = {
    ...shared.evidence,
    settings: differing.map(({ setting }) => setting.name).join(', '),
  }
  for (const variants of differing) evidence[variants.setting.name] = valuesOf(variants, 10)
  return {
    ...shared,
    status: 'warning',
    summary: `${plural(differing.length, 'setting differs', 'settings differ')} between ${plural(nodes, 'node')}: ${told}${more}`,
    value: differing.length,
    threshold: 1,
    evidence,
    advice:
      'Make the nodes alike with fix: daemonset and fix-scope: all, or replace the odd ones; a sysctl set by hand is lost at reboot.',
  }
}

function wordsFor(variants: Variants): string {
  return `${variants.setting.name} is ${valuesOf(variants, 3)}`
}

/** `1 on 11 nodes, 2 on aks-np1-3`: the value of most nodes counted, the odd ones by name. */
function valuesOf({ values }: Variants, most: number): string {
  const told = values.slice(0, 4).map(({ value, nodes }, index) => {
    const isMajority = index === 0 && nodes.length > (values[1]?.nodes.length ?? 0)
    return `${value} on ${isMajority ? plural(nodes.length, 'node') : names(nodes, most)}`
  })
  const more = values.length > 4 ? `, and ${values.length - 4} more values` : ''
  return told.join(', ') + more
}

function undecided(
  shared: Omit<Finding, 'status' | 'summary'>,
  missing: readonly Setting[],
  nodes: readonly ReadNode[],
): Finding {
  const where = nodes
    .filter((node) => missing.some((setting) => !isCompared(setting, node)))
    .map((node) => node.info.name)
  const what = names(missing.map((setting) => setting.name))
  const summary = `not all settings could be compared: ${what} could not be read on ${names(where)}`
  return { ...shared, status: 'unknown', summary }
}

/** Says what was the same, what differs only with the VM size, and what some kernels do not have. */
function alike(nodes: readonly ReadNode[]): Pick<Finding, 'status' | 'summary' | 'evidence'> {
  const absent = SETTINGS.filter(
    (setting) => setting.optional && nodes.some((node) => !isCompared(setting, node)),
  ).map(({ name }) => name)
  const bySize = settingsThatFollowSize(nodes).map(({ setting }) => setting.name)
  const same = SETTINGS.length - absent.length - bySize.length
  const summary = [
    `${plural(nodes.length, 'node')} with the same ${plural(same, 'setting')}`,
    bySize.length > 0 ? `; ${names(bySize)} the same on nodes of one VM size` : '',
    absent.length > 0 ? `; ${names(absent)} not on every kernel` : '',
  ].join('')
  const evidence: Finding['evidence'] = {
    nodesCompared: nodes.length,
    settingsCompared: SETTINGS.length - absent.length,
  }
  if (bySize.length > 0) evidence.comparedByVmSize = bySize.join(', ')
  if (absent.length > 0) evidence.notCompared = absent.join(', ')
  return { status: 'ok', summary, evidence }
}
