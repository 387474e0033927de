import type { AgentPool } from '../../azure/agent-pools.ts'
import { record, text } from '../../azure/arm-error.ts'
import { isSettled } from '../../azure/operation.ts'
import { tagsFit } from './lineage.ts'

export type Strategy = 'update' | 'replace'

/** What the kind of a pool means for a change of its configuration. */
export interface PoolRule {
  /** Why it is not done. */
  no?: string
  /** What people should know of it. Sentences. */
  remarks: string[]
}

/**
 * The rule for a pool: which kinds are left alone, and what is particular about the others.
 * @param begun a replacement of it has begun.
 */
export function ruleFor(pool: AgentPool, strategy: Strategy, begun = false): PoolRule {
  const { name, properties } = pool
  const is = (field: string, value: string) => text(properties[field])?.toLowerCase() === value.toLowerCase()
  const no = (why: string): PoolRule => ({ no: why, remarks: [] })
  if (is('osType', 'Windows')) return no('a Windows pool has no linuxOSConfig')
  if (text(record(properties.powerState)?.code)?.toLowerCase() === 'stopped') {
    return no(`the pool is stopped; start it first: az aks nodepool start … --name ${name}`)
  }
  if (pool.state?.toLowerCase() === 'deleting' && !begun) return no('the pool is being deleted')
  if (strategy === 'replace') {
    const why = notReplaced(pool, is)
    if (why !== undefined) return no(why)
  }
  const remarks = remarksOn(pool, strategy, is)
  return { remarks }
}

type Is = (field: string, value: string) => boolean

function notReplaced(pool: AgentPool, is: Is): string | undefined {
  if (is('type', 'VirtualMachines')) {
    return 'a VirtualMachines pool has scale profiles instead of a count, and is not replaced by this action; make its successor by hand, or use the remedy daemonset'
  }
  if (is('type', 'AvailabilitySet')) {
    return 'a cluster with an availability set can have no further node pool; use the remedy daemonset'
  }
  if (is('mode', 'Gateway')) {
    return 'a gateway pool holds the addresses of egress gateways, which a successor would not have'
  }
  if (!tagsFit(pool))
    return 'the pool has so many tags that those by which a replacement is resumed do not fit'
  return undefined
}

function remarksOn(pool: AgentPool, strategy: Strategy, is: Is): string[] {
  const { name, properties } = pool
  const replace = strategy === 'replace'
  const remarks: string[] = []
  if (is('mode', 'System')) {
    remarks.push(
      replace
        ? `${name} is a system pool: it goes only once its successor, a system pool too, serves.`
        : `${name} is a system pool: the pods of the system move with its nodes.`,
    )
  }
  if (is('scaleSetPriority', 'Spot')) {
    remarks.push(
      replace
        ? `${name} is a spot pool: its successor may get no capacity; then nothing is drained.`
        : `${name} is a spot pool: nodes that go may not come back until there is capacity.`,
    )
  }
  if (is('type', 'VirtualMachines')) {
    remarks.push(`${name} is a VirtualMachines pool: its scale profiles are sent back whole, as they are.`)
  }
  if (properties.count === 0) {
    remarks.push(`${name} has no node: there is nothing to verify, later nodes get the configuration.`)
  }
  if (properties.enableAutoScaling === true) {
    const { minCount, maxCount } = properties
    remarks.push(
      `${name} is autoscaled (${String(minCount)} to ${String(maxCount)} nodes): the bounds stay, the count is read right before it is sent.`,
    )
  }
  if (!isSettled(pool.state)) {
    remarks.push(`An operation runs on ${name} (${pool.state ?? ''}): it is waited for.`)
  }
  if (pool.state?.toLowerCase() === 'failed') {
    remarks.push(`The last operation on ${name} failed: AKS tries to bring it in order with the next one.`)
  }
  return remarks
}
