import { type AgentPool, type AgentPoolBody, sendable } from '../../azure/agent-pools.ts'
import { record } from '../../azure/arm-error.ts'
import { covers, joined, type OsValue, UNSAFE_SYSCTLS } from './os-settings.ts'
import { presentSetting } from './wanted.ts'

/** Values by setting; null takes the setting out. */
export type Settings = Record<string, OsValue | null>

/** Whether the configuration of a pool is at least what is wanted. */
export function hasAll(properties: Record<string, unknown>, wanted: Record<string, OsValue>): boolean {
  return Object.entries(wanted).every(([setting, value]) =>
    covers(setting, presentSetting(properties, setting), value),
  )
}

/** A pool as it is with its settings raised to what is wanted. Everything else in it stays. */
export function updateBody(pool: AgentPool, wanted: Record<string, OsValue>): AgentPoolBody {
  const raised = Object.entries(wanted).map(([setting, value]) => [
    setting,
    joined(setting, presentSetting(pool.properties, setting), value),
  ])
  return exactBody(pool, Object.fromEntries(raised) as Settings)
}

/** A pool as it is with its settings exactly as given. */
export function exactBody(pool: Pick<AgentPool, 'properties'>, settings: Settings): AgentPoolBody {
  const properties = sendable(pool.properties)
  const os = { ...record(properties.linuxOSConfig) }
  const sysctls = { ...record(os.sysctls) }
  const kubelet = { ...record(properties.kubeletConfig) }
  for (const [setting, value] of Object.entries(settings)) {
    const place = setting === UNSAFE_SYSCTLS ? kubelet : sysctls
    if (value === null || (Array.isArray(value) && value.length === 0)) delete place[setting]
    else place[setting] = value
  }
  put(os, 'sysctls', sysctls)
  put(properties, 'linuxOSConfig', os)
  put(properties, 'kubeletConfig', kubelet)
  return { properties }
}

/** An empty object is not put where there was none. */
function put(place: Record<string, unknown>, name: string, value: Record<string, unknown>): void {
  if (Object.keys(value).length > 0 || record(place[name]) !== undefined) place[name] = value
}

/** A pool of the same shape with the wanted settings and tags of its own. */
export function successorBody(
  pool: AgentPool,
  settings: { raise: Record<string, OsValue> } | { exact: Settings },
  tags: Record<string, string>,
): AgentPoolBody {
  const { properties } =
    'raise' in settings ? updateBody(pool, settings.raise) : exactBody(pool, settings.exact)
  const count = properties.count
  const autoscaled = properties.enableAutoScaling === true
  const { minCount, maxCount } = properties
  const bounded =
    autoscaled && typeof count === 'number'
      ? Math.min(
          Math.max(count, typeof minCount === 'number' ? minCount : 0),
          typeof maxCount === 'number' ? maxCount : count,
        )
      : count
  return {
    properties: {
      ...properties,
      ...(bounded !== undefined && { count: bounded }),
      tags: { ...record(properties.tags), ...tags },
    },
  }
}
