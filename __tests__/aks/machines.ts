import type { PoolMachines } from './azure/pool-nodes.ts'
import { type Kubelets, startKubelets } from './kubelet.ts'
import { createRuntime } from './node-runtime/index.ts'
import type { NodeMachine, TestNode } from './node-types.ts'
import { nodeObject } from './nodes.ts'
import type { MemoryStore } from './store.ts'
import type { AksEvents, NodeSpec, Pod } from './types.ts'

/** The nodes of the bed with what is behind them. */
export interface Machines {
  add: (specs: NodeSpec[]) => Promise<void>
  remove: (name: string) => Promise<void>
  lose: (name: string) => Promise<void>
  /** Throws when there is no machine of that name. */
  node: (name: string) => TestNode
  stop: () => Promise<void>
}

export interface MachinesOptions {
  store: MemoryStore
  events: AksEvents
  kubernetesVersion: string
  phaseDelayMs: number | undefined
}

/** How many machines are made at once: each may start processes. */
const atOnce = 16

export async function startMachines(options: MachinesOptions): Promise<Machines> {
  const { store, events } = options
  const machines = new Map<string, NodeMachine>()
  const kubelets: Kubelets = startKubelets({
    store,
    onFinished: (pod) => events.emit('pod-finished', pod),
    ...(options.phaseDelayMs !== undefined && { phaseDelayMs: options.phaseDelayMs }),
  })
  let count = 0

  async function addOne(spec: NodeSpec, index: number): Promise<void> {
    const machine = hasMachine(spec) ? await createRuntime(spec) : undefined
    store.create('nodes', nodeObject(spec, options.kubernetesVersion, index))
    if (!machine) return
    machines.set(spec.name, machine)
    kubelets.add(machine)
  }

  return {
    async add(specs) {
      for (let at = 0; at < specs.length; at += atOnce) {
        const made = await Promise.allSettled(
          specs.slice(at, at + atOnce).map((spec) => addOne(spec, count++)),
        )
        for (const result of made) if (result.status === 'rejected') throw result.reason
      }
    },
    async remove(name) {
      await kubelets.remove(name)
      await machines.get(name)?.stop()
      machines.delete(name)
      if (store.get('nodes', '', name)) store.delete('nodes', '', name)
    },
    lose: (name) => kubelets.lose(name),
    node(name) {
      const machine = machines.get(name)
      if (!machine) throw new Error(`the small AKS has no machine ${name}`)
      return machine
    },
    async stop() {
      await kubelets.stop()
      await Promise.all([...machines.values()].map((machine) => machine.stop()))
    },
  }
}

/** Nodes that no pod of ours can run on have nothing behind them. */
function hasMachine(spec: NodeSpec): boolean {
  return spec.os !== 'windows' && !spec.virtual && (spec.ready ?? true)
}

/** The machines as node pools see them. */
export function poolMachines(store: MemoryStore, { add, remove }: Machines): PoolMachines {
  const isWork = ({ metadata, status }: Pod) =>
    status.phase !== 'Succeeded' &&
    status.phase !== 'Failed' &&
    !metadata.ownerReferences?.some(({ kind }) => kind === 'DaemonSet' || kind === 'Node')
  return {
    add,
    remove,
    ofPool: (pool) =>
      store
        .list('nodes', { labelSelector: `kubernetes.azure.com/agentpool=${pool}` })
        .map(({ metadata }) => metadata.name),
    workOn: (node) =>
      store
        .list<Pod>('pods', { fieldSelector: `spec.nodeName=${node}` })
        .filter(isWork)
        .map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`),
  }
}
