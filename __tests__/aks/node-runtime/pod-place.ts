import { execFileSync } from 'node:child_process'
import type { Pod } from '../objects.ts'
import { makeCgroup } from './cgroups.ts'
import { need } from './host.ts'
import { type KernelState, sysctlPath } from './state.ts'
import { type Traffic, trafficOf } from './traffic.ts'

/** Where the processes of one pod run on a node with a kernel state of its own. */
export interface PodPlace {
  /** The network namespace that its containers share; that of the node with hostNetwork. */
  readonly netns: string | undefined
  /** The cgroup of one of its containers; undefined where none can be made. */
  cgroup(container: number): string | undefined
  /** Its connections. */
  traffic(): Traffic
  /** Called when all its containers have ended. */
  leave(): Promise<void>
}

let pods = 0

/** Makes what the pod needs. On a recorded node that is nothing: each container has its own network namespace. */
export function placeOf(pod: Pod, kernel: KernelState): PodPlace {
  const { netns: node, cgroup: nodeCgroup } = kernel
  const own = node !== undefined && pod.spec.hostNetwork !== true
  const netns = own ? makeNetwork(node, pod) : pod.spec.hostNetwork === true ? node : undefined
  let traffic: Traffic | undefined
  return {
    netns,
    cgroup: (container) => (nodeCgroup === undefined ? undefined : makeCgroup(nodeCgroup, pod, container)),
    traffic: () => {
      if (!own || netns === undefined) throw new Error(`Pod ${pod.metadata.name} has no network of its own.`)
      traffic ??= trafficOf(netns)
      return traffic
    },
    leave: async () => {
      await traffic?.stop()
      if (own && netns !== undefined) execFileSync(need('ip'), ['netns', 'del', netns])
    },
  }
}

/** As a runtime makes it before it starts the first container: loopback is up, the pod's sysctls are set. */
function makeNetwork(node: string, pod: Pod): string {
  pods += 1
  const netns = `${node}-pod${pods}`
  const ip = need('ip')
  execFileSync(ip, ['netns', 'add', netns])
  execFileSync(ip, ['-n', netns, 'link', 'set', 'lo', 'up'])
  for (const { name, value } of pod.spec.securityContext?.sysctls ?? []) {
    const write = ['sh', '-c', 'echo "$1" >"$2"', 'sh', value, `/proc/${sysctlPath(name)}`]
    execFileSync(ip, ['netns', 'exec', netns, ...write])
  }
  return netns
}
