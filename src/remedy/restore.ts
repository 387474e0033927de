import { usageForecast } from './node-steps.ts'
import type { Change, Plan, Remedy, RemedyContext } from './remedy.ts'
import {
  applyRestore,
  type PoolRestorer,
  planPools,
  planRestore,
  undoDaemonSets,
  verifyRestore,
} from './restore-all.ts'
import type { Restorable } from './restore-input.ts'
import { daemonSetRights, podRights, serviceRights } from './rights.ts'
import type { TunerOptions } from './tune.ts'

export interface RestoreOptions extends TunerOptions {
  /** What an earlier report says was changed; see restore-input.ts. */
  items: Restorable[]
  /** Absent where the cluster is not named in Azure. */
  pools?: PoolRestorer
}

/** Puts back what an earlier report recorded, except what somebody changed since. */
export function restore(options: RestoreOptions): Remedy {
  return {
    id: 'restore',
    plan: (context) => plan(options, context),
    apply: async (plan, context) => {
      const changes = await applyRestore(plan.steps, options, context)
      const pools = plan.steps.filter(({ target }) => target.kind === 'node-pool')
      return [...changes, ...((await options.pools?.apply(pools, context)) ?? [])]
    },
    verify: (changes, context) => verifyRestore(changes, context),
    undo: (changes: Change[], context) => undoDaemonSets(changes, options, context),
  }
}

async function plan({ items, namespace, pools }: RestoreOptions, context: RemedyContext): Promise<Plan> {
  const steps = [...(await planRestore(items, context)), ...(await planPools(items, pools, context))]
  const has = (kind: string) => items.some(({ target }) => target.kind === kind)
  return {
    remedy: 'restore',
    steps,
    lasts: 'as the values that were there before the fix lasted',
    impact: [
      'Only what the fix wrote and what still is as it wrote it is put back; the rest is told and left. Limits become smaller again.',
      ...usageForecast(steps, context.nodes),
    ],
    rights: [
      ...new Set([
        ...(has('daemonset') ? daemonSetRights(namespace) : []),
        ...(has('service') ? serviceRights : []),
        ...(has('node') ? ['daemonsets.apps list in all namespaces'] : []),
        ...podRights(namespace),
      ]),
    ],
    notes: items.length === 0 ? ['The report names nothing that could be put back.'] : [],
  }
}
