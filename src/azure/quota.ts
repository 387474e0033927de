import type { Arm } from './arm.ts'
import { record, text } from './arm-error.ts'

/** Cores of a subscription in a region: those of a VM family, and all. */
export interface CoreQuota {
  /** `standardDSv5Family`, or `cores` for all families together. */
  name: string
  used: number
  limit: number
}

export interface VmSize {
  family: string
  cores: number
}

const COMPUTE_API = '2021-07-01'
const TIMEOUT_MS = 30_000

/**
 * The quotas that machines of a size count against; undefined when ARM does not say (no right to read it, an
 * unknown size, no answer in time).
 * @param spot spot machines count against a quota of their own, and no other.
 */
export async function coreQuotas(
  arm: Arm,
  location: string,
  vmSize: string,
  signal?: AbortSignal,
  spot = false,
): Promise<{ size: VmSize; quotas: CoreQuota[] } | undefined> {
  try {
    const size = await readSize(arm, location, vmSize, signal)
    if (size === undefined) return undefined
    const usages = await readUsages(arm, location, signal)
    const counted = spot ? ['lowprioritycores'] : ['cores', size.family.toLowerCase()]
    return { size, quotas: usages.filter(({ name }) => counted.includes(name.toLowerCase())) }
  } catch {
    signal?.throwIfAborted()
    return undefined
  }
}

async function readSize(
  arm: Arm,
  location: string,
  vmSize: string,
  signal: AbortSignal | undefined,
): Promise<VmSize | undefined> {
  const values = await list(arm, '/providers/Microsoft.Compute/skus', signal, {
    $filter: `location eq '${location.replaceAll("'", "''")}'`,
  })
  const found = values.find(
    (each) =>
      text(each.resourceType) === 'virtualMachines' &&
      text(each.name)?.toLowerCase() === vmSize.toLowerCase(),
  )
  const capabilities = Array.isArray(found?.capabilities) ? (found.capabilities as unknown[]) : []
  const cores = capabilities.map(record).find((each) => text(each?.name) === 'vCPUs')?.value
  const family = text(found?.family)
  return family === undefined || !(Number(cores) > 0) ? undefined : { family, cores: Number(cores) }
}

async function readUsages(arm: Arm, location: string, signal: AbortSignal | undefined): Promise<CoreQuota[]> {
  const values = await list(
    arm,
    `/providers/Microsoft.Compute/locations/${encodeURIComponent(location)}/usages`,
    signal,
  )
  return values.flatMap((each) => {
    const name = text(record(each.name)?.value)
    const { currentValue: used, limit } = each
    return name === undefined || typeof used !== 'number' || typeof limit !== 'number'
      ? []
      : [{ name, used, limit }]
  })
}

async function list(
  arm: Arm,
  path: string,
  signal: AbortSignal | undefined,
  query: Record<string, string> = {},
): Promise<Record<string, unknown>[]> {
  const { body } = await arm.request({
    method: 'GET',
    path: `/subscriptions/${encodeURIComponent(arm.subscriptionId)}${path}`,
    apiVersion: COMPUTE_API,
    query,
    timeoutMs: TIMEOUT_MS,
    signal,
  })
  const value = record(body)?.value
  return Array.isArray(value) ? value.map(record).filter((each) => each !== undefined) : []
}
