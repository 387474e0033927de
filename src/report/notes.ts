import type { ClusterFacts } from '../cluster/facts.ts'

/**
 * Remarks on which limit binds. Sources: with Cilium as dataplane there is no kube-proxy and pod traffic is
 * tracked in Cilium's own BPF maps (AKS documentation, Azure CNI powered by Cilium); kube-proxy and its init
 * container set nf_conntrack_max to 32768 per core, at least 131072 (AKS issues 3051 and 5529).
 */
export function notesOn({ dataplane, kubeProxy, dataplaneUnknown, sku }: ClusterFacts): string[] {
  const notes: string[] = []
  if (dataplane === 'cilium') {
    notes.push(
      'Cilium carries the traffic of pods here, and tracks it in BPF maps of its own: nf_conntrack is not the limit that binds pods. What was read is true for host-network traffic. For pods watch cilium_bpf_map_pressure and cilium_drop_count_total with reason "CT: Map insertion failed".',
    )
  } else if (kubeProxy === false) {
    notes.push(
      'kube-proxy does not run here. Something else carries service traffic, and it may track connections outside nf_conntrack, so that another limit can bind first. Nothing sets nf_conntrack_max to 32768 per core either: the nodes have the default of the kernel or of their image.',
    )
  } else if (dataplane === undefined && dataplaneUnknown !== undefined) {
    notes.push(
      `What carries the traffic of pods is not known: ${dataplaneUnknown}. If it is Cilium, nf_conntrack is not the limit that binds them.`,
    )
  }
  if (sku?.startsWith('Automatic')) {
    notes.push(
      'This is an AKS Automatic cluster: its policies refuse hostNetwork pods outside excluded namespaces, and its node pools are managed by node auto-provisioning.',
    )
  }
  return notes
}
