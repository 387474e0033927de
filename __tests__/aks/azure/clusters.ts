import { ArmRefusal, type ArmRequest, type ArmRoute, type ArmService } from './arm.ts'
import type { PoolMachines } from './pool-nodes.ts'
import type { Resource } from './resources.ts'
import type { ClusterSpec, PoolSpec, Reply } from './types.ts'

const GROUP =
  '/subscriptions/[^/]+/resourcegroups/(?<group>[^/]+)/providers/microsoft\\.containerservice/managedclusters'
/** Path of one cluster, for routes below it. */
export const CLUSTER = `${GROUP}/(?<cluster>[^/]+)`

export function clusterId(service: ArmService, group: string, name: string): string {
  return `/subscriptions/${service.subscriptionId}/resourceGroups/${group}/providers/Microsoft.ContainerService/managedClusters/${name}`
}

/** The cluster that a call names. */
export function clusterOf(service: ArmService, { part }: ArmRequest): Resource {
  const found = service.resources.read(clusterId(service, part('group'), part('cluster')))
  if (found === undefined) throw notFound('managedClusters', part('cluster'), part('group'))
  return found
}

export function notFound(type: string, name: string, group: string): ArmRefusal {
  return new ArmRefusal(
    404,
    'ResourceNotFound',
    `The Resource 'Microsoft.ContainerService/${type}/${name}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  )
}

/** Puts a cluster and its pools into the store. */
export function addCluster(
  service: ArmService,
  group: string,
  spec: ClusterSpec,
  tenantId: string,
  machines?: PoolMachines,
): void {
  const id = clusterId(service, group, spec.name)
  const fqdn = `${spec.name}-dns-0a1b2c3d.hcp.${service.location}.azmk8s.io`
  const privateFqdn = `${spec.name}-0a1b2c3d.privatelink.${service.location}.azmk8s.io`
  service.resources.put(id, {
    id,
    name: spec.name,
    type: 'Microsoft.ContainerService/ManagedClusters',
    location: service.location,
    sku: { name: spec.sku ?? 'Base', tier: 'Standard' },
    identity: { type: 'SystemAssigned', principalId: '00000000-aaaa-bbbb-cccc-000000000000', tenantId },
    properties: {
      provisioningState: spec.provisioningState ?? 'Succeeded',
      powerState: { code: spec.powerState ?? 'Running' },
      kubernetesVersion: spec.kubernetesVersion ?? '1.34',
      currentKubernetesVersion: `${spec.kubernetesVersion ?? '1.34'}.1`,
      dnsPrefix: `${spec.name}-dns`,
      ...(spec.private ? { privateFQDN: privateFqdn } : { fqdn }),
      nodeResourceGroup: `MC_${group}_${spec.name}_${service.location}`,
      enableRBAC: true,
      disableLocalAccounts: spec.localAccountsDisabled ?? false,
      ...(spec.entra === false
        ? {}
        : { aadProfile: { managed: true, enableAzureRBAC: true, tenantID: tenantId } }),
      networkProfile: {
        networkPlugin: 'azure',
        networkPluginMode: 'overlay',
        networkDataplane: spec.dataplane ?? 'azure',
        outboundType: 'loadBalancer',
      },
      ...(spec.autoProvisioning && { nodeProvisioningProfile: { mode: spec.autoProvisioning } }),
      apiServerAccessProfile: {
        enablePrivateCluster: spec.private ?? false,
        disableRunCommand: spec.runCommandDisabled ?? false,
        ...(spec.authorizedIpRanges === undefined ? {} : { authorizedIPRanges: spec.authorizedIpRanges }),
      },
    },
  })
  for (const { name, ...pool } of spec.pools ?? [{ name: 'np1' }]) {
    const count = machines && { count: machines.ofPool(name).length }
    addPool(service, id, { ...pool, name, properties: { ...count, ...pool.properties } })
  }
}

/** Properties that every pool has; the store keeps them as ARM's agentPools answer with them. */
export function addPool(service: ArmService, cluster: string, { name, properties, preview }: PoolSpec): void {
  const id = `${cluster}/agentPools/${name}`
  if (preview !== undefined) service.previews.set(id.toLowerCase(), preview)
  service.resources.put(id, {
    id,
    name,
    type: 'Microsoft.ContainerService/managedClusters/agentPools',
    properties: {
      count: 3,
      vmSize: 'Standard_D4s_v5',
      osDiskSizeGB: 128,
      osType: 'Linux',
      osSKU: 'Ubuntu',
      mode: 'System',
      type: 'VirtualMachineScaleSets',
      maxPods: 110,
      provisioningState: 'Succeeded',
      powerState: { code: 'Running' },
      orchestratorVersion: '1.34',
      currentOrchestratorVersion: '1.34.1',
      nodeImageVersion: 'AKSUbuntu-2404gen2containerd-202611.05.0',
      upgradeSettings: { maxSurge: '10%' },
      ...properties,
    },
  })
}

/** What ARM answers with: the body, and the eTag that it has now. */
export function withEtag({ body, etag }: Resource): Record<string, unknown> {
  return { ...body, eTag: etag }
}

/** A pool as ARM answers with it: its eTag is one of its properties, and in no header. */
export function shownPool({ body, etag }: Resource): Record<string, unknown> {
  return { ...body, properties: { ...(body.properties as object), eTag: etag } }
}

/** A cluster with its pools as profiles, in which nothing is below `properties`. */
function shown(service: ArmService, resource: Resource): Record<string, unknown> {
  const pools = service.resources.list(`${resource.id}/agentPools`)
  const profiles = pools.map(({ body, etag }) => ({
    name: body.name,
    ...(body.properties as object),
    eTag: etag,
  }))
  const properties = { ...(resource.body.properties as object), agentPoolProfiles: profiles }
  return { ...withEtag(resource), properties }
}

/** Reading clusters and their pools. Writing pools has its own file. */
export function clusterRoutes(service: ArmService): ArmRoute[] {
  const read = 'Microsoft.ContainerService/managedClusters/read'
  const readPools = 'Microsoft.ContainerService/managedClusters/agentPools/read'
  const list = (resources: Resource[]): Reply => ({
    status: 200,
    body: { value: resources.map((each) => shown(service, each)) },
  })
  return [
    {
      method: 'GET',
      path: new RegExp(CLUSTER),
      action: read,
      serve: (call) => ({ status: 200, body: shown(service, clusterOf(service, call)) }),
    },
    {
      method: 'GET',
      path: new RegExp(GROUP),
      action: read,
      serve: ({ part }) =>
        list(service.resources.list(clusterId(service, part('group'), 'x').replace(/\/x$/, ''))),
    },
    {
      method: 'GET',
      path: /\/subscriptions\/[^/]+\/providers\/microsoft\.containerservice\/managedclusters/,
      action: read,
      serve: () => list(service.resources.ofType('microsoft.containerservice/managedclusters')),
    },
    {
      method: 'GET',
      path: new RegExp(`${CLUSTER}/agentpools`),
      action: readPools,
      serve: (call) => {
        const pools = service.resources.list(`${clusterOf(service, call).id}/agentPools`)
        return { status: 200, body: { value: pools.map(shownPool) } }
      },
    },
    {
      method: 'GET',
      path: new RegExp(`${CLUSTER}/agentpools/(?<pool>[^/]+)`),
      action: readPools,
      serve: (call) => {
        const found = service.resources.read(`${clusterOf(service, call).id}/agentPools/${call.part('pool')}`)
        if (found === undefined)
          throw notFound(
            `managedClusters/${call.part('cluster')}/agentPools`,
            call.part('pool'),
            call.part('group'),
          )
        // A preview version of the API shows what it can set, the public one leaves it out.
        const more = /-preview$/.test(call.query['api-version'] ?? '')
          ? service.previews.get(found.id.toLowerCase())
          : undefined
        const body = shownPool(found)
        const properties = { ...(body.properties as object), ...more }
        return { status: 200, body: { ...body, properties } }
      },
    },
  ]
}
