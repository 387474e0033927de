import type { Arm } from '../../azure/arm.ts'
import type { ManagedCluster } from '../../azure/managed-cluster.ts'
import type { FollowOptions } from '../../azure/operation.ts'
import type { FixScope, RemedyContext } from '../remedy.ts'
import type { WantedSettings } from '../sysctl-targets.ts'
import { readLinuxOsSysctls, readUnsafeSysctls } from './linux-os-sysctls.ts'
import type { Strategy } from './rules.ts'
import type { WantedConfig } from './wanted.ts'

export interface NodePoolOptions {
  arm: Arm
  cluster: ManagedCluster
  /** Turns an error of ARM into one for the user. `failed`: `The node pool cannot be changed`. */
  explain: (error: unknown, failed: string) => unknown
  strategy: Strategy
  scope: FixScope
  /** The pools that the run is about; empty: those with nodes that breach. */
  nodePools: string[]
  wanted: WantedSettings
  /** The inputs `linux-os-sysctls`, as text, and `kubelet-allowed-unsafe-sysctls`. */
  linuxOsSysctls: string
  allowedUnsafeSysctls: string[]
  maxPools: number
  drainTimeoutMinutes: number
  /** Of the pods that read the nodes. */
  namespace: string
  /** Milliseconds since 1970; tests hand in their own. */
  now?: () => number
}

/** The options with what was made of them, once for a run. */
export interface Kit
  extends Required<Omit<NodePoolOptions, 'wanted' | 'linuxOsSysctls' | 'allowedUnsafeSysctls'>> {
  wanted: WantedConfig
  /** Remarks on the inputs: values that were clamped. */
  notices: string[]
}

/** @throws UserError for inputs that AKS would not take. */
export function kitOf(options: NodePoolOptions): Kit {
  const { values, notices } = readLinuxOsSysctls(options.linuxOsSysctls)
  const unsafeSysctls = readUnsafeSysctls(options.allowedUnsafeSysctls)
  const { linuxOsSysctls: _text, allowedUnsafeSysctls: _names, ...rest } = options
  return {
    now: Date.now,
    ...rest,
    wanted: { ...options.wanted, extra: values, unsafeSysctls },
    notices,
  }
}

/** Between two looks at nodes or pods. */
export const POLL_MS = 5_000
/** How long nodes of a pool may take to become ready once ARM says that the pool is there. */
export const READY_MS = 15 * 60_000
/** An operation on a large pool takes hours; the run's own deadline is what ends it. */
const OPERATION_MS = 12 * 3_600_000

/** How operations in Azure are followed. `look` runs before each wait, for lines of progress. */
export function followOptions(
  kit: Kit,
  context: RemedyContext,
  look: (state: string, elapsedMs: number) => Promise<void>,
): FollowOptions {
  let progress = { state: 'InProgress', elapsedMs: 0 }
  return {
    signal: context.signal,
    timeoutMs: OPERATION_MS,
    now: kit.now,
    onProgress: (seen) => {
      progress = seen
    },
    sleep: async (ms) => {
      await look(progress.state, progress.elapsedMs)
      await context.sleep(ms)
    },
  }
}
