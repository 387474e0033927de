import { runAction } from '../../scripts/run-action.ts'
import { type AksOptions, type SmallAks, startAks } from '../aks/aks.ts'
import type { AzureOptions, SmallAzure } from '../aks/azure/azure.ts'
import { kubeProxy } from '../aks/kube-proxy.ts'
import { told as toldOf } from './runs.ts'
import { type CheckOptions, type CheckResult, check, steady } from './support.ts'

export type AzureAks = SmallAks & AsyncDisposable & { azure: SmallAzure }

/** A small AKS with Azure around it and kube-proxy in it, for one test; `await using` stops it. */
export async function azureCluster(azure: AzureOptions = {}, options: AksOptions = {}): Promise<AzureAks> {
  const aks = await startAks({ ...options, azure, objects: [kubeProxy, ...(options.objects ?? [])] })
  if (aks.azure === undefined) throw new Error('the small AKS has no Azure')
  return Object.assign(aks, { azure: aks.azure, [Symbol.asyncDispose]: () => aks.stop() })
}

/** The inputs that name the (first) cluster in Azure and sign in with the job's identity token. */
export function azureInputs({ azure }: AzureAks): Record<string, string> {
  return {
    kubeconfig: '',
    'cluster-name': azure.clusterName,
    'resource-group': azure.resourceGroup,
    'subscription-id': azure.subscriptionId,
    'client-id': azure.directory.applications[0]?.clientId ?? '',
    'tenant-id': azure.tenantId,
  }
}

/** Checks a cluster that is named in Azure. */
export function checkAzure(
  aks: AzureAks,
  inputs: Record<string, string> = {},
  options: CheckOptions = {},
): Promise<CheckResult> {
  return check(
    aks,
    { ...azureInputs(aks), ...inputs },
    { ...options, env: { ...aks.azure.environment(), ...options.env } },
  )
}

const NAMES = { entra: 'login.example', arm: 'arm.example', oidc: 'tokens.example', server: 'api.example' }

/** Names for all services, for runs through a proxy: nobody goes through one to the loopback. */
export const byName = {
  names: Object.values(NAMES),
  azure: {
    hostNames: Object.values(NAMES),
    armAudiences: [`https://${NAMES.arm}`],
    clusters: [{ name: 'shop', server: `https://${NAMES.server}:443` }],
  },
  /** Where tunnels to the names lead. */
  routes({ azure, server }: AzureAks): [string, string][] {
    const origins = { entra: azure.entra, arm: azure.armEndpoint, oidc: azure.oidc, server }
    return Object.entries(origins).map(([which, origin]) => [
      `${NAMES[which as keyof typeof NAMES]}:443`,
      new URL(origin).host,
    ])
  },
  environment({ azure }: AzureAks): Record<string, string> {
    const { ACTIONS_ID_TOKEN_REQUEST_URL: address = '' } = azure.environment()
    return {
      AZURE_AUTHORITY_HOST: `https://${NAMES.entra}`,
      AZURE_RESOURCE_MANAGER_ENDPOINT: `https://${NAMES.arm}`,
      ACTIONS_ID_TOKEN_REQUEST_URL: address.replace(azure.oidc, `https://${NAMES.oidc}`),
    }
  },
}

/** What a user sees of a run on its page. */
export function told(run: CheckResult, aks: AzureAks): string {
  return named(toldOf(run, aks), aks)
}

/** The log as people see it, without what differs from run to run. */
export function logOf(run: { log: string }, aks: AzureAks): string {
  const lines = run.log.split('\n').filter((line) => !/^::(add-mask|debug)::/.test(line))
  return named(steady(lines.join('\n'), aks), aks)
}

/** The services of Azure by name, as their ports differ. */
export function named(text: string, { azure }: AzureAks): string {
  const origins = { entra: azure.entra, oidc: azure.oidc, arm: azure.armEndpoint, metadata: azure.metadata }
  return Object.entries(origins).reduce(
    (told, [name, origin]) => told.replaceAll(new URL(origin).host, `small-${name}`),
    text,
  )
}

/** What a run that does nothing takes on a machine that has nothing else to do, in milliseconds, at most. */
const START_MS = 600
let startMs: number | undefined

/**
 * The milliseconds of ten seconds, and more on a machine that is busy: measured by how long a run takes that
 * ends at once.
 */
export async function tenSeconds(): Promise<number> {
  if (startMs === undefined) {
    const startedAt = performance.now()
    await runAction({ inputs: { 'sample-seconds': 'none' }, post: false })
    startMs = performance.now() - startedAt
  }
  return 10_000 * Math.max(1, startMs / START_MS)
}
