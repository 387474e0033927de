/** The types by which the parts of the small AKS fit together. */

import type { Admission, Identity, UserSpec } from './auth-types.ts'
import type { AzureOptions, SmallAzure } from './azure/azure.ts'
import type { NodeRuntimeState, TestNode } from './node-types.ts'
import type { KubeNode, KubeObject, Pod, Taint } from './objects.ts'
import type { Store } from './store-types.ts'

export type * from './auth-types.ts'
export type * from './node-types.ts'
export type * from './objects.ts'
export type * from './store-types.ts'

export interface AksOptions {
  /** Default: three healthy recorded nodes, aks-np1-0 to aks-np1-2, in pool np1. */
  nodes?: NodeSpec[]
  /** Default `v1.34.1`. */
  kubernetesVersion?: string
  /** Put in at the start, in this order; namespaces that they need and that are missing are made. */
  objects?: KubeObject[]
  /** Default: `admin`, who may do all. */
  users?: UserSpec[]
  /** Asked for each bearer token that belongs to none of `users`; undefined answers 401. */
  authenticate?: (token: string) => Identity | undefined
  /** Asked for each create, update and delete after authorization; a returned text refuses it with 403. */
  admit?: Admission
  /** Entra ID and ARM around the cluster; absent: none. */
  azure?: AzureOptions
  /** Host names beside 127.0.0.1 and localhost that the API server's certificate is good for. */
  hostNames?: string[]
  /** Time between bookmarks of a watch in milliseconds; default 60000 as in a real server. */
  bookmarkMs?: number
  /** Events kept per resource for watches that resume; default 20000. Older ones answer 410. */
  watchHistory?: number
  /** Time between a pod's last container status and its last phase; a real kubelet takes about a second. */
  phaseDelayMs?: number
}

/** Which node to make. */
export interface NodeSpec {
  name: string
  /** Default `np1`. */
  pool?: string
  /** Default 4. */
  cores?: number
  /** Default 16 GiB. */
  memoryKb?: number
  os?: 'linux' | 'windows'
  /** A virtual-kubelet node: no machine behind it. */
  virtual?: boolean
  /** Default true; a node that is not ready has no kubelet. */
  ready?: boolean
  /** Default true; false is a cordoned node. */
  schedulable?: boolean
  labels?: Record<string, string>
  annotations?: Record<string, string>
  taints?: Taint[]
  /** Default `{ sample: 'healthy' }`. */
  state?: NodeRuntimeState
  /** Initial values, in /proc/sys names with dots: `net.netfilter.nf_conntrack_max`. */
  sysctls?: Record<string, string>
  /** Files of /proc that this node's kernel does not have, e.g. `/proc/net/stat/nf_conntrack`. */
  missingFiles?: string[]
  /** What nf_conntrack_count reads. */
  conntrackCount?: number
  fault?: NodeFault
}

/**
 * What is wrong with a node: `dead` never starts a pod, `pull-error` cannot pull any image, `dies-mid-run`
 * stops answering once a pod runs, `read-only-sysctls` refuses every write below /proc/sys, `delayMs` starts
 * pods late, `message` answers with this termination message instead of running anything.
 */
export type NodeFault =
  | 'dead'
  | 'pull-error'
  | 'dies-mid-run'
  | 'read-only-sysctls'
  | { delayMs: number }
  | { message: string; exitCode?: number }

export interface SmallAks {
  /** `https://127.0.0.1:PORT`. */
  readonly server: string
  /** Path of a PEM file with the certificate authority, for NODE_EXTRA_CA_CERTS. */
  readonly caFile: string
  /** The authority itself: issues further certificates, e.g. for ARM. */
  readonly ca: CertificateAuthority
  /** YAML of a kubeconfig with the CA and the user's bearer token or client certificate. Default user `admin`. */
  kubeconfig(user?: string, options?: KubeconfigOptions): string
  /** Every request that arrived, in order of arrival. `status` is 0 until it is answered. */
  readonly requests: RecordedRequest[]
  /** Objects, read and changed in process, past authorization and admission. */
  readonly store: Store
  readonly events: AksEvents
  /** Present when the bed was started with `azure`. */
  readonly azure?: SmallAzure
  /** The test's handle on a node. Throws when there is no such node. */
  node(name: string): TestNode
  /** A node joins the cluster. */
  addNode(spec: NodeSpec): Promise<void>
  /** A node leaves the cluster: its object goes, then its pods. */
  removeNode(name: string): Promise<void>
  /** The node's kubelet stops posting: Ready becomes Unknown, pods on it stay as they are. */
  loseNode(name: string): Promise<void>
  /** Adds a rule; the first that matches a request is used. Returns a function that takes it away. */
  misbehave(rule: Misbehaviour): () => void
  /** The API server stops listening and cuts every connection. */
  goAway(): Promise<void>
  /** It listens again, on the same port. */
  comeBack(): Promise<void>
  /** Ends all running watches as a server does that restarts. */
  closeWatches(): void
  /** Sends a bookmark on all watches that asked for them. */
  sendBookmarks(): void
  /** Closes everything, ends the nodes' processes and deletes their namespaces. */
  stop(): Promise<void>
}

export interface KubeconfigOptions {
  /** Default: a token. */
  credential?: 'token' | 'certificate'
  /** Replaces the server's address, e.g. for a private FQDN. */
  server?: string
  namespace?: string
}

export interface CertificateAuthority {
  /** Certificate of the authority, PEM. */
  readonly certificate: string
  /** A new key and a certificate for it. `hosts`: DNS names or IP addresses; none makes a client certificate. */
  issue(subject: CertificateSubject): { certificate: string; key: string }
}

export interface CertificateSubject {
  commonName: string
  organizations?: string[]
  hosts?: string[]
  /** Default: an hour ago. */
  notBefore?: Date
  /** Default: in a day. */
  notAfter?: Date
}

export interface RecordedRequest {
  /** Milliseconds since the start of the bed. */
  at: number
  /** Empty for a request that was not authenticated. */
  user: string
  method: string
  /** Path without query. */
  path: string
  query: Record<string, string>
  host: string
  userAgent: string
  contentType: string
  /** The parsed body of a write. */
  body?: unknown
  status: number
}

/** When the server must do what no good server does. */
export interface Misbehaviour {
  match: {
    method?: string
    /** Tested against the path with its query. */
    path?: RegExp
    user?: string
    /** true: only watches; false: everything but watches. */
    watch?: boolean
    /** Requests that match and are still served well before the rule acts. Default 0. */
    skip?: number
    /** How many requests the rule acts on. Default: all. */
    times?: number
  }
  do: MisbehaviourAction
}

/**
 * `reset` cuts the connection without an answer; `lost-answer` does what was asked, then cuts it; `half-body`
 * cuts it in the middle of the answer; `hang` never answers; `gone` is 410 Expired (for a watch in its
 * stream); `close-watches` ends all running watches, then serves the request; `go-away` takes the server off
 * the net as `goAway()` does, until `comeBack()` or after `forMs`.
 */
export type MisbehaviourAction =
  | 'reset'
  | 'lost-answer'
  | 'half-body'
  | 'hang'
  | 'gone'
  | 'close-watches'
  | 'go-away'
  | { goAwayForMs: number }
  /** Cuts this many connections as they arrive, from now on; after that all is well. */
  | { cutConnections: number }
  | { delayMs: number }
  /** A watch that breaks off (no end of stream) after so many events. */
  | { cutAfterEvents: number }
  | { status: number; retryAfter?: number; body?: unknown; headers?: Record<string, string> }

/** Moments at which a test can act; handlers run synchronously before the bed goes on. */
export interface AksEventMap {
  /** A request has arrived and is authenticated; it is not served yet. */
  request: [RecordedRequest]
  /** A request has been answered. */
  response: [RecordedRequest]
  'watch-started': [RecordedRequest]
  'watch-ended': [RecordedRequest]
  'pod-created': [Pod]
  /** deletionTimestamp is set, or the pod is gone at once. */
  'pod-deleting': [Pod]
  'pod-deleted': [Pod]
  /** A container of the pod has terminated (first time). */
  'pod-finished': [Pod]
  'node-added': [KubeNode]
  'node-removed': [KubeNode]
}

export interface AksEvents {
  on<E extends keyof AksEventMap>(event: E, handler: (...args: AksEventMap[E]) => void): void
  off<E extends keyof AksEventMap>(event: E, handler: (...args: AksEventMap[E]) => void): void
  /** Resolves with the first event from now on for which `test` is true. */
  once<E extends keyof AksEventMap>(
    event: E,
    test?: (...args: AksEventMap[E]) => boolean,
  ): Promise<AksEventMap[E]>
  emit<E extends keyof AksEventMap>(event: E, ...args: AksEventMap[E]): void
}
