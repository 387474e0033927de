import { type AksOptions, type SmallAks, startAks } from '../aks/aks.ts'
import type { AzureOptions, SmallAzure } from '../aks/azure/azure.ts'
import { kubeProxy } from '../aks/kube-proxy.ts'
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

/** The log as people see it, without what differs from run to run. */
export function told(run: { log: string }, aks: AzureAks): string {
  const { azure } = aks
  const lines = run.log.split('\n').filter((line) => !/^::(add-mask|debug)::/.test(line))
  const names = { entra: azure.entra, oidc: azure.oidc, arm: azure.armEndpoint, metadata: azure.metadata }
  const named = Object.entries(names).reduce(
    (text, [name, origin]) => text.replaceAll(new URL(origin).host, `small-${name}`),
    lines.join('\n'),
  )
  return steady(named, aks).replaceAll(new URL(aks.server).host, 'small-aks')
}
