import { describe } from '@jest/globals'
import type { NodeMachine } from '../node-types.ts'
import type { Container, ContainerState, Pod, PodSpec, SecurityContext } from '../objects.ts'
import { inspectHost } from './host.ts'
import { namespacesPossible } from './index.ts'

export const MAX = 'net.netfilter.nf_conntrack_max'
export const BUCKETS = 'net.netfilter.nf_conntrack_buckets'
export const LOG = '/dev/termination-log'

export const AUDITOR: SecurityContext = {
  runAsNonRoot: true,
  runAsUser: 65534,
  runAsGroup: 65534,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
}
export const TUNER: SecurityContext = { privileged: true, runAsUser: 0, readOnlyRootFilesystem: true }

export const host = inspectHost()
export const whenIsolated = host.notIsolated ? describe.skip : describe
export const whenNamespaces = namespacesPossible() ? describe : describe.skip
export const because = (why: string | undefined) => (why ? ` (skipped: ${why})` : '')

let pods = 0

export function podOf(
  script: string,
  security: SecurityContext,
  spec: Partial<PodSpec> & Partial<Container> = {},
): Pod {
  pods += 1
  const { terminationMessagePolicy, terminationMessagePath, env, ...rest } = spec
  const container: Container = {
    name: 'main',
    image: 'mcr.microsoft.com/azurelinux/busybox:1.36',
    command: ['sh', '-c', script],
    securityContext: security,
    ...(terminationMessagePolicy && { terminationMessagePolicy }),
    ...(terminationMessagePath && { terminationMessagePath }),
    ...(env && { env }),
  }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${pods}`, namespace: 'default', uid: `uid-${pods}` },
    spec: { hostNetwork: true, restartPolicy: 'Never', containers: [container], ...rest },
    status: {},
  }
}

/** The first state of the pod's container in which it waits no more and runs no more, or cannot start. */
export function stateAfter(machine: NodeMachine, pod: Pod): Promise<ContainerState> {
  return new Promise((resolve) => {
    machine.runPod(pod, {
      onStatus: ({ containerStatuses: [status] }) => {
        const state = status?.state
        if (
          state?.terminated ||
          (state?.waiting && !/Creating|Initializing/.test(state.waiting.reason ?? ''))
        )
          resolve(state)
      },
    })
  })
}

/** What a script that runs as this pod prints to its termination log. */
export async function output(
  machine: NodeMachine,
  script: string,
  security = AUDITOR,
  spec = {},
): Promise<string> {
  const state = await stateAfter(machine, podOf(`{ ${script}\n} >${LOG} 2>&1`, security, spec))
  return state.terminated?.message ?? ''
}

/** What a privileged script does to say that it got so far; see {@link isReady}. */
export const SAYS_READY = `echo 4711 >"\${PROC:-/proc}/sys/net/core/somaxconn"`

/** Resolves when a pod on the node has said so. */
export async function isReady(machine: NodeMachine): Promise<void> {
  while ((await machine.sysctl('net.core.somaxconn')) !== '4711') {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
