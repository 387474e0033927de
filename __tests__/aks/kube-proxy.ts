import type { UnknownObject } from './objects.ts'

/**
 * The kube-proxy of an AKS cluster as far as one can see that it is there. Its pods are for nodes that do not
 * exist: nothing in this bed carries service traffic.
 */
export const kubeProxy: UnknownObject = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'kube-proxy', namespace: 'kube-system', labels: { component: 'kube-proxy' } },
  spec: {
    selector: { matchLabels: { component: 'kube-proxy' } },
    template: {
      metadata: { labels: { component: 'kube-proxy' } },
      spec: {
        nodeSelector: { 'kubernetes.io/os': 'none' },
        containers: [{ name: 'kube-proxy', image: 'mcr.microsoft.com/oss/v2/kubernetes/kube-proxy:v1.34.1' }],
      },
    },
  },
}
