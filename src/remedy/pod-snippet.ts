import { MAX_TW_BUCKETS, TW_REUSE, type WantedSettings } from './sysctl-targets.ts'

/**
 * What a node's tcp_* settings do not reach, and how a pod gets them: they belong to a network namespace, and
 * a pod has its own, which inherits nothing from the node (measured). Two notes: the first ends in YAML to paste,
 * the second in JSON.
 */
export function podSnippet(wanted: Pick<WantedSettings, 'twReuse' | 'maxTwBuckets'>): string[] {
  return [
    `${TW_REUSE} and ${MAX_TW_BUCKETS} belong to a network namespace: on the node they reach the node's own processes and pods with hostNetwork, not ordinary pods. Where a pod itself runs out of ports, put this into its spec:
securityContext:
  sysctls:
    - name: ${TW_REUSE}
      value: "${wanted.twReuse}"
    - name: ${MAX_TW_BUCKETS}
      value: "${wanted.maxTwBuckets}"`,
    `Kubernetes counts both as unsafe, so the kubelet of the node pool must allow them; on AKS in the file given to az aks nodepool add --kubelet-config:
{"allowedUnsafeSysctls": ["${TW_REUSE}", "${MAX_TW_BUCKETS}"]}`,
  ]
}
