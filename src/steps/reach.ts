import * as core from '@actions/core'
import type { AksConnection } from '../azure/connect-aks.ts'
import { connect } from '../cluster/connect.ts'
import { readDataplane } from '../cluster/dataplane.ts'
import type { ClusterFacts } from '../cluster/facts.ts'
import type { KubeApi } from '../cluster/kube-api.ts'
import { proxyFromEnvironment } from '../cluster/proxy.ts'
import { UserError } from '../errors.ts'
import type { Inputs } from '../inputs.ts'
import type { Logger } from '../log.ts'
import type { Run } from '../run.ts'
import { USER_AGENT } from '../version.ts'
import { commandReader } from './command-reader.ts'
import type { Reader } from './reader.ts'
import { directReader } from './readers.ts'

/** A cluster that was reached, one way or the other. */
export interface Cluster {
  facts: ClusterFacts
  reader: Reader
  /** Absent on a private cluster that is only reached by run command. */
  api?: KubeApi
  /** Present when the cluster is named in Azure. */
  aks?: AksConnection
  /** What else there is to know of the cluster; asked for while the nodes are read. */
  moreFacts(): Promise<Partial<ClusterFacts>>
  /** Turns an error of a call to the cluster into one for the user. */
  explain(error: unknown): unknown
}

/** Signs in and reaches the cluster that the inputs name. The code for Azure is loaded only when it is needed. */
export async function reach(inputs: Inputs, run: Run, log: Logger): Promise<Cluster> {
  return log.group('Reaching the cluster', async () => {
    const cluster = await (inputs.cluster.aks
      ? reachAks(inputs, run, log)
      : reachKubeconfig(inputs, run, log))
    if (inputs.fix.remedies.length > 0 && cluster.api === undefined) throw noFixByCommand()
    return cluster
  })
}

async function reachKubeconfig(inputs: Inputs, run: Run, log: Logger): Promise<Cluster> {
  if (inputs.azure.expectedClusterId !== '') {
    throw new UserError(
      'expected-cluster-id is set, and a kubeconfig does not say which AKS cluster it reaches',
      {
        next: 'Name the cluster by cluster-name, resource-group and subscription-id, or drop expected-cluster-id.',
        docs: 'azure.md#guard-rail',
      },
    )
  }
  const azureTokens = async (section: unknown, signal?: AbortSignal) => {
    const { kubeloginTokens } = await import('../azure/connect-aks.ts')
    return kubeloginTokens(section, inputs.azure, azureDeps(log), signal)
  }
  const { api, facts, explain } = await connect(inputs.cluster, { ...clusterDeps(run, log), azureTokens })
  log.info(`Cluster: ${facts.name} at ${facts.server}.`)
  const moreFacts = () => readDataplane(api, run.signal)
  return { api, facts, explain, moreFacts, reader: directReader(api, inputs, run, log) }
}

async function reachAks(inputs: Inputs, run: Run, log: Logger): Promise<Cluster> {
  const { aks: name, context } = inputs.cluster
  if (name === undefined) throw new Error('no AKS cluster is named')
  const { connectAks } = await import('../azure/connect-aks.ts')
  const proxyFor = (url: URL) => proxyFromEnvironment(url, process.env)
  const aks = await connectAks({ ...name, ...inputs.azure }, { ...azureDeps(log), proxyFor }, run.signal)
  if (aks.runCommand !== undefined) {
    const reader = commandReader(aks, inputs, run, log)
    const moreFacts = async () => ({ ...(await reader.dataplane()), ...aks.facts })
    return { facts: aks.facts, aks, explain: (error) => error, moreFacts, reader }
  }
  const { api, facts, explain } = await connect(
    {
      kubeconfig: aks.kubeconfig,
      context,
      privateCluster: aks.cluster.private,
      ...(aks.tokenSource && { tokenSource: aks.tokenSource }),
      ...(aks.hint && { hint: aks.hint }),
    },
    clusterDeps(run, log),
  )
  return {
    api,
    aks,
    facts: { ...facts, ...aks.facts },
    explain,
    // Which dataplane it is ARM knows best.
    moreFacts: async () => ({ ...(await readDataplane(api, run.signal)), ...aks.facts }),
    reader: directReader(api, inputs, run, log),
  }
}

function clusterDeps(run: Run, log: Logger) {
  return { environment: process.env, mask: core.setSecret, signal: run.signal, log }
}

function azureDeps(log: Logger) {
  return {
    environment: process.env,
    log,
    mask: core.setSecret,
    userAgent: USER_AGENT,
    getIdToken: async (audience: string) => {
      const { idToken } = await import('../github/id-token.ts')
      return idToken(audience)
    },
  }
}

function noFixByCommand(): UserError {
  return new UserError('The cluster is only reached by run command, and fixes need a direct connection', {
    next: 'Run the fix on a self-hosted runner that reaches the API server. A check works from here.',
    docs: 'azure.md#private-clusters',
  })
}
