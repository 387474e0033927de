import { createAuthority } from '../tls.ts'
import type { CertificateAuthority } from '../types.ts'
import { type AgentPools, createAgentPools } from './agent-pools.ts'
import { type ArmService, createArmService } from './arm.ts'
import { addCluster, clusterId, clusterRoutes } from './clusters.ts'
import { AMPLE, computeRoutes } from './compute.ts'
import { credentialRoutes } from './credentials.ts'
import { createDirectory, type Directory, GITHUB_ISSUER } from './directory.ts'
import { type Endpoint, startEndpoint } from './endpoint.ts'
import { serveEntra } from './entra.ts'
import { createKeys, type Keys } from './jwt.ts'
import { serveMetadata } from './metadata.ts'
import { serveIdTokens } from './oidc.ts'
import { createCommands } from './run-command.ts'
import type { AzureOptions, ClusterSpec, Fault, JobSpec, KubernetesSide, RecordedCall } from './types.ts'

export type * from './types.ts'

const SUBSCRIPTION = '99999999-8888-7777-6666-555555555555'
const REQUEST_TOKEN = 'small-runner-request-token'

/** Azure as the small AKS needs it: Entra ID, the runner's identity tokens, ARM and a metadata address. */
export interface SmallAzure {
  subscriptionId: string
  resourceGroup: string
  tenantId: string
  /** Name of the first cluster. */
  clusterName: string
  /** Its resource id. */
  clusterId: string
  directory: Directory
  arm: ArmService
  /** Present when there are nodes behind the pools. */
  agentPools?: AgentPools
  ca: CertificateAuthority
  /** Origins: `https://127.0.0.1:PORT`. */
  entra: string
  oidc: string
  armEndpoint: string
  metadata: string
  /** The job; may be changed while it runs. */
  job: JobSpec
  /** Key of the issuer of the job's identity tokens. */
  jobKeys: Keys
  calls: RecordedCall[]
  /** Adds a fault; the first that matches acts. Returns a function that takes it away. */
  misbehave: (fault: Fault) => () => void
  /** What a process needs to find all this: endpoints, and the job's right to an identity token. */
  environment: (options?: { idToken?: boolean }) => Record<string, string>
  stop: () => Promise<void>
}

/**
 * Starts Azure. The directory comes first, as the API server of the clusters asks it who a token belongs to:
 * `startAks({ authenticate: directory.authenticate })`.
 */
export async function startAzure(
  options: AzureOptions = {},
  parts: { directory?: Directory; kubernetes?: KubernetesSide; ca?: CertificateAuthority } = {},
): Promise<SmallAzure> {
  const ca = parts.ca ?? parts.kubernetes?.ca ?? createAuthority()
  const directory = parts.directory ?? createDirectory(options)
  const kubernetes = parts.kubernetes ?? nowhere(ca)
  const jobKeys = createKeys()
  directory.issuers.set(GITHUB_ISSUER, jobKeys.publicKey)
  const job: JobSpec = { ...options.job }
  const calls: RecordedCall[] = []
  const faults: Fault[] = []
  const group = options.resourceGroup ?? 'rg-shop'
  const specs: ClusterSpec[] = options.clusters ?? [{ name: 'aks-test' }]
  const arm = createArmService({
    directory,
    subscriptionId: options.subscriptionId ?? SUBSCRIPTION,
    resourceGroups: [group],
    location: options.location ?? 'westeurope',
    pollSeconds: options.pollSeconds ?? 0,
  })
  const commands = createCommands(arm, specs, kubernetes, options)
  arm.routes.push(
    ...clusterRoutes(arm),
    ...credentialRoutes(arm, directory, specs, kubernetes),
    ...commands.routes,
    ...computeRoutes(arm, options.quota ?? AMPLE),
  )
  for (const spec of specs) addCluster(arm, group, spec, directory.tenantId, kubernetes.machines)
  const agentPools = kubernetes.machines && createAgentPools(arm, kubernetes.machines, options.nodePools)
  arm.routes.push(...(agentPools?.routes ?? []))

  const shared = { calls, faults, ...(options.hostNames && { hostNames: options.hostNames }) }
  const identity = directory.applications[0]
  if (identity === undefined) throw new Error('the directory has no application')
  const entra = await startEndpoint({ which: 'entra', ca, serve: serveEntra(directory), ...shared })
  const oidc = await startEndpoint({
    which: 'oidc',
    ca,
    serve: serveIdTokens(jobKeys, REQUEST_TOKEN, job),
    ...shared,
  })
  const armEndpoint = await startEndpoint({ which: 'arm', ca, serve: arm.serve, ...shared })
  const metadata = await startEndpoint({
    which: 'metadata',
    serve: serveMetadata(directory, identity),
    ...shared,
  })
  directory.armAudiences.add(armEndpoint.origin)
  const endpoints: Endpoint[] = [entra, oidc, armEndpoint, metadata]
  const clusterName = specs[0]?.name ?? ''

  return {
    subscriptionId: arm.subscriptionId,
    resourceGroup: group,
    tenantId: directory.tenantId,
    clusterName,
    clusterId: clusterId(arm, group, clusterName),
    directory,
    arm,
    ...(agentPools && { agentPools }),
    ca,
    entra: entra.origin,
    oidc: oidc.origin,
    armEndpoint: armEndpoint.origin,
    metadata: metadata.origin,
    job,
    jobKeys,
    calls,
    misbehave: (fault) => {
      const own = { ...fault }
      faults.push(own)
      return () => {
        if (faults.includes(own)) faults.splice(faults.indexOf(own), 1)
      }
    },
    environment: ({ idToken = true } = {}) => ({
      GITHUB_ACTIONS: 'true',
      RUNNER_ENVIRONMENT: 'github-hosted',
      AZURE_AUTHORITY_HOST: entra.origin,
      AZURE_RESOURCE_MANAGER_ENDPOINT: armEndpoint.origin,
      ...(idToken
        ? {
            ACTIONS_ID_TOKEN_REQUEST_URL: `${oidc.origin}/idtoken/plan/job?api-version=2.0`,
            ACTIONS_ID_TOKEN_REQUEST_TOKEN: REQUEST_TOKEN,
          }
        : {}),
    }),
    stop: async () => {
      await agentPools?.idle()
      await commands.stop()
      await Promise.all(endpoints.map(({ close }) => close()))
    },
  }
}

/** For tests of Azure alone: a kubeconfig of a server that is not there. */
function nowhere(ca: CertificateAuthority): KubernetesSide {
  const server = 'https://127.0.0.1:1'
  return {
    server,
    ca,
    localKubeconfig: (other) => {
      const { certificate, key } = ca.issue({ commonName: 'masterclient', organizations: ['system:masters'] })
      const encoded = (text: string) => Buffer.from(text).toString('base64')
      return JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'local',
        clusters: [
          {
            name: 'local',
            cluster: { server: other ?? server, 'certificate-authority-data': encoded(ca.certificate) },
          },
        ],
        contexts: [{ name: 'local', context: { cluster: 'local', user: 'local' } }],
        users: [
          {
            name: 'local',
            user: {
              'client-certificate-data': encoded(certificate),
              'client-key-data': encoded(key),
              token: 'local-account-token',
            },
          },
        ],
      })
    },
  }
}
