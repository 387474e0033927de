import type { AgentPool, AgentPoolBody } from '../../azure/agent-pools.ts'
import { record, text } from '../../azure/arm-error.ts'
import type { ClusterName } from '../../azure/managed-cluster.ts'
import { listNames } from '../words.ts'
import { jsonLines, notGiven, replaceScript } from './shell.ts'

/** Text with lines to paste: the lines that announce them end in a colon. */
const pasted = (announcement: string, lines: readonly string[]) => [announcement, ...lines].join('\n')

const SHOWN = ['linuxOSConfig', 'kubeletConfig'] as const

/** What a change does to the resource in Azure, as a diff of its JSON. */
export function diffNote(pool: AgentPool, body: AgentPoolBody, title: string): string {
  return pasted(
    title,
    SHOWN.flatMap((name) => diffOf(name, pool.properties[name], body.properties[name], '  ')),
  )
}

function diffOf(name: string, before: unknown, after: unknown, indent: string): string[] {
  const was = record(before)
  const is = record(after)
  const key = `${indent}${JSON.stringify(name)}: `
  if (was !== undefined || is !== undefined) {
    const names = [...new Set([...Object.keys(was ?? {}), ...Object.keys(is ?? {})])]
    const inner = names.flatMap((each) => diffOf(each, was?.[each], is?.[each], `${indent}  `))
    return inner.some((line) => line.startsWith('+') || line.startsWith('-'))
      ? [`  ${key}{`, ...inner, `  ${indent}}`]
      : []
  }
  const [old, next] = [before, after].map((value) =>
    value === undefined ? undefined : JSON.stringify(value),
  )
  if (old === next) return []
  return [
    ...(old === undefined ? [] : [`- ${key}${old}`]),
    ...(next === undefined ? [] : [`+ ${key}${next}`]),
  ]
}

/** The two ways on when AKS does not change the configuration of a pool that exists. */
export function waysOn(pool: string): string[] {
  return [
    pasted(
      `AKS sets this configuration only on new pools (it answers CustomKubeletConfigOrCustomLinuxOSConfigCanNotBeChanged for others). To replace ${pool} by a pool that has it:`,
      ['with:', '  fix: node-pool', '  node-pool-strategy: replace', `  node-pools: ${pool}`],
    ),
    pasted('Or to leave the pool and have a DaemonSet write the values on every node it gets:', [
      'with:',
      '  fix: daemonset',
      '  fix-scope: all',
      `  node-pools: ${pool}`,
    ]),
  ]
}

/** The same by hand, with commands that AKS takes. */
export function byHandNote(
  cluster: ClusterName,
  pool: AgentPool,
  successor: string,
  body: AgentPoolBody,
  drainMinutes: number,
): string {
  const lacking = notGiven(body.properties)
  const without =
    lacking.length === 0 ? '' : `, without what ${pool.name} has of ${listNames(lacking, 10)}: add it`
  return pasted(
    `The same by hand (az aks nodepool update has no such option, so it takes a new pool)${without}:`,
    replaceScript(cluster, pool, successor, body, drainMinutes),
  )
}

/** How an update is taken back. */
export function undoUpdateNote(pool: AgentPool): string {
  const config = Object.fromEntries(
    SHOWN.filter((name) => record(pool.properties[name]) !== undefined).map((name) => [
      name,
      pool.properties[name],
    ]),
  )
  const back = 'To go back: run with fix: restore and the report of this run.'
  if (Object.keys(config).length === 0) return `${back} It takes out of ${pool.name} what this run put in.`
  return pasted(`${back} It writes what ${pool.name} had before:`, jsonLines(config))
}

/** How a replacement is taken back, at each of its stages. */
export function undoReplaceNote(pool: AgentPool, successor: string): string {
  return [
    `To go back while both pools are there: run with fix: restore and the report of this run. It lets pods on the nodes of ${pool.name} again, drains ${successor} within its budgets and deletes it when it is empty.`,
    `Once ${pool.name} is deleted, the same makes a pool ${pool.name} again with the configuration that it had, and drains and deletes ${successor}.`,
  ].join(' ')
}

/** About how long an update takes and what it disturbs. */
export function updateImpact(pool: AgentPool): string {
  const nodes = typeof pool.properties.count === 'number' ? pool.properties.count : 0
  const surge = surgeOf(text(record(pool.properties.upgradeSettings)?.maxSurge), nodes)
  const rounds = Math.ceil(nodes / surge)
  return `If AKS takes the change it reimages the ${nodes} nodes of ${pool.name}, ${surge} at a time: about ${rounds * 5} to ${rounds * 10} minutes, and as long as draining takes on top. Pods are evicted within their PodDisruptionBudgets. If it refuses, nothing is touched.`
}

/** Nodes that are renewed at the same time; AKS takes a number or a percentage, one node when nothing is set. */
function surgeOf(maxSurge: string | undefined, nodes: number): number {
  const [, number, percent] = /^(\d{1,4})(%?)$/.exec(maxSurge ?? '1') ?? []
  const value = Number(number ?? 1)
  return Math.max(1, percent === '%' ? Math.ceil((value / 100) * nodes) : value)
}

/** About how long a replacement takes and what it disturbs. */
export function replaceImpact(pool: AgentPool, successor: string, drainMinutes: number): string {
  const nodes = typeof pool.properties.count === 'number' ? pool.properties.count : 0
  return `${successor}, a pool of the same shape, is made beside ${pool.name} (about 5 minutes; ${nodes} more nodes are paid for until the end). Then each node of ${pool.name} is drained, at most ${drainMinutes} minutes each, and the pool is deleted when nothing but DaemonSet pods is left: about ${8 + nodes * 2} minutes if pods move quickly. Clients of pods that move are cut off.`
}
