/**
 * What the public API version 2026-06-01 takes in the body of an agent pool: every field with its type, as the
 * models of the client library have them. A field that is not here, or one that only AKS writes, is a fault of
 * the caller.
 */
type Shape =
  | 'string'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'read-only'
  | readonly string[]
  | { list: Shape }
  | { map: Shape }
  | { object: Record<string, Shape> }
  | { integer: readonly [number, number] }

const size = (least: number, most: number): Shape => ({ integer: [least, most] })

/** Ranges as AKS documents them. */
const sysctls: Record<string, Shape> = {
  netCoreSomaxconn: size(4096, 3_240_000),
  netCoreNetdevMaxBacklog: size(1000, 3_240_000),
  netCoreRmemDefault: size(212_992, 134_217_728),
  netCoreRmemMax: size(212_992, 134_217_728),
  netCoreWmemDefault: size(212_992, 134_217_728),
  netCoreWmemMax: size(212_992, 134_217_728),
  netCoreOptmemMax: size(20_480, 4_194_304),
  netIpv4TcpMaxSynBacklog: size(128, 3_240_000),
  netIpv4TcpMaxTwBuckets: size(8000, 1_440_000),
  netIpv4TcpFinTimeout: size(5, 120),
  netIpv4TcpKeepaliveTime: size(30, 432_000),
  netIpv4TcpKeepaliveProbes: size(1, 15),
  netIpv4TcpkeepaliveIntvl: size(10, 90),
  netIpv4TcpTwReuse: 'boolean',
  netIpv4IpLocalPortRange: 'string',
  netIpv4NeighDefaultGcThresh1: size(128, 80_000),
  netIpv4NeighDefaultGcThresh2: size(512, 90_000),
  netIpv4NeighDefaultGcThresh3: size(1024, 100_000),
  netNetfilterNfConntrackMax: size(131_072, 2_097_152),
  netNetfilterNfConntrackBuckets: size(65_536, 524_288),
  fsInotifyMaxUserWatches: size(781_250, 2_097_152),
  fsFileMax: 'integer',
  fsAioMaxNr: size(65_536, 6_553_500),
  fsNrOpen: size(8192, 20_000_500),
  kernelThreadsMax: 'integer',
  vmMaxMapCount: 'integer',
  vmSwappiness: size(0, 100),
  vmVfsCachePressure: size(1, 100),
}

const dnsOverrides: Shape = {
  map: {
    object: {
      queryLogging: ['Error', 'Log'],
      protocol: ['PreferUDP', 'ForceTCP'],
      forwardDestination: ['ClusterCoreDNS', 'VnetDNS'],
      forwardPolicy: ['Random', 'RoundRobin', 'Sequential'],
      maxConcurrent: 'integer',
      cacheDurationInSeconds: 'integer',
      serveStaleDurationInSeconds: 'integer',
      serveStale: ['Verify', 'Immediate', 'Disable'],
    },
  },
}

const properties: Record<string, Shape> = {
  count: size(0, 1000),
  vmSize: 'string',
  osDiskSizeGB: size(0, 2048),
  osDiskType: ['Managed', 'Ephemeral'],
  kubeletDiskType: ['OS', 'Temporary'],
  workloadRuntime: ['OCIContainer', 'WasmWasi', 'KataVmIsolation'],
  messageOfTheDay: 'string',
  vnetSubnetID: 'string',
  podSubnetID: 'string',
  podIPAllocationMode: ['DynamicIndividual', 'StaticBlock'],
  maxPods: 'integer',
  osType: ['Linux', 'Windows'],
  osSKU: 'string',
  maxCount: 'integer',
  minCount: 'integer',
  enableAutoScaling: 'boolean',
  scaleDownMode: ['Delete', 'Deallocate'],
  type: ['VirtualMachineScaleSets', 'AvailabilitySet', 'VirtualMachines'],
  mode: ['System', 'User', 'Gateway'],
  orchestratorVersion: 'string',
  currentOrchestratorVersion: 'read-only',
  // Sending it asks for a rollback to that image.
  nodeImageVersion: 'read-only',
  upgradeSettings: {
    object: {
      maxSurge: 'string',
      maxUnavailable: 'string',
      drainTimeoutInMinutes: size(1, 1440),
      nodeSoakDurationInMinutes: size(0, 30),
      undrainableNodeBehavior: ['Cordon', 'Schedule'],
    },
  },
  provisioningState: 'read-only',
  powerState: { object: { code: ['Running', 'Stopped'] } },
  availabilityZones: { list: 'string' },
  enableNodePublicIP: 'boolean',
  nodePublicIPPrefixID: 'string',
  scaleSetPriority: ['Spot', 'Regular'],
  scaleSetEvictionPolicy: ['Delete', 'Deallocate'],
  spotMaxPrice: 'number',
  tags: { map: 'string' },
  nodeLabels: { map: 'string' },
  nodeTaints: { list: 'string' },
  proximityPlacementGroupID: 'string',
  kubeletConfig: {
    object: {
      cpuManagerPolicy: 'string',
      cpuCfsQuota: 'boolean',
      cpuCfsQuotaPeriod: 'string',
      imageGcHighThreshold: 'integer',
      imageGcLowThreshold: 'integer',
      topologyManagerPolicy: 'string',
      allowedUnsafeSysctls: { list: 'string' },
      failSwapOn: 'boolean',
      containerLogMaxSizeMB: 'integer',
      containerLogMaxFiles: 'integer',
      podMaxPids: 'integer',
    },
  },
  linuxOSConfig: {
    object: {
      sysctls: { object: sysctls },
      transparentHugePageEnabled: 'string',
      transparentHugePageDefrag: 'string',
      swapFileSizeMB: 'integer',
    },
  },
  enableEncryptionAtHost: 'boolean',
  enableUltraSSD: 'boolean',
  enableFIPS: 'boolean',
  gpuInstanceProfile: 'string',
  creationData: { object: { sourceResourceId: 'string' } },
  capacityReservationGroupID: 'string',
  hostGroupID: 'string',
  networkProfile: {
    object: {
      nodePublicIPTags: { list: { object: { ipTagType: 'string', tag: 'string' } } },
      allowedHostPorts: {
        list: { object: { portStart: 'integer', portEnd: 'integer', protocol: ['TCP', 'UDP'] } },
      },
      applicationSecurityGroups: { list: 'string' },
    },
  },
  windowsProfile: { object: { disableOutboundNat: 'boolean' } },
  securityProfile: {
    object: { enableVTPM: 'boolean', enableSecureBoot: 'boolean', sshAccess: 'string' },
  },
  gpuProfile: { object: { driver: ['Install', 'None'] } },
  gatewayProfile: { object: { publicIPPrefixSize: 'integer' } },
  artifactStreamingProfile: { object: { enabled: 'boolean' } },
  virtualMachinesProfile: {
    object: {
      scale: {
        object: {
          manual: { list: { object: { size: 'string', count: 'integer' } } },
          autoscale: { list: { object: { size: 'string', minCount: 'integer', maxCount: 'integer' } } },
        },
      },
    },
  },
  virtualMachineNodesStatus: 'read-only',
  status: 'read-only',
  eTag: 'read-only',
  localDNSProfile: {
    object: {
      mode: ['Preferred', 'Required', 'Disabled'],
      state: 'read-only',
      vnetDNSOverrides: dnsOverrides,
      kubeDNSOverrides: dnsOverrides,
    },
  },
}

/**
 * What is wrong with the body of a PUT; empty when it is as the API has it.
 * @param later names of properties of a later API version that this one is taken to have too.
 */
export function bodyProblems(body: unknown, later: readonly string[] = []): string[] {
  if (!isRecord(body)) return ['the body is no object']
  const problems = Object.keys(body)
    .filter((name) => name !== 'properties')
    .map((name) => `${name} is not sent in an agent pool`)
  if (!isRecord(body.properties)) return [...problems, 'properties is missing']
  const known = Object.entries(body.properties).filter(([name]) => !later.includes(name))
  return [...problems, ...check({ object: properties }, Object.fromEntries(known), 'properties')]
}

function check(shape: Shape, value: unknown, path: string): string[] {
  if (value === null) return []
  if (shape === 'read-only') return [`${path} is written by AKS only`]
  if (typeof shape === 'string') return hasType(shape, value) ? [] : [`${path} is no ${shape}`]
  if (isNames(shape)) {
    return typeof value === 'string' && shape.includes(value)
      ? []
      : [`${path} is none of ${shape.join(', ')}: ${JSON.stringify(value)}`]
  }
  if ('integer' in shape) {
    const [least, most] = shape.integer
    const fits = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
    return fits ? [] : [`${path} is no integer of ${least} to ${most}: ${JSON.stringify(value)}`]
  }
  if ('list' in shape) {
    if (!Array.isArray(value)) return [`${path} is no list`]
    return value.flatMap((each, index) => check(shape.list, each, `${path}[${index}]`))
  }
  if (!isRecord(value)) return [`${path} is no object`]
  if ('map' in shape) {
    return Object.entries(value).flatMap(([name, each]) => check(shape.map, each, `${path}.${name}`))
  }
  return Object.entries(value).flatMap(([name, each]) => {
    const inner = shape.object[name]
    return inner === undefined ? [`${path}.${name} is not in the API`] : check(inner, each, `${path}.${name}`)
  })
}

function isNames(shape: Exclude<Shape, string>): shape is readonly string[] {
  return Array.isArray(shape)
}

function hasType(shape: 'string' | 'integer' | 'number' | 'boolean', value: unknown): boolean {
  return shape === 'integer' ? Number.isInteger(value) : typeof value === shape
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
