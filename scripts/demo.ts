import { type NodeSpec, namespacesPossible, startAks } from '../__tests__/aks/aks.ts'
import { kubeProxy } from '../__tests__/aks/kube-proxy.ts'

export interface Demo {
  /** Content for the input `kubeconfig`. */
  kubeconfig: string
  environment: NodeJS.ProcessEnv
  introduction: string
  stop(): Promise<void>
}

/**
 * The small AKS as a newcomer meets it: three nodes, one with a table that is three quarters full and one
 * with more TIME-WAIT sockets than the guide likes. Where the machine allows they are network namespaces with
 * a kernel state of their own, elsewhere recorded nodes.
 */
export async function startDemo(): Promise<Demo> {
  const real = namespacesPossible()
  const aks = await startAks({ objects: [kubeProxy], nodes: real ? namespaceNodes() : recordedNodes() })
  if (real) await aks.node('aks-np1-1').makeTimeWait({ v4: 150, v6: 20 })
  const kind = real ? 'network namespaces with real sockets' : 'replayed recordings of real kernels'
  return {
    kubeconfig: aks.kubeconfig(),
    environment: {
      ...process.env,
      NODE_EXTRA_CA_CERTS: aks.caFile,
      KUBECONFIG: undefined,
      GITHUB_ACTIONS: undefined,
    },
    introduction: [
      `No cluster is named, so this checks a small AKS on this machine: an API server and three nodes (${kind}).`,
      'To check a cluster of yours: npm start -- --kubeconfig=FILE   (all inputs: npm start -- --help)',
      '',
      '',
    ].join('\n'),
    stop: () => aks.stop(),
  }
}

function namespaceNodes(): NodeSpec[] {
  const node = (name: string, conntrackCount: number): NodeSpec => ({
    name,
    pool: 'np1',
    state: 'namespace',
    conntrackCount,
  })
  return [node('aks-np1-0', 98_304), node('aks-np1-1', 20_000), node('aks-np1-2', 1200)]
}

function recordedNodes(): NodeSpec[] {
  return ['conntrack-75pct', 'tw-3000', 'healthy'].map((sample, index) => ({
    name: `aks-np1-${index}`,
    pool: 'np1',
    state: { sample },
  }))
}
