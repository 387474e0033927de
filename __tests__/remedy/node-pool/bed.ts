import { setTimeout as delay } from 'node:timers/promises'
import { Agent } from 'undici'
import { staticToken } from '../../../src/cluster/authenticator.ts'
import { createKubeApi } from '../../../src/cluster/http.ts'
import type { KubeApi } from '../../../src/cluster/kube-api.ts'
import { evaluate } from '../../../src/health/evaluate.ts'
import { DEFAULT_THRESHOLDS } from '../../../src/health/thresholds.ts'
import { silent } from '../../../src/log.ts'
import { readNodes } from '../../../src/node/read-nodes.ts'
import type { NodeInfo, NodeResult } from '../../../src/node/reading.ts'
import { type NodePoolOptions, nodePool, poolRestorer } from '../../../src/remedy/node-pool/node-pool.ts'
import { newRecord } from '../../../src/remedy/record.ts'
import type { Change, FixRecord, Plan, Remedy, RemedyContext } from '../../../src/remedy/remedy.ts'
import { restore } from '../../../src/remedy/restore.ts'
import { readRestoreReport } from '../../../src/remedy/restore-input.ts'
import { runRemedies, type Standing } from '../../../src/remedy/run-remedies.ts'
import {
  type AksOptions,
  type NodeSpec,
  type RecordedRequest,
  type SmallAks,
  startAks,
} from '../../aks/aks.ts'
import type { AgentPools } from '../../aks/azure/agent-pools.ts'
import type { RecordedCall, SmallAzure } from '../../aks/azure/azure.ts'
import { connect, trust } from '../../azure/support.ts'

export interface PoolFixOptions extends Partial<NodePoolOptions> {
  dryRun?: boolean
  signal?: AbortSignal
  /** Called before each wait, with its length in milliseconds. */
  onSleep?: (ms: number) => void | Promise<void>
}

export interface PoolFixed {
  record: FixRecord
  standing: Standing
  lines: string[]
  /** Requests that it made, see {@link requestLines}. */
  requests: string
}

export interface PoolBed {
  aks: SmallAks
  azure: SmallAzure
  pools: AgentPools
  api: KubeApi
  fix(options?: PoolFixOptions): Promise<PoolFixed>
  /** A run with `fix: restore` and the report of the run that left this record. */
  restore(record: FixRecord): Promise<PoolFixed>
  /** Undoes changes by the verb of the remedy. */
  undo(
    changes: Change[],
    options?: PoolFixOptions,
  ): Promise<{ changes: Change[]; lines: string[]; requests: string }>
  /** Properties of a pool as ARM has them; undefined when there is none. */
  pool(name: string): Record<string, unknown> | undefined
  stop(): Promise<void>
}

/** A node of a pool as AKS makes it, with a table that is used to 85 %. */
export function busyNode(pool: string, index: number, more: Partial<NodeSpec> = {}): NodeSpec {
  return {
    name: `aks-${pool}-31415926-vmss${String(index).padStart(6, '0')}`,
    pool,
    conntrackCount: 111_412,
    ...more,
    sysctls: {
      'net.netfilter.nf_conntrack_max': '131072',
      'net.netfilter.nf_conntrack_buckets': '65536',
      'net.ipv4.tcp_tw_reuse': '2',
      'net.ipv4.tcp_max_tw_buckets': '262144',
      ...more.sysctls,
    },
  }
}

const pods = {
  namespace: 'kube-system',
  image: 'mcr.microsoft.com/azurelinux/busybox:1.36',
  concurrency: 50,
  nodeTimeoutSeconds: 60,
  timeoutMs: 120_000,
  sampleSeconds: 0,
}
const everything = { nodeSelector: '', nodePools: [] as string[], nodes: [] as string[] }

/**
 * A small AKS with Azure around it and the ways to both that the action has. Time is the sum of what the action
 * slept: nothing waits longer than a few milliseconds.
 */
export async function startPoolBed(options: AksOptions = {}): Promise<PoolBed> {
  const aks = await startAks({ azure: {}, ...options })
  const { azure } = aks
  if (azure?.agentPools === undefined) throw new Error('the small AKS has no Azure')
  trust(azure.ca.certificate)
  const token = /token: (\S+)/.exec(aks.kubeconfig())?.[1] ?? ''
  const api = createKubeApi({
    server: new URL(aks.server),
    dispatcher: new Agent({ connect: { ca: aks.ca.certificate } }),
    auth: staticToken(token),
  })
  const { arm, cluster, explain } = await connect(azure)
  const requests = noteRequests(aks, azure)
  let passes = 0
  let clock = 0
  const read = async (signal: AbortSignal, only?: string[], seen: NodeInfo[] = []) => {
    const scope = only === undefined ? everything : { ...everything, nodes: only }
    const runId = 'run-1'
    const pass = `audit-${++passes}`
    return (await readNodes(api, { ...pods, scope, pass, runId, signal, seen })).results
  }
  const findingsOf = (nodes: NodeResult[]) =>
    evaluate({ nodes, services: { value: [] }, thresholds: DEFAULT_THRESHOLDS })
  const optionsOf = (given: PoolFixOptions): NodePoolOptions => ({
    arm,
    cluster,
    explain,
    strategy: 'update',
    scope: 'breached',
    nodePools: [],
    wanted: { conntrackMax: 262_144, twReuse: 1, maxTwBuckets: 2_000_000 },
    linuxOsSysctls: '',
    allowedUnsafeSysctls: [],
    maxPools: 1,
    // Time is virtual, and machines are slow at times: only a test that wants to see it end sets less.
    drainTimeoutMinutes: 100_000,
    namespace: pods.namespace,
    now: () => clock,
    ...given,
  })
  const surroundings = (given: PoolFixOptions, lines: string[], nodes: NodeResult[]) => {
    const signal = given.signal ?? new AbortController().signal
    const tell = (line: string) => void lines.push(line)
    return {
      api,
      signal,
      runId: 'run-1',
      log: { ...silent, info: tell, warning: (line: string) => tell(`warning: ${line}`) },
      readAgain: (only?: string[]) =>
        read(
          signal,
          only,
          nodes.map(({ node }) => node),
        ),
      sleep: async (ms: number) => {
        signal.throwIfAborted()
        await given.onSleep?.(ms)
        clock += ms
        await delay(5, undefined, { signal })
      },
    }
  }
  const run = async (remedy: Remedy, given: PoolFixOptions): Promise<PoolFixed> => {
    const lines: string[] = []
    const nodes = await read(new AbortController().signal)
    const start: Standing = { nodes, services: { value: [] }, findings: findingsOf(nodes) }
    const record = newRecord(given.dryRun ?? false)
    const from = requests.length
    const standing = await runRemedies(start, {
      ...surroundings(given, lines, nodes),
      remedies: [remedy],
      record,
      findingsOf,
      readServices: async () => ({ value: [] }),
    })
    return { record, standing, lines, requests: requestLines(requests.slice(from)) }
  }
  return {
    aks,
    azure,
    pools: azure.agentPools,
    api,
    fix: (given = {}) => run(nodePool(optionsOf(given)), given),
    restore: (fix) => {
      const { server } = aks
      const tool = { name: 'aks-connection-health', version: '1.0.0' }
      const report = JSON.stringify({ schemaVersion: 1, tool, cluster: { server, name: 'small-aks' }, fix })
      const items = readRestoreReport(report, { server })
      return run(restore({ ...pods, timeoutSeconds: 120, items, pools: poolRestorer(optionsOf({})) }), {})
    },
    undo: async (changes, given = {}) => {
      const lines: string[] = []
      const nodes = await read(new AbortController().signal)
      const context: RemedyContext = {
        ...surroundings(given, lines, nodes),
        nodes,
        findings: findingsOf(nodes),
        services: { value: [] },
        record: () => {},
      }
      const from = requests.length
      const undone = await nodePool(optionsOf(given)).undo(changes, context)
      return { changes: undone, lines, requests: requestLines(requests.slice(from)) }
    },
    pool: (name) =>
      azure.arm.resources.get(`${azure.clusterId}/agentPools/${name}`)?.body.properties as
        | Record<string, unknown>
        | undefined,
    stop: async () => {
      await api.close()
      await aks.stop()
    },
  }
}

/** `pool setting` → outcome, before and after. */
export function outcomes(changes: Change[]): Record<string, [string, unknown, unknown]> {
  return Object.fromEntries(
    changes.map(({ target, setting, outcome, before, after }) => [
      `${'name' in target ? target.name : ''} ${setting}`,
      [outcome, before, after],
    ]),
  )
}

/** Notes all requests to ARM and to the API server in the order in which they arrive. */
function noteRequests({ events }: SmallAks, { calls }: SmallAzure): (RecordedCall | RecordedRequest)[] {
  const requests: (RecordedCall | RecordedRequest)[] = []
  events.on('request', (request) => void requests.push(request))
  calls.push = (...added: RecordedCall[]) => {
    requests.push(...added)
    return Array.prototype.push.apply(calls, added)
  }
  return requests
}

/**
 * Requests in their order, as far as they change something or ask ARM: polls that follow each other are one
 * line, and so are evictions, which are tried as often as it takes.
 */
function requestLines(requests: readonly (RecordedCall | RecordedRequest)[]): string {
  const lines = requests.flatMap((request) => ('which' in request ? armLine(request) : kubeLine(request)))
  return `${collapsed(lines).join('\n')}\n`
}

function armLine({ which, method, path, status, query }: RecordedCall): string[] {
  if (which !== 'arm') return []
  const short = path
    .replace(/^.*\/managedClusters\/aks-test/, '')
    .replace(/\/operations\/[^/]+$/, '/operations/…')
    .replace(/^\/subscriptions\/[^/]+/, '')
  const version = query['api-version']?.endsWith('-preview') ? ' (preview)' : ''
  return [`${method} ${short === '' ? '(cluster)' : short}${version} → ${status}`]
}

function kubeLine({ method, path, status, body }: RecordedRequest): string[] {
  if (method === 'GET' || path === '/api/v1/namespaces/kube-system/pods') return []
  if (path.endsWith('/eviction')) return [`  ${method} ${path.replace(/\/web-[^/]+/, '/web-…')}`]
  const cordoned = (body as { spec?: { unschedulable?: boolean | null } } | undefined)?.spec?.unschedulable
  const what = cordoned === undefined ? '' : cordoned ? ' cordon' : ' uncordon'
  return [`  ${method} ${path}${what} → ${status}`]
}

/** Lines that repeat are one. */
export function collapsed(lines: readonly string[]): string[] {
  return lines.filter((line, index) => line !== lines[index - 1])
}

/** A plan as people see it. */
export function planText(plan: Plan | undefined): string {
  if (plan === undefined) return 'no plan'
  const steps = plan.steps.map(
    ({ target, setting, from, to, intent, why }) =>
      `${intent} ${'name' in target ? target.name : ''} ${setting}: ${String(from)} → ${String(to)}${why === undefined ? '' : ` (${why})`}`,
  )
  const rights = plan.rights.map((right) => `needs ${right}`)
  return [...steps, `lasts ${plan.lasts}`, ...plan.impact, ...rights, '', plan.notes.join('\n\n')].join('\n')
}
