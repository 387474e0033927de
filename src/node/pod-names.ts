import { type KubeApi, KubeError, type ObjectMeta } from '../cluster/kube-api.ts'
import { missingRight, rightName } from '../cluster/permissions.ts'
import { forEachLimited } from './limit.ts'
import { plain } from './plain-text.ts'
import type { PodName, RemoteName } from './reading.ts'

/** The part of a core/v1 Pod that is read. */
export interface ListedPod {
  metadata: ObjectMeta
  spec?: {
    nodeName?: string
    hostNetwork?: boolean
    securityContext?: { sysctls?: { name: string; value: string }[] }
  }
  status?: { phase?: string; podIP?: string; podIPs?: { ip?: string }[] }
}

/** What the API server says about pods; what it does not say is absent. */
export interface KnownPods {
  /** By node, then by the UID that the cgroups of the pod's processes carry. */
  byNode: Map<string, Map<string, ListedPod>>
  byAddress: Map<string, RemoteName>
  /** Why some are not known, in a few words, told once. */
  unknown?: string
}

/** Requests are bounded: so many nodes and so many addresses are asked about, each once. */
export const MOST_NODES = 10
export const MOST_ADDRESSES = 10
const AT_ONCE = 5

/** Names are help for people, so the run does not wait long for them. */
const patience = { timeoutMs: 10_000, retry: false }

/**
 * Asks for the pods of nodes and for whose addresses are. Version 0 lets the API server answer from its cache,
 * which is indexed by node, so that nothing is read from etcd. Never rejects for want of a right or an answer:
 * the first such failure ends the asking.
 */
export async function askForPods(
  api: KubeApi,
  nodes: readonly string[],
  addressesOf: (known: KnownPods) => readonly string[],
  signal?: AbortSignal,
): Promise<KnownPods> {
  const known: KnownPods = { byNode: new Map(), byAddress: new Map() }
  const ask = async (fieldSelector: string, take: (pods: ListedPod[]) => void) => {
    if (known.unknown !== undefined) return
    try {
      take(await list(api, fieldSelector, signal))
    } catch (error) {
      if (!(error instanceof KubeError)) throw error
      const right = missingRight(error)
      known.unknown ??= right ? `the right ${rightName(right)} is missing` : plain(error.message)
    }
  }
  await forEachAsked(nodes.slice(0, MOST_NODES), (node) =>
    ask(`spec.nodeName=${node}`, (pods) => takeNode(known, node, pods)),
  )
  await forEachAsked(addressesOf(known).slice(0, MOST_ADDRESSES), (address) =>
    ask(`status.podIP=${address}`, (pods) => takeAddress(known, address, pods)),
  )
  return known
}

/** Work that rejects is told when all of it has ended, so that nothing goes on behind the caller's back. */
async function forEachAsked(items: readonly string[], work: (item: string) => Promise<void>): Promise<void> {
  const failed: unknown[] = []
  await forEachLimited(items, AT_ONCE, (item) =>
    work(item).catch((error: unknown) => void failed.push(error)),
  )
  if (failed.length > 0) throw failed[0]
}

async function list(
  api: KubeApi,
  fieldSelector: string,
  signal: AbortSignal | undefined,
): Promise<ListedPod[]> {
  const { items } = await api.request<{ items?: unknown }>({
    method: 'GET',
    path: '/api/v1/pods',
    query: { fieldSelector, resourceVersion: '0' },
    ...patience,
    ...(signal && { signal }),
  })
  return Array.isArray(items) ? items.filter(isPod) : []
}

function isPod(item: unknown): item is ListedPod {
  const { metadata } = (typeof item === 'object' && item !== null ? item : {}) as {
    metadata?: Partial<ObjectMeta>
  }
  return typeof metadata?.name === 'string' && typeof metadata.uid === 'string'
}

function takeNode(known: KnownPods, node: string, pods: readonly ListedPod[]): void {
  known.byNode.set(node, new Map(pods.map((pod) => [cgroupUid(pod.metadata), pod])))
  for (const pod of pods) {
    if (isOver(pod) || pod.spec?.hostNetwork) continue
    const addresses = [pod.status?.podIP, ...(pod.status?.podIPs?.map(({ ip }) => ip) ?? [])]
    for (const address of addresses) if (address) known.byAddress.set(address, remoteOf(pod))
  }
}

/** A pod that is over keeps its address in its status; another may have it by now. */
function takeAddress(known: KnownPods, address: string, pods: readonly ListedPod[]): void {
  const [pod, ...others] = pods.filter((each) => !isOver(each))
  if (pod === undefined) return
  const node = pod.spec?.nodeName
  if (pod.spec?.hostNetwork && node !== undefined)
    known.byAddress.set(address, { kind: 'node', name: plain(node, 253) })
  else if (others.length === 0) known.byAddress.set(address, remoteOf(pod))
}

function isOver({ status }: ListedPod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}

/**
 * The cgroup of a static pod carries the hash of its manifest, as its API object is made later. Nothing but such
 * a hash is taken from an annotation, which anybody may write: no pod can pass for another by it.
 */
function cgroupUid({ uid = '', annotations }: ObjectMeta): string {
  const hash = annotations?.['kubernetes.io/config.hash'] ?? ''
  return /^[0-9a-f]{32}$/.test(hash) ? hash : uid
}

function remoteOf({ metadata }: ListedPod): RemoteName {
  return {
    kind: 'pod',
    namespace: plain(metadata.namespace ?? 'default', 63),
    name: plain(metadata.name, 253),
  }
}

/** Namespace, name and owner of a pod, in one bounded line each. */
export function podName({ metadata }: ListedPod): PodName {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  return {
    namespace: plain(metadata.namespace ?? 'default', 63),
    name: plain(metadata.name, 253),
    ...(owner && { owner: ownerOf(owner, metadata.labels?.['pod-template-hash']) }),
  }
}

/** A ReplicaSet of a Deployment is named after it and the hash of its template. */
function ownerOf(
  owner: { kind: string; name: string },
  hash: string | undefined,
): { kind: string; name: string } {
  const name = plain(String(owner.name), 253)
  const suffix = `-${hash}`
  if (owner.kind === 'ReplicaSet' && hash !== undefined && name.endsWith(suffix)) {
    return { kind: 'Deployment', name: name.slice(0, -suffix.length) }
  }
  return { kind: plain(String(owner.kind), 63), name }
}

/** ip_local_port_range as the pod's securityContext sets it. */
export function portRangeOf({ spec }: ListedPod): { first: number; last: number } | undefined {
  const set = spec?.securityContext?.sysctls?.find(({ name }) => name === 'net.ipv4.ip_local_port_range')
  const [, first, last] = /^\s*(\d{1,5})\s+(\d{1,5})\s*$/.exec(String(set?.value ?? '')) ?? []
  const range = { first: Number(first), last: Number(last) }
  return range.first >= 1 && range.first <= range.last && range.last <= 65535 ? range : undefined
}
