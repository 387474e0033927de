/** Pods of ReplicaSets, StatefulSets and Deployments: as many as wanted, replaced when they go. */
import { createHash } from 'node:crypto'
import type { Admission } from '../auth-types.ts'
import type { Workload } from '../kinds/workloads.ts'
import type { KubeObject, Pod } from '../objects.ts'
import type { MemoryStore } from '../store.ts'
import { createLoop } from './loop.ts'
import { makePod, ownerReference } from './make-pod.ts'
import { isFinished, isReady } from './pods.ts'

const owners: Record<string, string> = { ReplicaSet: 'replicasets.apps', StatefulSet: 'statefulsets.apps' }

export function startReplicas(store: MemoryStore, admission: Admission | undefined): () => void {
  const loop = createLoop((key: string) => {
    const [resource = '', namespace = '', name = ''] = key.split(' ')
    const workload = store.get<Workload>(resource, namespace, name)
    if (!workload || workload.metadata.deletionTimestamp) return
    if (resource === 'deployments.apps') reconcileDeployment(store, workload)
    else reconcilePods(store, admission, resource, workload)
  })
  const ask = (resource: string, object: KubeObject) =>
    loop.ask(`${resource} ${object.metadata.namespace} ${object.metadata.name}`)
  const stops = ['deployments.apps', 'replicasets.apps', 'statefulsets.apps'].map((resource) =>
    store.watch(resource, { from: 'start' }, ({ object }) => {
      ask(resource, object)
      const parent = object.metadata.ownerReferences?.find(({ kind }) => kind === 'Deployment')
      if (parent) loop.ask(`deployments.apps ${object.metadata.namespace} ${parent.name}`)
    }),
  )
  stops.push(
    store.watch<Pod>('pods', {}, ({ object }) => {
      for (const { kind, name } of object.metadata.ownerReferences ?? []) {
        const resource = owners[kind]
        if (resource) loop.ask(`${resource} ${object.metadata.namespace} ${name}`)
      }
    }),
  )
  return () => {
    loop.stop()
    for (const stop of stops) stop()
  }
}

function reconcilePods(
  store: MemoryStore,
  admission: Admission | undefined,
  resource: string,
  workload: Workload,
): void {
  const { namespace = '', name, uid, generation } = workload.metadata
  const podsNow = () =>
    store
      .list<Pod>('pods', { namespace })
      .filter((pod) => pod.metadata.ownerReferences?.some((owner) => owner.uid === uid))
      .filter((pod) => !isFinished(pod) && !pod.metadata.deletionTimestamp)
  const pods = podsNow()
  const wanted = workload.spec.replicas ?? 1
  for (let missing = wanted - pods.length; missing > 0; missing--) {
    makePod(store, admission, { owner: workload, controller: 'replicaset-controller' })
  }
  const spare = [...pods].sort((left, right) => Number(isReady(left)) - Number(isReady(right)))
  for (const pod of spare.slice(0, Math.max(0, pods.length - wanted))) {
    store.delete('pods', namespace, pod.metadata.name)
  }
  const present = podsNow()
  const ready = present.filter(isReady).length
  const status = {
    replicas: present.length,
    readyReplicas: ready,
    availableReplicas: ready,
    observedGeneration: generation,
  }
  store.patch(resource, namespace, name, { status })
}

/** A Deployment has one ReplicaSet, of its present template. */
function reconcileDeployment(store: MemoryStore, deployment: Workload): void {
  const { namespace = '', name, uid, generation } = deployment.metadata
  const hash = createHash('sha256')
    .update(JSON.stringify(deployment.spec.template))
    .digest('hex')
    .slice(0, 10)
  const { replicas = 1, selector, template } = deployment.spec
  const sets = store
    .list<Workload>('replicasets.apps', { namespace })
    .filter((set) => set.metadata.ownerReferences?.some((owner) => owner.uid === uid))
  const current = sets.find((set) => set.metadata.labels?.['pod-template-hash'] === hash)
  for (const set of sets) {
    const wanted = set === current ? replicas : 0
    store.patch('replicasets.apps', namespace, set.metadata.name, { spec: { replicas: wanted } })
  }
  if (!current) {
    const labels = { ...template.metadata?.labels, 'pod-template-hash': hash }
    const set: Workload = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: `${name}-${hash}`, namespace, labels, ownerReferences: [ownerReference(deployment)] },
      spec: {
        replicas,
        selector: { ...selector, matchLabels: { ...selector.matchLabels, 'pod-template-hash': hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
      status: { replicas: 0 },
    }
    store.create('replicasets.apps', set)
  }
  const counts = current?.status ?? {}
  store.patch('deployments.apps', namespace, name, {
    status: { ...counts, updatedReplicas: counts.replicas ?? 0, observedGeneration: generation },
  })
}
