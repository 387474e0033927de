import type { NodeMachine } from '../node-types.ts'
import type { NodeSpec } from '../types.ts'

/** A node that runs no processes: the kubelet answers for it at once. It costs nothing. */
export function answeringMachine(spec: NodeSpec, answer: string): NodeMachine {
  let fault = spec.fault
  const none = async (): Promise<never> => {
    throw new Error(`Node ${spec.name} only answers: it has no kernel state.`)
  }
  return {
    name: spec.name,
    answer,
    shell: undefined,
    get fault() {
      return fault
    },
    setFault: (next) => {
      fault = next
    },
    runPod: () => {
      throw new Error(`Node ${spec.name} only answers: it runs no pods.`)
    },
    sysctl: none,
    setSysctl: none,
    setConntrackCount: none,
    addToCounters: none,
    growCounters: () => {
      throw new Error(`Node ${spec.name} only answers: it has no counters.`)
    },
    podTraffic: () => {
      throw new Error(`Node ${spec.name} only answers: it runs no pods.`)
    },
    makeTimeWait: none,
    fillDestination: none,
    holdConnections: none,
    stop: async () => undefined,
  }
}
