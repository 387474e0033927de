import { count, percentLimit } from '../../health/format.ts'
import { THRESHOLD_INPUTS } from '../../health/thresholds.ts'
import { passages } from '../clean.ts'
import { moment } from '../labels.ts'
import { blocks, type Content, code, details, heading, list, type Markup, md, table } from '../markdown.ts'
import type { Report } from '../report.ts'
import { nodeCounts } from '../view/headline.ts'
import { nameList, passagesMarkup } from './pieces.ts'

const MOST_POOLS = 50
const MOST_NOTES = 20

/** Remarks that concern the whole cluster. */
export function notesSection(report: Report): Markup | undefined {
  if (report.notes.length === 0) return undefined
  const notes = report.notes.slice(0, MOST_NOTES).map((note) => passagesMarkup(passages(note)))
  return blocks(heading(3, 'Notes'), ...notes)
}

/** The thresholds and the policy that were in force: a misspelt input is ignored by the runner without an error. */
export function thresholdsSection(report: Report): Markup {
  const { thresholds, policy } = report
  const inputs: [string, string][] = [
    ...Object.entries(THRESHOLD_INPUTS).map(([key, input]): [string, string] => {
      const value = thresholds[key as keyof typeof thresholds]
      return [input, Array.isArray(value) ? value.join(',') : shown(input, value)]
    }),
    ['sample-seconds', String(report.sampleSeconds)],
    ['fail-on', policy.failOn],
    ['unknown-nodes-allowed', String(policy.unknownNodesAllowed)],
  ]
  const rows = inputs.map(([name, value]) => [code(name), value])
  return details('Thresholds and policy in force', table([{ title: 'Input' }, { title: 'Value' }], rows))
}

function shown(input: string, value: number): string {
  return input.endsWith('-percent') ? percentLimit(value) : String(value)
}

/** What was looked at: the scope, how many nodes of each kind, and the cluster's facts. */
export function clusterSection(report: Report): Markup {
  const { cluster, scope } = report
  const counts = nodeCounts(report)
  const facts: Content[] = [
    md`Nodes: ${count(counts.read)} read, ${count(counts.unread)} not read, ${count(counts.outOfScope)} out of scope`,
    md`Scope: ${scopeMarkup(scope)}`,
    ...(cluster.server === '' ? [] : [md`API server: ${code(cluster.server)}`]),
    ...(cluster.id === undefined ? [] : [md`Resource id: ${code(cluster.id, 400)}`]),
    ...fact('Kubernetes', cluster.kubernetesVersion),
    ...fact('SKU', cluster.sku),
    ...fact('Location', cluster.location),
    ...fact('Private cluster', yesNo(cluster.private)),
    ...fact('Dataplane', cluster.dataplane),
    ...fact('kube-proxy', yesNo(cluster.kubeProxy)),
    md`Run: ${code(report.run.id)}, ${moment(report.run.startedAt)} to ${moment(report.run.finishedAt)}`,
  ]
  return details('Scope and cluster', blocks(list(facts), poolTable(report)))
}

function scopeMarkup({ nodeSelector, nodePools, nodes }: Report['scope']): Markup {
  const parts: Markup[] = []
  if (nodeSelector !== undefined && nodeSelector !== '') parts.push(md`node-selector ${code(nodeSelector)}`)
  if (nodePools.length > 0) parts.push(md`node-pools ${nameList(nodePools)}`)
  if (nodes.length > 0) parts.push(md`nodes ${nameList(nodes)}`)
  return parts.length === 0 ? md`all nodes` : parts.reduce((all, part) => md`${all}; ${part}`)
}

function fact(name: string, value: string | undefined): Markup[] {
  return value === undefined || value === '' ? [] : [md`${name}: ${value}`]
}

function yesNo(value: boolean | undefined): string | undefined {
  return value === undefined ? undefined : value ? 'yes' : 'no'
}

function poolTable(report: Report): Markup | undefined {
  const pools = report.cluster.pools ?? []
  if (pools.length === 0) return undefined
  const columns = [
    { title: 'Pool' },
    { title: 'VM size' },
    { title: 'Mode' },
    { title: 'Nodes' },
    { title: 'linuxOSConfig sysctls' },
  ]
  const rows = pools
    .slice(0, MOST_POOLS)
    .map((pool) => [
      code(pool.name, 63),
      pool.vmSize ?? '–',
      [pool.mode, pool.osType].filter((part) => part !== undefined).join(', ') || '–',
      pool.count === undefined ? '–' : count(pool.count),
      sysctls(pool.sysctls),
    ])
  return table(columns, rows)
}

function sysctls(values: Record<string, number | boolean | string> | undefined): Content {
  const entries = Object.entries(values ?? {})
  if (entries.length === 0) return 'AKS defaults'
  return nameList(
    entries.map(([key, value]) => `${key}=${value}`),
    12,
  )
}
