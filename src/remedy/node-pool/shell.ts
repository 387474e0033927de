import type { AgentPool, AgentPoolBody } from '../../azure/agent-pools.ts'
import { record, text } from '../../azure/arm-error.ts'
import type { ClusterName } from '../../azure/managed-cluster.ts'

/** A word for a shell. What Azure says is not trusted, so anything unusual is quoted. */
export function quote(word: string): string {
  return /^[\w.:/@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** Ends a script at the first command that fails: a pool must not be deleted after a drain that did not end. */
const STRICT = 'set -euo pipefail'

/** kubectl is to mean this cluster, and no other that it is set to. A line each, as `&&` would hide a failure. */
function guard({ resourceGroup, name }: ClusterName): string[] {
  return [
    `az aks get-credentials -g ${quote(resourceGroup)} -n ${quote(name)} --overwrite-existing --file ./kubeconfig`,
    'export KUBECONFIG=./kubeconfig',
  ]
}

/**
 * The script that replaces a pool by hand: `nodepool add` takes the configuration from a file, which `nodepool
 * update` cannot. It stops at the first failure, and before the deletion when anything is left on the old nodes.
 * The parentheses make it one command of the shell that it is pasted into: what follows a failure is not read.
 */
export function replaceScript(
  cluster: ClusterName,
  pool: AgentPool,
  successor: string,
  body: AgentPoolBody,
  drainMinutes: number,
): string[] {
  const where = `-g ${quote(cluster.resourceGroup)} --cluster-name ${quote(cluster.name)}`
  const old = quote(`kubernetes.azure.com/agentpool=${pool.name}`)
  const young = quote(`kubernetes.azure.com/agentpool=${successor}`)
  const { properties } = body
  const files = [
    ['linux-os-config.json', '--linux-os-config', record(properties.linuxOSConfig)],
    ['kubelet-config.json', '--kubelet-config', record(properties.kubeletConfig)],
  ] as const
  const given = files.filter(([, , value]) => value !== undefined && Object.keys(value).length > 0)
  return [
    '(',
    STRICT,
    ...given.flatMap(([file, , value]) => [`cat > ${file} <<'JSON'`, ...jsonLines(value), 'JSON']),
    ...wrapped(`az aks nodepool add ${where} --name ${quote(successor)}`, [
      ...shapeOptions(properties),
      ...given.map(([file, option]) => `${option} ${file}`),
    ]),
    ...guard(cluster),
    `kubectl wait node -l ${young} --for=condition=Ready --timeout=15m`,
    `kubectl cordon -l ${old}`,
    `kubectl drain -l ${old} --ignore-daemonsets --delete-emptydir-data --timeout=${drainMinutes}m`,
    // Ends the script while a pod waits for a place, and when that cannot be seen.
    'pending="$(kubectl get pods -A --field-selector=status.phase=Pending -o name)"',
    'test -z "$pending"',
    `az aks nodepool delete ${where} --name ${quote(pool.name)}`,
    ')',
  ]
}

/** Properties that options of the script give a pool, or that every pool of its kind has. */
const GIVEN = new Set([
  ...['mode', 'vmSize', 'count', 'enableAutoScaling', 'minCount', 'maxCount', 'osSKU', 'orchestratorVersion'],
  ...['osDiskSizeGB', 'osDiskType', 'maxPods', 'vnetSubnetID', 'podSubnetID', 'upgradeSettings.maxSurge'],
  ...['scaleSetPriority', 'scaleSetEvictionPolicy', 'proximityPlacementGroupID', 'availabilityZones'],
  ...['nodeTaints', 'nodeLabels', 'tags', 'enableEncryptionAtHost', 'enableUltraSSD', 'enableFIPS'],
  ...['enableNodePublicIP', 'linuxOSConfig', 'kubeletConfig', 'osType', 'type'],
])

/** What a pool has where nobody asked for anything. */
const USUAL: Record<string, unknown> = {
  kubeletDiskType: 'OS',
  scaleDownMode: 'Delete',
  workloadRuntime: 'OCIContainer',
  podIPAllocationMode: 'DynamicIndividual',
  spotMaxPrice: -1,
}

/** Names of the properties that a pool made by the script would not have. */
export function notGiven(properties: Record<string, unknown>, path = ''): string[] {
  return Object.entries(properties).flatMap(([key, value]) => {
    const name = `${path}${key}`
    if (GIVEN.has(name) || USUAL[name] === value || [undefined, null, false, ''].includes(value as null))
      return []
    if (Array.isArray(value)) return value.length === 0 ? [] : [name]
    const inner = record(value)
    return inner === undefined ? [name] : notGiven(inner, `${name}.`)
  })
}

/** JSON in lines, as reports cut lines that are very long. */
export function jsonLines(value: unknown): string[] {
  return JSON.stringify(value, undefined, 2).split('\n')
}

/** A command with one option on each further line. */
function wrapped(command: string, options: readonly string[]): string[] {
  return [command, ...options.map((option) => `  ${option}`)].map((line, index, all) =>
    index < all.length - 1 ? `${line} \\` : line,
  )
}

/** Options of `az aks nodepool add` that give a pool the shape of another. */
function shapeOptions(properties: Record<string, unknown>): string[] {
  const options: string[] = []
  const word = (option: string, value: unknown) => {
    if (typeof value === 'number' || (typeof value === 'string' && value !== '')) {
      options.push(`${option} ${quote(String(value))}`)
    }
  }
  const flag = (option: string, value: unknown) => {
    if (value === true) options.push(option)
  }
  const listed = (option: string, value: unknown) => {
    const items = Array.isArray(value) ? value.flatMap((each) => text(each) ?? []) : []
    if (items.length > 0) options.push(`${option} ${items.map(quote).join(' ')}`)
  }
  const pairs = (option: string, value: unknown) =>
    listed(
      option,
      Object.entries(record(value) ?? {}).map(([key, each]) => `${key}=${String(each)}`),
    )
  word('--mode', properties.mode)
  word('--node-vm-size', properties.vmSize)
  word('--node-count', properties.count)
  if (properties.enableAutoScaling === true) {
    options.push('--enable-cluster-autoscaler')
    word('--min-count', properties.minCount)
    word('--max-count', properties.maxCount)
  }
  word('--os-sku', properties.osSKU)
  word('--kubernetes-version', properties.orchestratorVersion)
  word('--node-osdisk-size', properties.osDiskSizeGB)
  word('--node-osdisk-type', properties.osDiskType)
  word('--max-pods', properties.maxPods)
  word('--vnet-subnet-id', properties.vnetSubnetID)
  word('--pod-subnet-id', properties.podSubnetID)
  word('--max-surge', record(properties.upgradeSettings)?.maxSurge)
  word('--priority', properties.scaleSetPriority === 'Spot' ? 'Spot' : undefined)
  word('--eviction-policy', properties.scaleSetEvictionPolicy)
  word('--ppg', properties.proximityPlacementGroupID)
  listed('--zones', properties.availabilityZones)
  listed('--node-taints', Array.isArray(properties.nodeTaints) ? [properties.nodeTaints.join(',')] : [])
  pairs('--labels', properties.nodeLabels)
  pairs('--tags', properties.tags)
  flag('--enable-encryption-at-host', properties.enableEncryptionAtHost)
  flag('--enable-ultra-ssd', properties.enableUltraSSD)
  flag('--enable-fips-image', properties.enableFIPS)
  flag('--enable-node-public-ip', properties.enableNodePublicIP)
  return options
}
