import { rejectionOf } from './kubelet/admission.ts'
import { markNodeLost } from './kubelet/lost-node.ts'
import { PodWorker, type WorkerHost } from './kubelet/pod-worker.ts'
import type { NodeMachine } from './node-types.ts'
import type { KubeNode, Pod } from './objects.ts'
import type { Store, StoreEvent } from './store-types.ts'

export interface KubeletOptions {
  store: Store
  /** A container of the pod has terminated (told once a pod). */
  onFinished?: (pod: Pod) => void
  /**
   * Time between the update that tells that the containers have terminated and the one with the pod's last
   * phase; about a second in a real kubelet. Default 50 ms.
   */
  phaseDelayMs?: number
  /** Time from a failed pull to ImagePullBackOff; a twentieth of the time to the next try. Default 200 ms. */
  pullRetryMs?: number
}

/** The kubelets of all nodes. */
export interface Kubelets {
  /** A node's kubelet begins to work: takes the pods that are bound to it, now and later. */
  add(machine: NodeMachine): void
  /** The kubelet falls silent: its pods stay as they are, its node becomes Unknown. Its processes are ended. */
  lose(name: string): Promise<void>
  /** The kubelet and its processes go; nothing is told to the store. The machine is not stopped. */
  remove(name: string): Promise<void>
  stop(): Promise<void>
}

interface Kubelet {
  machine: NodeMachine
  hostIP: string
  workers: Map<string, PodWorker>
  silent: boolean
}

/** Starts with no node. One watch serves all of them. */
export function startKubelets(options: KubeletOptions): Kubelets {
  const { store } = options
  const kubelets = new Map<string, Kubelet>()
  const told = new Set<string>()

  const current = (pod: Pod) => {
    const now = store.get<Pod>('pods', pod.metadata.namespace ?? 'default', pod.metadata.name)
    return now?.metadata.uid === pod.metadata.uid ? now : undefined
  }
  const lives = (kubelet: Kubelet) => !kubelet.silent && kubelet.machine.fault !== 'dead'

  const lose = async (name: string) => {
    const kubelet = kubelets.get(name)
    if (kubelet) kubelet.silent = true
    markNodeLost(store, name)
    await endAll(kubelet)
  }
  const hostOf = (kubelet: Kubelet): WorkerHost => ({
    machine: kubelet.machine,
    hostIP: kubelet.hostIP,
    phaseDelayMs: options.phaseDelayMs ?? 50,
    pullRetryMs: options.pullRetryMs ?? 200,
    current,
    post: (pod, status) => {
      if (!lives(kubelet) || !current(pod)) return
      store.patch('pods', pod.metadata.namespace ?? 'default', pod.metadata.name, { status })
    },
    onFinished: (pod) => {
      const uid = pod.metadata.uid ?? ''
      const now = current(pod)
      if (told.has(uid) || !now || !lives(kubelet)) return
      told.add(uid)
      options.onFinished?.(now)
    },
    remove: (pod) => {
      if (!lives(kubelet) || !current(pod)) return
      store.delete('pods', pod.metadata.namespace ?? 'default', pod.metadata.name, { gracePeriodSeconds: 0 })
    },
    die: () => void lose(kubelet.machine.name),
  })

  const take = (kubelet: Kubelet, pod: Pod) => {
    const worker = new PodWorker(pod, hostOf(kubelet))
    const others = [...kubelet.workers.values()].filter((other) => other.active).map((other) => other.pod)
    kubelet.workers.set(pod.metadata.uid ?? '', worker)
    const rejection = rejectionOf(pod, others, store.get<KubeNode>('nodes', '', kubelet.machine.name))
    // Later, so that the request that made the pod is answered first.
    setImmediate(() => {
      if (!lives(kubelet)) return
      if (rejection) worker.reject(rejection)
      else void worker.run()
    })
  }

  const see = (kubelet: Kubelet, { type, object: pod }: StoreEvent<Pod>) => {
    const uid = pod.metadata.uid ?? ''
    const worker = kubelet.workers.get(uid)
    if (type === 'DELETED') {
      kubelet.workers.delete(uid)
      told.delete(uid)
      void worker?.abandon()
    } else if (!lives(kubelet)) {
      return
    } else if (pod.metadata.deletionTimestamp) {
      if (worker) void worker.terminate(pod.metadata.deletionGracePeriodSeconds ?? 30)
      else hostOf(kubelet).remove(pod)
    } else if (!worker && pod.status.phase !== 'Succeeded' && pod.status.phase !== 'Failed') {
      take(kubelet, pod)
    }
  }

  const unwatch = store.watch<Pod>('pods', {}, (event) => {
    const kubelet = kubelets.get(event.object.spec.nodeName ?? '')
    if (kubelet) see(kubelet, event)
  })

  return {
    add: (machine) => {
      const kubelet = { machine, hostIP: addressOf(store, machine.name), workers: new Map(), silent: false }
      kubelets.set(machine.name, kubelet)
      const bound = store.list<Pod>('pods', { fieldSelector: `spec.nodeName=${machine.name}` })
      for (const object of bound)
        see(kubelet, { type: 'ADDED', object, resourceVersion: store.resourceVersion })
    },
    lose,
    remove: async (name) => {
      const kubelet = kubelets.get(name)
      kubelets.delete(name)
      if (kubelet) kubelet.silent = true
      await endAll(kubelet)
    },
    stop: async () => {
      unwatch()
      await Promise.all(
        [...kubelets.values()].map((kubelet) => {
          kubelet.silent = true
          return endAll(kubelet)
        }),
      )
      kubelets.clear()
    },
  }
}

async function endAll(kubelet: Kubelet | undefined): Promise<void> {
  if (kubelet) await Promise.all([...kubelet.workers.values()].map((worker) => worker.abandon()))
}

function addressOf(store: Store, name: string): string {
  const addresses = store.get<KubeNode>('nodes', '', name)?.status.addresses ?? []
  return addresses.find((entry) => entry.type === 'InternalIP')?.address ?? '10.224.0.4'
}
