import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { azureCloud, type Environment } from '../../src/azure/clouds.ts'
import { type AksConnection, type AksOptions, connectAks } from '../../src/azure/connect-aks.ts'
import type { IdentityDeps, IdentityOptions } from '../../src/azure/identity.ts'
import type { Logger } from '../../src/log.ts'
import type { SmallAzure } from '../aks/azure/azure.ts'

/** Lets this process trust an authority as NODE_EXTRA_CA_CERTS does for one that starts. */
export function trust(certificate: string): void {
  setDefaultCACertificates([...getCACertificates('default'), certificate])
}

export interface Recorder {
  log: Logger
  lines: string[]
  masked: string[]
}

export function createRecorder(): Recorder {
  const lines: string[] = []
  const log: Logger = {
    debug: () => {},
    info: (line) => lines.push(line),
    warning: (line) => lines.push(`warning: ${line}`),
    group: (_title, work) => work(),
  }
  return { log, lines, masked: [] }
}

/** Asks the runner's endpoint as `core.getIDToken` does. */
export async function askRunner(environment: Environment, audience: string): Promise<string> {
  const url = `${environment.ACTIONS_ID_TOKEN_REQUEST_URL ?? ''}&audience=${encodeURIComponent(audience)}`
  const answer = await fetch(url, {
    headers: { authorization: `Bearer ${environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? ''}` },
  })
  const { value } = (await answer.json()) as { value?: string }
  if (value === undefined) throw new Error(`Failed to get ID Token. Error Code: ${answer.status}`)
  return value
}

export function depsFor(environment: Environment, recorder: Recorder = createRecorder()): IdentityDeps {
  return {
    environment,
    log: recorder.log,
    mask: (secret) => recorder.masked.push(secret),
    getIdToken: (audience) => askRunner(environment, audience),
    userAgent: 'aks-connection-health/test',
  }
}

export function identityOptions(
  azure: SmallAzure,
  environment: Environment,
  more: Partial<IdentityOptions> = {},
): IdentityOptions {
  return {
    cloud: azureCloud('public', environment),
    clientId: azure.directory.applications[0]?.clientId ?? '',
    tenantId: azure.tenantId,
    oidcAudience: '',
    ...more,
  }
}

export function aksOptions(azure: SmallAzure, more: Partial<AksOptions> = {}): AksOptions {
  return {
    subscriptionId: azure.subscriptionId,
    resourceGroup: azure.resourceGroup,
    name: azure.clusterName,
    clientId: azure.directory.applications[0]?.clientId ?? '',
    tenantId: azure.tenantId,
    cloud: 'public',
    oidcAudience: '',
    admin: false,
    expectedClusterId: '',
    privateCluster: 'auto',
    ...more,
  }
}

/** Connects as the action does, with the job's identity token. */
export function connect(
  azure: SmallAzure,
  more: Partial<AksOptions> = {},
  recorder: Recorder = createRecorder(),
): Promise<AksConnection> {
  return connectAks(aksOptions(azure, more), depsFor(azure.environment(), recorder))
}
