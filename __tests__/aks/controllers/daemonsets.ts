/** One pod of a DaemonSet on every node that it is for; rolling updates; status. */
import { createHash } from 'node:crypto'
import type { Admission } from '../auth-types.ts'
import type { Workload } from '../kinds/workloads.ts'
import type { KubeNode, Pod, Taint, Toleration } from '../objects.ts'
import { matchesSelector } from '../selectors.ts'
import type { MemoryStore } from '../store.ts'
import { createLoop } from './loop.ts'
import { makePod } from './make-pod.ts'
import { isFinished, isReady, selectsNode, tolerates } from './pods.ts'

const resource = 'daemonsets.apps'
const hashLabel = 'controller-revision-hash'

/** Tolerations that the controller adds to every pod of a DaemonSet. */
const ownTolerations: Toleration[] = [
  ...['not-ready', 'unreachable'].map((name) => tolerate(name, 'NoExecute')),
  ...['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'].map((name) =>
    tolerate(name, 'NoSchedule'),
  ),
]

function tolerate(name: string, effect: string): Toleration {
  return { key: `node.kubernetes.io/${name}`, operator: 'Exists', effect }
}

export function startDaemonSets(store: MemoryStore, admission: Admission | undefined): () => void {
  const loop = createLoop((key: string) => {
    const [namespace = '', name = ''] = key.split('/')
    const daemonSet = store.get<Workload>(resource, namespace, name)
    if (!daemonSet || daemonSet.metadata.deletionTimestamp) return
    const outcome = reconcile(store, admission, daemonSet, !loop.isWaiting(key))
    if (outcome === 'failed' && !loop.isWaiting(key)) loop.retry(key)
    else if (outcome === 'good') loop.forget(key)
  })
  const askAll = () => {
    for (const { metadata } of store.list(resource)) loop.ask(`${metadata.namespace}/${metadata.name}`)
  }
  const stops = [
    store.watch(resource, { from: 'start' }, ({ object }) =>
      loop.ask(`${object.metadata.namespace}/${object.metadata.name}`),
    ),
    store.watch('nodes', {}, askAll),
    store.watch<Pod>('pods', {}, ({ object }) => {
      const owner = object.metadata.ownerReferences?.find(({ kind }) => kind === 'DaemonSet')
      if (owner) loop.ask(`${object.metadata.namespace}/${owner.name}`)
    }),
  ]
  return () => {
    loop.stop()
    for (const stop of stops) stop()
  }
}

interface View {
  wanted: KubeNode[]
  names: Set<string>
  byNode: Map<string, Pod[]>
  hash: string
}

/** `failed`: a pod ended or was refused, and must be tried again later. */
type Outcome = 'failed' | 'settling' | 'good'

function reconcile(
  store: MemoryStore,
  admission: Admission | undefined,
  daemonSet: Workload,
  mayReplaceFailed: boolean,
): Outcome {
  const { namespace = '' } = daemonSet.metadata
  const view = viewOf(store, daemonSet)
  let failed = false
  for (const [node, pods] of view.byNode) {
    const unwanted = !view.names.has(node)
    for (const [index, pod] of pods.entries()) {
      if (pod.metadata.deletionTimestamp) continue
      if (isFinished(pod)) failed = true
      const superfluous = unwanted || index > 0 || (isFinished(pod) && mayReplaceFailed)
      if (superfluous) store.delete('pods', namespace, pod.metadata.name)
    }
  }
  if (daemonSet.spec.updateStrategy?.type !== 'OnDelete') {
    replaceOld(store, daemonSet, viewOf(store, daemonSet))
  }
  const present = viewOf(store, daemonSet)
  for (const node of present.wanted) {
    if (present.byNode.has(node.metadata.name)) continue
    if (!makeFor(store, admission, daemonSet, node, present.hash)) failed = true
  }
  const ready = writeStatus(store, daemonSet)
  if (failed) return 'failed'
  return ready === present.wanted.length ? 'good' : 'settling'
}

function viewOf(store: MemoryStore, daemonSet: Workload): View {
  const { namespace = '', uid } = daemonSet.metadata
  const byNode = new Map<string, Pod[]>()
  for (const pod of store.list<Pod>('pods', { namespace })) {
    if (!pod.metadata.ownerReferences?.some((owner) => owner.uid === uid)) continue
    if (!matchesSelector(daemonSet.spec.selector, pod.metadata.labels)) continue
    const node = pod.spec.nodeName ?? ''
    byNode.set(node, [...(byNode.get(node) ?? []), pod])
  }
  const wanted = store.list<KubeNode>('nodes').filter((node) => isFor(daemonSet, node))
  const hash = createHash('sha256').update(JSON.stringify(daemonSet.spec.template)).digest('hex').slice(0, 10)
  return { wanted, names: new Set(wanted.map(({ metadata }) => metadata.name)), byNode, hash }
}

function isFor(daemonSet: Workload, node: KubeNode): boolean {
  const { spec } = daemonSet.spec.template
  const tolerations = [...(spec.tolerations ?? []), ...ownTolerations]
  if (spec.hostNetwork) tolerations.push(tolerate('network-unavailable', 'NoSchedule'))
  const stays = (taint: Taint) => taint.effect === 'PreferNoSchedule' || tolerates(tolerations, taint)
  return selectsNode(spec, node) && (node.spec.taints ?? []).every(stays)
}

function makeFor(
  store: MemoryStore,
  admission: Admission | undefined,
  daemonSet: Workload,
  node: KubeNode,
  hash: string,
): Pod | undefined {
  const { spec } = daemonSet.spec.template
  const { name } = node.metadata
  return makePod(store, admission, {
    owner: daemonSet,
    controller: 'daemon-set-controller',
    labels: { [hashLabel]: hash, 'pod-template-generation': String(daemonSet.metadata.generation ?? 1) },
    spec: {
      nodeName: name,
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
          },
        },
      },
      tolerations: [...(spec.tolerations ?? []), ...ownTolerations],
    },
  })
}

/** Deletes pods of an old template, as many at once as maxUnavailable leaves. */
function replaceOld(store: MemoryStore, daemonSet: Workload, view: View): void {
  const { namespace = '' } = daemonSet.metadata
  const { maxUnavailable = 1 } = daemonSet.spec.updateStrategy?.rollingUpdate ?? {}
  const total = view.wanted.length
  const limit =
    typeof maxUnavailable === 'number'
      ? maxUnavailable
      : Math.ceil((Number.parseFloat(maxUnavailable) / 100) * total)
  const pods = [...view.byNode.values()].flat()
  const available = (pod: Pod) => isReady(pod) && !pod.metadata.deletionTimestamp
  const old = pods.filter(
    (pod) => pod.metadata.labels?.[hashLabel] !== view.hash && !pod.metadata.deletionTimestamp,
  )
  const down = total - pods.filter(available).length
  for (const pod of old.filter((pod) => !available(pod))) store.delete('pods', namespace, pod.metadata.name)
  for (const pod of old.filter(available).slice(0, Math.max(0, limit - down))) {
    store.delete('pods', namespace, pod.metadata.name)
  }
}

/** Returns how many pods are ready. */
function writeStatus(store: MemoryStore, daemonSet: Workload): number {
  const { namespace = '', name, generation } = daemonSet.metadata
  const { wanted, names, byNode, hash } = viewOf(store, daemonSet)
  const pods = wanted.flatMap((node) => byNode.get(node.metadata.name)?.slice(0, 1) ?? [])
  const ready = pods.filter(isReady).length
  const misplaced = [...byNode.keys()].filter((node) => !names.has(node))
  const updated = pods.filter((pod) => pod.metadata.labels?.[hashLabel] === hash).length
  const unavailable = wanted.length - ready
  store.patch(resource, namespace, name, {
    status: {
      observedGeneration: generation,
      desiredNumberScheduled: wanted.length,
      currentNumberScheduled: pods.length,
      numberMisscheduled: misplaced.length,
      numberReady: ready,
      numberAvailable: ready === 0 ? null : ready,
      numberUnavailable: unavailable === 0 ? null : unavailable,
      updatedNumberScheduled: updated === 0 ? null : updated,
    },
  })
  return ready
}
