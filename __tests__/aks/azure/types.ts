import type { CertificateAuthority, Identity } from '../types.ts'
import type { PoolBehaviour } from './agent-pools.ts'
import type { CoreQuota } from './compute.ts'
import type { PoolMachines } from './pool-nodes.ts'

/** What the Azure around the small AKS looks like. */
export interface AzureOptions {
  /** Default: made up, always the same. */
  tenantId?: string
  subscriptionId?: string
  resourceGroup?: string
  location?: string
  /** Default: one that signs in with the job's identity token and may do all. */
  applications?: Application[]
  /** Default: one, named `aks-test`, with Entra ID. */
  clusters?: ClusterSpec[]
  /** How long tokens for ARM are good. Default 3600. */
  armTokenSeconds?: number
  /** How long tokens for the Kubernetes API are good. Default 3600. */
  kubernetesTokenSeconds?: number
  /** What tokens for ARM are issued for beside the endpoint's own address. */
  armAudiences?: string[]
  /** Names beside 127.0.0.1 that the certificates of the services are good for, for those who come through a proxy. */
  hostNames?: string[]
  /** The job that runs the action. */
  job?: JobSpec
  /** What ARM says in Retry-After to those who poll, in seconds. Default 0. */
  pollSeconds?: number
  /** What run commands find as kubectl; default: a small one that comes along. */
  kubectl?: string
  /** Bytes that are kept of what a run command prints. Default 512 kB, as AKS does. */
  outputLimit?: number
  /** What is particular about the node pools. */
  nodePools?: PoolBehaviour
  /** Cores that may be used. Default: enough. */
  quota?: CoreQuota
}

/** An application registration with its service principal. */
export interface Application {
  clientId: string
  objectId?: string
  secret?: string
  /** The certificate (PEM) that it may sign in with. */
  certificate?: string
  federated?: FederatedCredential[]
  disabled?: boolean
  /** ARM actions that it may do, `*` matches the rest. Default `['*']`. */
  actions?: string[]
  /** Who it is in Kubernetes. Default: may do all there. */
  kubernetes?: Omit<Identity, 'name'> & { name?: string }
}

export interface FederatedCredential {
  issuer: string
  subject: string
  audience: string
}

export interface JobSpec {
  /** Default `repo:octo/shop:ref:refs/heads/main`. */
  subject?: string
  /** How long its identity tokens are good. Default 300. */
  tokenSeconds?: number
}

export interface ClusterSpec {
  name: string
  /** Default true: Entra ID; false: client certificates. */
  entra?: boolean
  localAccountsDisabled?: boolean
  private?: boolean
  runCommandDisabled?: boolean
  /** Default `Running`. */
  powerState?: string
  /** Default `Succeeded`. */
  provisioningState?: string
  kubernetesVersion?: string
  /** Default `azure`. */
  dataplane?: string
  authorizedIpRanges?: string[]
  /** Server in its kubeconfig, instead of where its API server listens. */
  server?: string
  pools?: PoolSpec[]
  /** Default `Base`. */
  sku?: 'Base' | 'Automatic'
  /** Node auto-provisioning; default `Manual`. */
  autoProvisioning?: 'Manual' | 'Auto'
  /** Why the pod of a run command does not start. */
  runCommandFault?: 'unschedulable' | 'refused-by-policy'
}

export interface PoolSpec {
  name: string
  /** Further properties as ARM has them, e.g. `linuxOSConfig`. */
  properties?: Record<string, unknown>
  /** Properties that only preview versions of the API show. */
  preview?: Record<string, unknown>
}

/** The API server behind the clusters. */
export interface KubernetesSide {
  server: string
  ca: CertificateAuthority
  /** Kubeconfig of a local account, as ARM gives it out. */
  localKubeconfig: (server: string | undefined) => string
  /** The nodes behind the pools of the first cluster; absent: its pools cannot be changed. */
  machines?: PoolMachines
}

export type Service = 'entra' | 'oidc' | 'arm' | 'metadata'

export interface RecordedCall {
  which: Service
  /** Milliseconds since 1970. */
  at: number
  method: string
  host: string
  path: string
  query: Record<string, string>
  userAgent: string
  body: string
  status: number
}

export interface Incoming {
  method: string
  path: string
  query: Record<string, string>
  headers: Record<string, string>
  body: string
  /** `https://127.0.0.1:PORT`, as the caller wrote it. */
  origin: string
}

export interface Reply {
  status: number
  headers?: Record<string, string>
  /** Sent as JSON. */
  body?: unknown
}

/** When a service must do what no good service does. */
export interface Fault {
  which: Service
  method?: string
  path?: RegExp
  /** Calls that match and are still served well. Default 0. */
  skip?: number
  /** How many calls it acts on. Default: all. */
  times?: number
  do: 'reset' | 'hang' | { delayMs: number } | Reply
}
