import { type AksOptions, type SmallAks, startAks } from '../aks/aks.ts'
import type { AzureOptions, SmallAzure } from '../aks/azure/azure.ts'
import { type CheckOptions, type CheckResult, check } from './support.ts'

export type AzureAks = SmallAks & AsyncDisposable & { azure: SmallAzure }

/** A small AKS with Azure around it, for one test; `await using` stops it. */
export async function azureCluster(azure: AzureOptions = {}, options: AksOptions = {}): Promise<AzureAks> {
  const aks = await startAks({ ...options, azure })
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
