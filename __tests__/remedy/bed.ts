import { setTimeout as delay } from 'node:timers/promises'
import { describe } from '@jest/globals'
import { Agent } from 'undici'
import { staticToken } from '../../src/cluster/authenticator.ts'
import { createKubeApi } from '../../src/cluster/http.ts'
import type { KubeApi } from '../../src/cluster/kube-api.ts'
import { evaluate } from '../../src/health/evaluate.ts'
import type { Judgement, Thresholds } from '../../src/health/finding.ts'
import type { ServiceInfo } from '../../src/health/service.ts'
import { DEFAULT_THRESHOLDS } from '../../src/health/thresholds.ts'
import { judge } from '../../src/health/verdict.ts'
import { silent } from '../../src/log.ts'
import { readNodes } from '../../src/node/read-nodes.ts'
import type { Measured, NodeResult } from '../../src/node/reading.ts'
import { type DaemonSetOptions, daemonSet } from '../../src/remedy/daemonset.ts'
import { newRecord } from '../../src/remedy/record.ts'
import type { Change, FixRecord, Remedy } from '../../src/remedy/remedy.ts'
import { restore } from '../../src/remedy/restore.ts'
import { readRestoreReport } from '../../src/remedy/restore-input.ts'
import { runRemedies, type Standing } from '../../src/remedy/run-remedies.ts'
import { type ServicePolicyOptions, servicePolicy } from '../../src/remedy/service-policy.ts'
import { type SysctlOptions, sysctl } from '../../src/remedy/sysctl.ts'
import { BUCKETS, MAX, TW_REUSE } from '../../src/remedy/sysctl-targets.ts'
import {
  type AksOptions,
  type KubeObject,
  type NodeSpec,
  namespacesPossible,
  type SmallAks,
  startAks,
} from '../aks/aks.ts'

const pods = {
  namespace: 'kube-system',
  image: 'mcr.microsoft.com/azurelinux/busybox:1.36',
  concurrency: 50,
  nodeTimeoutSeconds: 30,
  timeoutSeconds: 60,
}
const wanted = { conntrackMax: 262_144, twReuse: 1, maxTwBuckets: 2_000_000 }
const scope = { nodeSelector: '', nodePools: [] as string[], nodes: [] as string[] }

/** The remedies with the defaults of the inputs. */
export const remedies = {
  sysctl: (options: Partial<SysctlOptions> = {}) =>
    sysctl({ ...pods, wanted, scope: 'breached', verifySeconds: 5, ...options }),
  servicePolicy: (options: Partial<ServicePolicyOptions> = {}) =>
    servicePolicy({
      services: [],
      forceServices: false,
      scope: 'breached',
      settleSeconds: 120,
      namespace: pods.namespace,
      ...options,
    }),
  daemonSet: (options: Partial<DaemonSetOptions> = {}) =>
    daemonSet({ ...pods, wanted, scope: 'breached', limits: scope, rolloutSeconds: 120, ...options }),
  restore: (record: FixRecord, server: string) =>
    restore({ ...pods, items: readRestoreReport(reportOf(record, server), { server }) }),
}

/** The part of a report that a restore reads. */
export function reportOf(fix: FixRecord, server: string): string {
  return JSON.stringify({
    schemaVersion: 1,
    tool: { name: 'aks-connection-health', version: '1.0.0' },
    cluster: { server, name: 'small-aks' },
    fix,
  })
}

export interface FixOptions {
  dryRun?: boolean
  signal?: AbortSignal
  /** Called, and waited for, before each sleep; with its length in milliseconds. */
  onSleep?: (ms: number) => unknown
  /** What the fix starts from; default: the nodes are read now. */
  from?: Standing
  scope?: typeof scope
  /** `node-timeout-seconds` of the readings; default 30. */
  auditSeconds?: number
}

export interface Fixed {
  record: FixRecord
  standing: Standing
  judgement: Judgement
  lines: string[]
}

export interface Bed extends AsyncDisposable {
  aks: SmallAks
  api: KubeApi
  /** Reads and judges all nodes of the scope. */
  readonly stand: (limits?: typeof scope, auditSeconds?: number) => Promise<Standing>
  readonly fix: (chosen: Remedy[], options?: FixOptions) => Promise<Fixed>
  readonly stop: () => Promise<void>
}

/** A node with a kernel of its own whose table is used to 85 %, or as told; AKS gives a node of four cores that much. */
export function busy(name: string, more: Partial<NodeSpec> = {}): NodeSpec {
  return {
    name,
    state: 'namespace',
    conntrackCount: 111_412,
    ...more,
    sysctls: { [MAX]: '131072', [BUCKETS]: '16384', [TW_REUSE]: '1', ...more.sysctls },
  }
}

/** What keeps {@link busy} from breaching. */
export const calm = { conntrackCount: 500, sysctls: { [BUCKETS]: '65536' } }

/** For tests that are about a real kernel. */
export const onNodes = namespacesPossible() ? describe : describe.skip

/** A small AKS with the way to it that the action has, and no waiting beyond 50 ms. */
export async function startBed(options: AksOptions = {}, user?: string): Promise<Bed> {
  const aks = await startAks(options)
  const token = /token: (\S+)/.exec(aks.kubeconfig(user))?.[1] ?? ''
  const api = createKubeApi({
    server: new URL(aks.server),
    dispatcher: new Agent({ connect: { ca: aks.ca.certificate } }),
    auth: staticToken(token),
  })
  let passes = 0
  const thresholds: Thresholds = { ...DEFAULT_THRESHOLDS }
  const findingsOf = (nodes: NodeResult[], services: Measured<ServiceInfo[]>) =>
    evaluate({ nodes, services, thresholds })
  const readServices = async () => ({ value: servicesIn(aks) })
  const readAll = async (limits: typeof scope, signal: AbortSignal, nodeTimeoutSeconds = 30) => {
    const { results } = await readNodes(api, {
      ...pods,
      nodeTimeoutSeconds,
      scope: limits,
      sampleSeconds: 0,
      pass: `audit-${++passes}`,
      runId: 'run-1',
      timeoutMs: 60_000,
      signal,
    })
    return results
  }
  const stand = async (limits = scope, auditSeconds = 30): Promise<Standing> => {
    const nodes = await readAll(limits, new AbortController().signal, auditSeconds)
    const services = await readServices()
    return { nodes, services, findings: findingsOf(nodes, services) }
  }
  const stop = async () => {
    await api.close()
    await aks.stop()
  }
  return {
    aks,
    api,
    stand,
    fix: async (chosen, { dryRun = false, signal = new AbortController().signal, onSleep, ...more } = {}) => {
      const record = newRecord(dryRun)
      const lines: string[] = []
      const tell = (line: string) => void lines.push(line)
      const start = more.from ?? (await stand(more.scope, more.auditSeconds))
      const standing = await runRemedies(start, {
        api,
        log: { ...silent, info: tell, warning: tell },
        runId: 'run-1',
        signal,
        remedies: chosen,
        record,
        findingsOf,
        readServices,
        readAgain: () => readAll(more.scope ?? scope, signal, more.auditSeconds),
        sleep: async (ms) => {
          await onSleep?.(ms)
          await delay(Math.min(ms, 50), undefined, { signal })
        },
      })
      const policy = { failOn: 'critical', unknownNodesAllowed: 0 } as const
      return { record, standing, lines, judgement: judge(standing.findings, policy) }
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function servicesIn(aks: SmallAks): ServiceInfo[] {
  return aks.store
    .list<KubeObject & { spec: Record<string, string> }>('services')
    .flatMap(({ metadata, spec }) => {
      const { type } = spec
      if (type !== 'LoadBalancer' && type !== 'NodePort') return []
      return {
        namespace: metadata.namespace ?? '',
        name: metadata.name,
        type,
        policy: spec.externalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
        resourceVersion: metadata.resourceVersion ?? '',
      }
    })
}

/** `target setting` → outcome, before and after, of the changes that were tried. */
export function tried(changes: Change[]): Record<string, [string, unknown, unknown]> {
  const done = changes.filter(({ outcome }) => outcome !== 'skipped')
  return Object.fromEntries(
    done.map(({ target, setting, outcome, before, after }) => [
      `${target.name} ${setting.split('.').at(-1)}`,
      [outcome, before, after],
    ]),
  )
}

/** The pods of this action that are there. */
export function podsLeft(aks: SmallAks): string[] {
  const ours = aks.store
    .list('pods')
    .filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/managed-by'])
  return ours.map(({ metadata }) => metadata.name)
}
