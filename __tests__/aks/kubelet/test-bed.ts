import { afterEach } from '@jest/globals'
import { type KubeletOptions, type Kubelets, startKubelets } from '../kubelet.ts'
import { createRuntime } from '../node-runtime/index.ts'
import { AUDITOR, podOf } from '../node-runtime/test-pods.ts'
import type { NodeMachine } from '../node-types.ts'
import type { KubeNode, Pod, PodSpec } from '../objects.ts'
import { MemoryStore } from '../store.ts'
import type { NodeSpec } from '../types.ts'

const NODE: KubeNode = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-a' },
  spec: {},
  status: {
    capacity: { cpu: '2', memory: '4Gi', pods: '10' },
    allocatable: { cpu: '2', memory: '4Gi', pods: '10' },
    conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
    addresses: [{ type: 'InternalIP', address: '10.224.0.7' }],
    nodeInfo: {},
  },
}

export interface Bed {
  store: MemoryStore
  kubelets: Kubelets
  machine: NodeMachine
  finished: Pod[]
  /** Every form of every pod, in order, as a watch of the API server would show it. */
  seen: Pod[]
  /** A pod on node-a, of an auditor's shape unless `spec` says otherwise. */
  create: (script: string, spec?: Partial<PodSpec>) => Pod
  /** The first form of the pod, past or to come, for which the test holds. */
  until: (pod: Pod, test: (pod: Pod) => boolean) => Promise<Pod>
  gone: (pod: Pod) => Promise<void>
}

let cleanup: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const clean of cleanup) await clean()
  cleanup = []
})

export async function bed(spec: Partial<NodeSpec> = {}, options: Partial<KubeletOptions> = {}): Promise<Bed> {
  const store = new MemoryStore()
  const finished: Pod[] = []
  const seen: Pod[] = []
  const gone: Pod[] = []
  const waiting = new Set<() => void>()
  store.create('nodes', NODE)
  store.watch<Pod>('pods', {}, ({ type, object }) => {
    ;(type === 'DELETED' ? gone : seen).push(object)
    for (const look of waiting) look()
  })
  const kubelets = startKubelets({
    store,
    onFinished: (pod) => finished.push(pod),
    phaseDelayMs: 20,
    ...options,
  })
  const machine = await createRuntime({ name: 'node-a', ...spec }, { backoffMs: 50 })
  kubelets.add(machine)
  cleanup.push(async () => {
    await kubelets.stop()
    await machine.stop()
  })
  const whenFound = <T>(find: () => T | undefined) =>
    new Promise<T>((resolve) => {
      const look = () => {
        const found = find()
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  const same = (pod: Pod) => (other: Pod) => other.metadata.uid === pod.metadata.uid
  return {
    store,
    kubelets,
    machine,
    finished,
    seen,
    /** A pod on node-a, of an auditor's shape unless `spec` says otherwise. */
    create: (script, more) =>
      store.create<Pod>('pods', podOf(script, AUDITOR, { nodeName: 'node-a', ...more })),
    until: (pod, test) => whenFound(() => seen.filter(same(pod)).find(test)),
    gone: async (pod) => void (await whenFound(() => gone.find(same(pod)))),
  }
}

export const stateOf = (pod: Pod) => pod.status.containerStatuses?.[0]?.state
export const brief = (pod: Pod) => {
  const state = stateOf(pod)
  return `${pod.status.phase ?? '-'} ${state?.waiting?.reason ?? Object.keys(state ?? {})[0] ?? '-'}`
}
export const atEnd = (pod: Pod) => pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
