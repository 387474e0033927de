import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeMachine, RunningPod } from '../node-types.ts'
import type { Pod } from '../objects.ts'
import type { NodeFault, NodeSpec } from '../types.ts'
import { answeringMachine } from './answer.ts'
import { resolveContainer } from './container.ts'
import { inspectHost } from './host.ts'
import { isolatedCommand, plainCommand } from './launch.ts'
import { namespaceState } from './namespace.ts'
import { runContainers } from './pod.ts'
import { type PodPlace, placeOf } from './pod-place.ts'
import { startProcess } from './process.ts'
import { recordedState } from './recorded.ts'
import type { KernelState } from './state.ts'
import { type Traffic, trafficOf } from './traffic.ts'
import { takeWorkspace, type Workspace } from './workspace.ts'

export { namespacesPossible } from './host.ts'

export interface RuntimeOptions {
  /** First wait before a failed container is started again; default 10000 as in a kubelet. */
  backoffMs?: number
  /** Whether pods get namespaces of their own; default: where the machine allows it. */
  isolated?: boolean
}

const GROW_MS = 100

/**
 * Makes the machine behind a node. Fails when the state asks for a namespace and the machine allows none. A
 * node that answers by itself (`state: { answer }`) costs nothing.
 */
export async function createRuntime(spec: NodeSpec, options: RuntimeOptions = {}): Promise<NodeMachine> {
  const state = spec.state ?? { sample: 'healthy' }
  if (state !== 'namespace' && 'answer' in state) return answeringMachine(spec, state.answer)
  const host = inspectHost()
  if (state === 'namespace' && host.noNamespaces) {
    throw new Error(`Node ${spec.name} cannot be a network namespace: ${host.noNamespaces}.`)
  }
  const isolated = options.isolated ?? host.notIsolated === undefined
  const workspace = takeWorkspace()
  const { folder, netns } = workspace.forNode(spec.name)
  const kernel = join(folder, 'kernel')
  mkdirSync(kernel)
  try {
    const made =
      state === 'namespace'
        ? await namespaceState(spec, netns, kernel)
        : recordedState(spec, state.sample, kernel, isolated)
    return machineOf(spec, made, folder, workspace, { ...options, isolated })
  } catch (error) {
    workspace.release()
    throw error
  }
}

function machineOf(
  spec: NodeSpec,
  kernel: KernelState,
  folder: string,
  workspace: Workspace,
  options: RuntimeOptions,
): NodeMachine {
  const pods = new Map<RunningPod, { name: string; place: PodPlace; left: Promise<void> }>()
  const growing = new Set<NodeJS.Timeout>()
  let fault = spec.fault
  let containers = 0
  let traffic: Traffic | undefined
  let stopped: Promise<void> | undefined
  const wire = () => {
    if (kernel.netns === undefined) throw new Error(`Node ${spec.name} is a recording: it has no traffic.`)
    traffic ??= trafficOf(kernel.netns)
    return traffic
  }

  const runPod = (pod: Pod, hooks: Parameters<NodeMachine['runPod']>[1]): RunningPod => {
    const volumes = join(folder, `volumes-${pod.metadata.uid ?? pod.metadata.name}`)
    const volumeFolder = (name: string) => {
      mkdirSync(join(volumes, name), { recursive: true })
      chmodSync(join(volumes, name), 0o777)
      return join(volumes, name)
    }
    const place = placeOf(pod, kernel)
    const around = { hostIP: pod.status.hostIP ?? '127.0.0.1', volumeFolder }
    const running = runContainers(
      pod,
      {
        backoffMs: options.backoffMs ?? 10_000,
        start: (container) => {
          containers += 1
          const run = resolveContainer(pod, container, around)
          const command = (options.isolated === true ? isolatedCommand : plainCommand)(run, {
            image: workspace.image,
            folder: join(folder, `container-${containers}`),
            netns: place.netns,
            pidNamespace: kernel.pidNamespace,
            hostPID: pod.spec.hostPID === true,
            cgroup: place.cgroup(containers),
            procFolder: kernel.procFolder(),
            binds: kernel.binds(),
            sysctlsReadOnly: fault === 'read-only-sysctls',
          })
          const process = startProcess(command, run)
          void process.ended.then(() => kernel.settle())
          return process
        },
      },
      (progress) => hooks.onStatus(progress),
    )
    const left = running.finished.then(() => place.leave())
    pods.set(running, { name: pod.metadata.name, place, left })
    void left.catch(() => undefined).then(() => pods.delete(running))
    return running
  }

  return {
    name: spec.name,
    answer: undefined,
    shell: workspace.image.shell,
    get fault() {
      return fault
    },
    setFault: (next: NodeFault | undefined) => {
      fault = next
    },
    runPod,
    sysctl: async (name) => kernel.readSysctl(name),
    setSysctl: async (name, value) => kernel.writeSysctl(name, value),
    setConntrackCount: async (count) => kernel.setConntrackCount(count),
    addToCounters: async (by) => kernel.addToCounters(by),
    growCounters: (perSecond) => {
      const by = Object.fromEntries(
        Object.entries(perSecond).map(([name, rate]) => [
          name,
          Math.max(1, Math.round((rate * GROW_MS) / 1000)),
        ]),
      )
      const timer = setInterval(() => void kernel.addToCounters(by).catch(() => undefined), GROW_MS)
      growing.add(timer)
      return () => {
        clearInterval(timer)
        growing.delete(timer)
      }
    },
    podTraffic: (name) => {
      const found = [...pods.values()].find((pod) => pod.name === name)
      if (!found) throw new Error(`No pod ${name} runs on node ${spec.name}.`)
      return found.place.traffic()
    },
    makeTimeWait: async (sockets) => wire().makeTimeWait(sockets),
    fillDestination: async (ports) => wire().fillDestination(ports),
    holdConnections: async (count) => wire().holdConnections(count),
    stop: () => {
      stopped ??= (async () => {
        for (const timer of growing) clearInterval(timer)
        const running = [...pods]
        await Promise.all(running.map(([pod]) => pod.kill(0)))
        await Promise.all(running.map(([, { left }]) => left))
        await traffic?.stop()
        await kernel.remove()
        workspace.release()
      })()
      return stopped
    },
  }
}
