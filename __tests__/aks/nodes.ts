import { randomUUID } from 'node:crypto'
import type { KubeNode, Taint } from './objects.ts'
import type { NodeSpec } from './types.ts'

/** The Node object that a node of AKS has. `index` numbers addresses. */
export function nodeObject(spec: NodeSpec, kubernetesVersion: string, index: number): KubeNode {
  const { name, pool = 'np1', cores = 4, memoryKb = 16 * 1024 * 1024, os = 'linux' } = spec
  const schedulable = spec.schedulable ?? true
  const taints: Taint[] = [
    ...(spec.taints ?? []),
    ...(spec.virtual
      ? [{ key: 'virtual-kubelet.io/provider', value: 'azure', effect: 'NoSchedule' as const }]
      : []),
    ...(schedulable ? [] : [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' as const }]),
    ...((spec.ready ?? true)
      ? []
      : (['NoSchedule', 'NoExecute'] as const).map((effect) => ({
          key: 'node.kubernetes.io/unreachable',
          effect,
        }))),
  ]
  const capacity = {
    cpu: String(cores),
    memory: `${memoryKb}Ki`,
    pods: '110',
    'ephemeral-storage': '129886128Ki',
  }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { ...(spec.virtual ? virtualLabels(name) : machineLabels(name, pool, os)), ...spec.labels },
      annotations: { 'node.alpha.kubernetes.io/ttl': '0', ...spec.annotations },
    },
    spec: {
      podCIDR: `10.244.${index % 256}.0/24`,
      providerID: spec.virtual
        ? `${name}`
        : `azure:///subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/mc_rg_small_westeurope/providers/Microsoft.Compute/virtualMachineScaleSets/aks-${pool}-vmss/virtualMachines/${index}`,
      ...(schedulable ? {} : { unschedulable: true }),
      ...(taints.length > 0 && { taints }),
    },
    status: {
      capacity,
      allocatable: { ...capacity, cpu: `${cores * 1000 - 140}m`, memory: `${memoryKb - 2 * 1024 * 1024}Ki` },
      conditions: [
        { type: 'MemoryPressure', status: 'False', reason: 'KubeletHasSufficientMemory' },
        { type: 'DiskPressure', status: 'False', reason: 'KubeletHasNoDiskPressure' },
        { type: 'PIDPressure', status: 'False', reason: 'KubeletHasSufficientPID' },
        readyCondition((spec.ready ?? true) ? 'True' : 'Unknown'),
      ],
      addresses: [
        { type: 'InternalIP', address: `10.224.${Math.floor(index / 250)}.${(index % 250) + 4}` },
        { type: 'Hostname', address: name },
      ],
      nodeInfo: {
        architecture: 'amd64',
        operatingSystem: os,
        osImage: os === 'windows' ? 'Windows Server 2022 Datacenter' : 'Ubuntu 22.04.5 LTS',
        kernelVersion: os === 'windows' ? '10.0.20348.3807' : '5.15.0-1089-azure',
        kubeletVersion: kubernetesVersion,
        kubeProxyVersion: '',
        containerRuntimeVersion: 'containerd://1.7.27-1',
        machineID: name,
        systemUUID: name,
        bootID: randomUUID(),
      },
    },
  }
}

/** The Ready condition of a node whose kubelet posts, or has stopped to. */
export function readyCondition(
  status: 'True' | 'False' | 'Unknown',
): KubeNode['status']['conditions'][number] {
  const [reason, message] = {
    True: ['KubeletReady', 'kubelet is posting ready status'],
    False: ['KubeletNotReady', 'container runtime network not ready'],
    Unknown: ['NodeStatusUnknown', 'Kubelet stopped posting node status.'],
  }[status] as [string, string]
  return { type: 'Ready', status, reason, message, lastTransitionTime: '2026-01-01T00:00:00Z' }
}

function machineLabels(name: string, pool: string, os: string): Record<string, string> {
  return {
    agentpool: pool,
    'beta.kubernetes.io/arch': 'amd64',
    'beta.kubernetes.io/instance-type': 'Standard_D4s_v5',
    'beta.kubernetes.io/os': os,
    'failure-domain.beta.kubernetes.io/region': 'westeurope',
    'kubernetes.azure.com/agentpool': pool,
    'kubernetes.azure.com/cluster': 'MC_rg_small_westeurope',
    'kubernetes.azure.com/mode': pool === 'system' ? 'system' : 'user',
    'kubernetes.azure.com/os-sku': os === 'windows' ? 'Windows2022' : 'Ubuntu',
    'kubernetes.azure.com/role': 'agent',
    'kubernetes.io/arch': 'amd64',
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': os,
    'kubernetes.io/role': 'agent',
    'node.kubernetes.io/instance-type': 'Standard_D4s_v5',
    'topology.kubernetes.io/region': 'westeurope',
    'topology.kubernetes.io/zone': '0',
  }
}

function virtualLabels(name: string): Record<string, string> {
  return {
    'alpha.service-controller.kubernetes.io/exclude-balancer': 'true',
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.azure.com/managed': 'false',
    'kubernetes.azure.com/role': 'agent',
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/role': 'agent',
    'node.kubernetes.io/exclude-from-external-load-balancers': 'true',
    type: 'virtual-kubelet',
  }
}
