import { isDeepStrictEqual } from 'node:util'
import type { NodeSpec } from '../types.ts'
import {
  checkConditions,
  checkFree,
  checkUnchanged,
  notChangeable,
  propertiesOf,
} from './agent-pool-rules.ts'
import { bodyProblems } from './agent-pool-schema.ts'
import { ArmRefusal, type ArmRequest, type ArmRoute, type ArmService } from './arm.ts'
import { CLUSTER, clusterOf, notFound, shownPool } from './clusters.ts'
import { nodesOfPool, type PoolMachines } from './pool-nodes.ts'
import type { Resource } from './resources.ts'
import type { Reply } from './types.ts'

/** What is particular about the node pools of this AKS; may be changed while it runs. */
export interface PoolBehaviour {
  /** What AKS does to another linuxOSConfig or kubeletConfig on a pool that exists. Default `refused`. */
  osConfigChange?: 'refused' | 'refused-later' | 'accepted'
  /** How the making of a pool ends, after so many of its nodes came. */
  creationFails?: { code: string; message: string; nodes?: number }
  /** Nodes that are made from now on: what their machines are like. */
  node?: (pool: string, index: number) => Partial<NodeSpec>
  /** Properties of a later API version that this one is taken to have. */
  laterProperties?: string[]
  /** Called when a PUT or DELETE has arrived and is not looked at yet: what else happens in that moment. */
  beforeWrite?: (method: string, pool: string) => void
  /** Called before an operation goes on with its work. */
  beforeWork?: (method: string, pool: string) => Promise<void>
}

/** The node pools of the small AKS: ARM's side of them, and the nodes that come and go with them. */
export interface AgentPools {
  routes: ArmRoute[]
  behaviour: PoolBehaviour
  /** What callers sent that the API does not have. */
  problems: string[]
  /** Pools in the order of their deletion, with the pods that were lost with them. */
  deletions: { pool: string; lost: string[] }[]
  /** What the autoscaler, or a person, does to the number of nodes. */
  scale: (pool: string, count: number) => Promise<void>
  /** Resolves when no operation works any more. */
  idle: () => Promise<void>
}

export function createAgentPools(
  service: ArmService,
  machines: PoolMachines,
  behaviour: PoolBehaviour = {},
): AgentPools {
  const working = new Set<Promise<void>>()
  const counters = new Map<string, number>()
  const pools: AgentPools = {
    routes: [],
    behaviour,
    problems: [],
    deletions: [],
    scale: async (name, count) => {
      const pool = service.resources
        .ofType('microsoft.containerservice/managedclusters')
        .map(({ id }) => service.resources.get(`${id}/agentPools/${name}`))
        .find((each) => each !== undefined)
      if (pool === undefined) throw new Error(`there is no pool ${name}`)
      await resize(name, propertiesOf(pool), count)
      change(pool.id, { count })
    },
    idle: async () => {
      while (working.size > 0) await Promise.all(working)
    },
  }

  const change = (id: string, properties: Record<string, unknown>) => {
    const present = service.resources.get(id)
    if (present === undefined) return
    service.resources.put(id, { ...present.body, properties: { ...propertiesOf(present), ...properties } })
  }

  const makeNodes = async (pool: string, properties: Record<string, unknown>, count: number) => {
    const first = counters.get(pool) ?? machines.ofPool(pool).length
    counters.set(pool, first + count)
    const specs = nodesOfPool(pool, properties, first, count)
    await machines.add(
      specs.map((spec, index) => mergedSpec(spec, behaviour.node?.(pool, first + index) ?? {})),
    )
  }

  const resize = async (pool: string, properties: Record<string, unknown>, count: number) => {
    const nodes = machines.ofPool(pool)
    if (count > nodes.length) await makeNodes(pool, properties, count - nodes.length)
    for (const node of nodes.slice(count)) await machines.remove(node)
  }

  /** Starts an operation; its work runs on while others poll. */
  const start = (call: ArmRequest, id: string, work: () => Promise<void>): Record<string, string> => {
    const operation = service.operations.start()
    const run = async () => {
      try {
        await behaviour.beforeWork?.(call.method, call.part('pool'))
        await work()
        operation.end('Succeeded')
      } catch (error) {
        const failure = error instanceof ArmRefusal ? error : new ArmRefusal(500, 'BedFailed', String(error))
        change(id, { provisioningState: 'Failed' })
        operation.end('Failed', { code: failure.code, message: failure.message })
      }
    }
    const running = run().finally(() => working.delete(running))
    working.add(running)
    return service.asyncHeaders(call, operation.id)
  }

  const create = (call: ArmRequest, id: string, properties: Record<string, unknown>): Reply => {
    const name = call.part('pool')
    if (!/^[a-z][a-z0-9]{0,11}$/.test(name)) {
      throw new ArmRefusal(
        400,
        'InvalidParameter',
        `The value of parameter agentPool.name is invalid: ${name}`,
      )
    }
    const whole: Record<string, unknown> = {
      osType: 'Linux',
      mode: 'User',
      type: 'VirtualMachineScaleSets',
      powerState: { code: 'Running' },
      ...properties,
    }
    const type = 'Microsoft.ContainerService/managedClusters/agentPools'
    const stored = service.resources.put(id, {
      id,
      name,
      type,
      properties: { ...whole, provisioningState: 'Creating' },
    })
    const headers = start(call, id, async () => {
      const { creationFails } = behaviour
      await makeNodes(name, whole, creationFails ? (creationFails.nodes ?? 0) : Number(whole.count ?? 0))
      if (creationFails) throw new ArmRefusal(400, creationFails.code, creationFails.message)
      change(id, {
        provisioningState: 'Succeeded',
        nodeImageVersion: 'AKSUbuntu-2404gen2containerd-202611.05.0',
      })
    })
    return { status: 201, headers, body: shownPool(stored) }
  }

  const update = (call: ArmRequest, present: Resource, properties: Record<string, unknown>): Reply => {
    const name = call.part('pool')
    const before = propertiesOf(present)
    checkUnchanged(before, properties)
    const differs = (field: string) => !isDeepStrictEqual(properties[field], before[field])
    const renew = differs('linuxOSConfig') || differs('kubeletConfig')
    if (renew && (behaviour.osConfigChange ?? 'refused') === 'refused') throw notChangeable()
    const kept = Object.fromEntries(
      ['nodeImageVersion', 'currentOrchestratorVersion', 'powerState'].map((field) => [field, before[field]]),
    )
    const next = { ...properties, ...kept }
    const stored = service.resources.put(present.id, {
      ...present.body,
      properties: {
        ...(behaviour.osConfigChange === 'accepted' ? next : before),
        provisioningState: 'Updating',
      },
    })
    const headers = start(call, present.id, async () => {
      if (renew && behaviour.osConfigChange === 'refused-later') throw notChangeable()
      if (renew) await renewNodes(name, next)
      await resize(name, next, Number(next.count ?? machines.ofPool(name).length))
      change(present.id, { provisioningState: 'Succeeded' })
    })
    return { status: 200, headers, body: shownPool(stored) }
  }

  /** Node by node: a surge node first, then each one goes and comes back with the new configuration. */
  const renewNodes = async (pool: string, properties: Record<string, unknown>) => {
    const old = machines.ofPool(pool)
    if (old.length === 0) return
    for (const node of old) {
      await makeNodes(pool, properties, 1)
      await machines.remove(node)
    }
  }

  const remove = (call: ArmRequest, present: Resource): Reply => {
    const cluster = clusterOf(service, call)
    const systems = service.resources
      .list(`${cluster.id}/agentPools`)
      .filter((each) => propertiesOf(each).mode === 'System')
    if (systems.length === 1 && systems[0]?.id === present.id) {
      const text = 'There has to be at least one system agent pool.'
      throw new ArmRefusal(400, 'OperationNotAllowed', text)
    }
    const name = call.part('pool')
    change(present.id, { provisioningState: 'Deleting' })
    const headers = start(call, present.id, async () => {
      const nodes = machines.ofPool(name)
      pools.deletions.push({ pool: name, lost: nodes.flatMap(machines.workOn) })
      for (const node of nodes) await machines.remove(node)
      counters.delete(name)
      service.resources.delete(present.id)
    })
    return { status: 202, headers }
  }

  const idOf = (call: ArmRequest) => `${clusterOf(service, call).id}/agentPools/${call.part('pool')}`

  const put = (call: ArmRequest): Reply => {
    behaviour.beforeWrite?.('PUT', call.part('pool'))
    const present = service.resources.get(idOf(call))
    checkConditions(call, present)
    checkFree(clusterOf(service, call), present)
    const body = call.json()
    const problems = bodyProblems(body, behaviour.laterProperties)
    const properties = (body.properties ?? {}) as Record<string, unknown>
    if (properties.count === undefined && properties.virtualMachinesProfile === undefined) {
      problems.push('Required parameter properties.count is missing (null).')
    }
    pools.problems.push(...problems)
    if (problems.length > 0) throw new ArmRefusal(400, 'InvalidParameter', problems.join(' '))
    return present === undefined ? create(call, idOf(call), properties) : update(call, present, properties)
  }

  const del = (call: ArmRequest): Reply => {
    behaviour.beforeWrite?.('DELETE', call.part('pool'))
    const present = service.resources.get(idOf(call))
    if (present === undefined)
      throw notFound('managedClusters/agentPools', call.part('pool'), call.part('group'))
    checkConditions(call, present)
    checkFree(clusterOf(service, call), present)
    return remove(call, present)
  }

  const path = new RegExp(`${CLUSTER}/agentpools/(?<pool>[^/]+)`)
  const rights = 'Microsoft.ContainerService/managedClusters/agentPools'
  pools.routes.push(
    { method: 'PUT', path, action: `${rights}/write`, serve: put },
    { method: 'DELETE', path, action: `${rights}/delete`, serve: del },
  )
  return pools
}

function mergedSpec(spec: NodeSpec, more: Partial<NodeSpec>): NodeSpec {
  return {
    ...spec,
    ...more,
    labels: { ...spec.labels, ...more.labels },
    sysctls: { ...spec.sysctls, ...more.sysctls },
  }
}
