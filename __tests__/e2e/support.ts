import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunOptions, type RunResult, runAction } from '../../scripts/run-action.ts'
import type { Report } from '../../src/report/report.ts'
import { type AksOptions, namespacesPossible, type SmallAks, startAks } from '../aks/aks.ts'
import { kubeProxy } from '../aks/kube-proxy.ts'

export type CheckResult = RunResult & {
  /** The JSON report; undefined when none was written. */
  report: Report | undefined
  /** `METHOD path` of the requests that this run made to the small AKS, in order, without those of the post step. */
  requests: string[]
}

/** A small AKS for one test, with kube-proxy in it; `await using` stops it. */
export async function cluster(options: AksOptions = {}): Promise<SmallAks & AsyncDisposable> {
  const aks = await startAks({ ...options, objects: [kubeProxy, ...(options.objects ?? [])] })
  return Object.assign(aks, { [Symbol.asyncDispose]: () => aks.stop() })
}

export type CheckOptions = Omit<RunOptions, 'inputs'> & { user?: string }

let files = 0

/** Runs the action on the small AKS as the runner does, as `user` (default: may do all). */
export async function check(
  aks: SmallAks,
  inputs: Record<string, string> = {},
  options: CheckOptions = {},
): Promise<CheckResult> {
  const path = join(tmpdir(), `ach-report-${process.pid}-${files++}.json`)
  const { user, env, ...rest } = options
  const before = aks.requests.length
  try {
    const result = await runAction({
      inputs: { kubeconfig: aks.kubeconfig(user), 'sample-seconds': '0', 'report-path': path, ...inputs },
      env: { NODE_EXTRA_CA_CERTS: aks.caFile, ...env },
      ...rest,
    })
    const requests = aks.requests.slice(before).map(({ method, path: target }) => `${method} ${target}`)
    return { ...result, requests, report: readReport(path) }
  } finally {
    rmSync(path, { force: true })
  }
}

function readReport(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report
  } catch {
    return undefined
  }
}

/** Names of pods in the cluster that the action made. */
export function podsLeft(aks: SmallAks): string[] {
  const labelSelector = 'app.kubernetes.io/managed-by=aks-connection-health'
  return aks.store.list('pods', { labelSelector }).map(({ metadata }) => metadata.name)
}

/** What differs from run to run: ids, ports, times and paths. */
export function steady(text: string, aks: SmallAks): string {
  return text
    .replaceAll(new URL(aks.server).host, 'small-aks')
    .replaceAll(/^::add-mask::.*$/gm, '::add-mask::SECRET')
    .replaceAll(/local-[0-9a-f]{8}/g, 'local-RUN')
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?Z?( UTC)?/g, 'TIME')
    .replaceAll(/after \d+\.\d s/g, 'after N s')
    .replaceAll(/\b(in|took|after) \d+(\.\d+)? s\b/g, '$1 N s')
}

/** For tests that are about a real kernel: runs them where there are namespaces, and where there must be. */
export const realKernel = namespacesPossible() || process.env.ACH_REQUIRE_NAMESPACES === '1'
