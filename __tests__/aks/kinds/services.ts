import type { KubeObject } from '../objects.ts'
import type { FieldProblem } from '../status.ts'
import type { MemoryStore } from '../store.ts'
import { type KindRules, labelProblems, nameProblems } from './rules.ts'

interface ServicePort {
  name?: string
  port: number
  protocol?: string
  targetPort?: number | string
  nodePort?: number
}

interface Service extends KubeObject {
  spec: {
    type?: string
    clusterIP?: string
    clusterIPs?: string[]
    externalTrafficPolicy?: string
    internalTrafficPolicy?: string
    sessionAffinity?: string
    healthCheckNodePort?: number
    ipFamilies?: string[]
    ipFamilyPolicy?: string
    allocateLoadBalancerNodePorts?: boolean
    ports?: ServicePort[]
  }
  status?: unknown
}

export const serviceRules: KindRules = {
  required: ['spec'],
  prepareCreate: (object, store) =>
    ({ ...complete(object as Service, store), status: { loadBalancer: {} } }) as Service,
  prepareUpdate: (next, old, store) =>
    ({ ...complete(next as Service, store), status: (old as Service).status }) as Service,
  validate: (object, old) => serviceProblems(object as Service, old as Service | undefined),
}

function isExternal(spec: Service['spec']): boolean {
  return spec.type === 'LoadBalancer' || spec.type === 'NodePort'
}

/** Fills in addresses, node ports and policies; a health check port comes and goes with the policy Local. */
function complete(service: Service, store: MemoryStore): Service {
  const { healthCheckNodePort, ...given } = service.spec
  const spec: Service['spec'] = {
    ...given,
    type: given.type ?? 'ClusterIP',
    sessionAffinity: given.sessionAffinity ?? 'None',
    internalTrafficPolicy: given.internalTrafficPolicy ?? 'Cluster',
    ipFamilies: given.ipFamilies ?? ['IPv4'],
    ipFamilyPolicy: given.ipFamilyPolicy ?? 'SingleStack',
  }
  if (spec.type === 'ExternalName') return { ...service, spec }
  spec.clusterIP ??= freeAddress(store)
  spec.clusterIPs ??= [spec.clusterIP]
  const external = isExternal(spec)
  if (external) spec.externalTrafficPolicy ??= 'Cluster'
  else delete spec.externalTrafficPolicy
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
  const taken = takenPorts(store)
  spec.ports = (spec.ports ?? []).map((port) => ({
    ...port,
    protocol: port.protocol ?? 'TCP',
    targetPort: port.targetPort ?? port.port,
    ...(external && { nodePort: port.nodePort ?? freePort(taken) }),
  }))
  if (spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local') {
    spec.healthCheckNodePort = healthCheckNodePort ?? freePort(taken)
  }
  return { ...service, spec }
}

function freeAddress(store: MemoryStore): string {
  const used = new Set(store.list<Service>('services').map((service) => service.spec.clusterIP))
  for (let host = 10; ; host++) {
    const address = `10.0.${host >> 8}.${host & 255}`
    if (!used.has(address)) return address
  }
}

function takenPorts(store: MemoryStore): Set<number> {
  return new Set(
    store
      .list<Service>('services')
      .flatMap(({ spec }) => [
        spec.healthCheckNodePort ?? 0,
        ...(spec.ports ?? []).map((port) => port.nodePort ?? 0),
      ]),
  )
}

function freePort(taken: Set<number>): number {
  let port = 30_000
  while (taken.has(port)) port++
  taken.add(port)
  return port
}

function serviceProblems(service: Service, old: Service | undefined): FieldProblem[] {
  const { spec } = service
  const problems = [...labelProblems(service.metadata.labels, 'metadata.labels')]
  if (!old) problems.push(...nameProblems(service, 'label'))
  if (!['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'].includes(spec.type ?? '')) {
    problems.push({
      field: 'spec.type',
      type: 'Unsupported value',
      value: spec.type,
      detail: 'supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    })
  }
  if (isExternal(spec) && !['Cluster', 'Local'].includes(spec.externalTrafficPolicy ?? '')) {
    problems.push({
      field: 'spec.externalTrafficPolicy',
      type: 'Unsupported value',
      value: spec.externalTrafficPolicy,
      detail: 'supported values: "Cluster", "Local"',
    })
  }
  if (spec.type !== 'ExternalName' && spec.clusterIP !== 'None' && !spec.ports?.length) {
    problems.push({ field: 'spec.ports', type: 'Required value' })
  }
  if (old?.spec.clusterIP && old.spec.clusterIP !== spec.clusterIP && spec.type !== 'ExternalName') {
    problems.push({
      field: 'spec.clusterIPs[0]',
      type: 'Invalid value',
      value: [spec.clusterIP],
      detail: 'may not change once set',
    })
  }
  return problems
}
