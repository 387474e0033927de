import { staticToken } from '../../src/cluster/authenticator.ts'
import { createDispatcher } from '../../src/cluster/dispatcher.ts'
import { createKubeApi } from '../../src/cluster/http.ts'
import type { KubeApi } from '../../src/cluster/kube-api.ts'
import { type ReadOptions, readNodes } from '../../src/node/read-nodes.ts'
import { type AksOptions, type SmallAks, startAks } from '../aks/aks.ts'

/** A small AKS with the real client in front of it. */
export interface Bed {
  aks: SmallAks
  api: KubeApi
  /** The client of another user of the bed. */
  as: (user: string) => KubeApi
  /** Names of the pods of ours that exist now. */
  podsLeft: (namespace?: string) => string[]
  /** `METHOD path` of every request so far, watches as WATCH. */
  calls: () => string[]
  [Symbol.asyncDispose](): Promise<void>
}

export async function bed(options: AksOptions = {}): Promise<Bed> {
  const aks = await startAks(options)
  const opened: KubeApi[] = []
  const open = (user?: string): KubeApi => {
    const token = /token: (\S+)/.exec(aks.kubeconfig(user))?.[1] ?? ''
    const dispatcher = createDispatcher({ ca: aks.ca.certificate })
    const api = createKubeApi({ server: new URL(aks.server), dispatcher, auth: staticToken(token) })
    opened.push(api)
    return api
  }
  return {
    aks,
    api: open(),
    as: open,
    podsLeft: (namespace = 'kube-system') =>
      aks.store
        .list('pods', { namespace })
        .map(({ metadata }) => metadata)
        .filter(({ labels }) => labels?.['app.kubernetes.io/managed-by'] === 'aks-connection-health')
        .map(({ name }) => name),
    calls: () => aks.requests.map(({ method, path, query }) => `${query.watch ? 'WATCH' : method} ${path}`),
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((api) => api.close()))
      await aks.stop()
    },
  }
}

/** Options of a reading as the entry gives them by default, in short. */
export function readOptions(overrides: Partial<ReadOptions> = {}): ReadOptions {
  return {
    scope: { nodePools: [], nodes: [] },
    namespace: 'kube-system',
    image: 'mcr.microsoft.com/azurelinux/busybox:1.36',
    sampleSeconds: 0,
    runId: 'run-1',
    pass: 'audit-1',
    concurrency: 50,
    nodeTimeoutSeconds: 20,
    timeoutMs: 60_000,
    signal: new AbortController().signal,
    ...overrides,
  }
}

export { readNodes }
