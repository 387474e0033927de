import { DAEMONSET_NAME, settingsOf } from './daemonset-object.ts'
import { type DaemonSetDecision, decideDaemonSet, findDaemonSet } from './daemonset-plan.ts'
import { DAEMONSET_SETTINGS } from './daemonset-settings.ts'
import type { DaemonSetOptions } from './daemonset-wanted.ts'
import { memoryImpact } from './memory.ts'
import { proveOnNodes, satisfies, sizesOf, usageForecast } from './node-steps.ts'
import { podSnippet } from './pod-snippet.ts'
import { putDaemonSet } from './put-daemonset.ts'
import type { Change, Plan, Remedy, RemedyContext } from './remedy.ts'
import { undoDaemonSets } from './restore-all.ts'
import { daemonSetRights, podRights } from './rights.ts'
import type { TunerOptions } from './tune.ts'

export type { DaemonSetOptions }

/** Keeps kernel settings on whole node pools: at start, every minute, and on every new node. */
export function daemonSet(options: DaemonSetOptions & TunerOptions): Remedy {
  return {
    id: 'daemonset',
    plan: async (context) => planOf(await decideDaemonSet(options, context), options, context),
    apply: (plan, context) => putDaemonSet(plan, options, context),
    verify: (changes, context) => verify(changes, options, context),
    undo: (changes, context) => undoDaemonSets(changes, options, context),
  }
}

function planOf(decision: DaemonSetDecision, options: DaemonSetOptions, context: RemedyContext): Plan {
  const { steps, settings, notes } = decision
  const name = `${options.namespace}/${DAEMONSET_NAME}`
  return {
    remedy: 'daemonset',
    steps,
    lasts: `as long as the DaemonSet ${name} is there: across reboots, restarts of kube-proxy and new nodes`,
    impact: [
      'One privileged pod a node, which looks every 60 s and otherwise sleeps (requests 5m CPU and 8 MiB). It evicts nothing. No other pod restarts, no connection is cut.',
      ...(settings ? [`It serves ${settings.nodes}, with the nodes that will join.`] : []),
      ...usageForecast(steps, context.nodes),
      ...memoryImpact(sizesOf(steps, context.nodes)),
    ],
    rights: [...new Set([...daemonSetRights(options.namespace), ...podRights(options.namespace)])],
    notes: [
      ...notes,
      'Each node gets all of the settings, whichever of them it needs; no size is lowered on any node, and none that the DaemonSet has already is taken back.',
      'On nodes that join later the values that were there before are told by the first container of the pod alone (its termination message), not by a report.',
      `It goes with fix: restore and this run's report, or by hand: kubectl delete daemonset -n ${options.namespace} ${DAEMONSET_NAME}. The values stay on the nodes until they are put back or the nodes reboot.`,
      ...(settings?.['tw-reuse'] ? podSnippet(options.wanted) : []),
    ],
  }
}

/** The nodes are read again, and the DaemonSet must still have what it was given. */
async function verify(
  changes: Change[],
  options: DaemonSetOptions,
  context: RemedyContext,
): Promise<Change[]> {
  const proven = proveOnNodes(changes, await context.readAgain(), satisfies)
  const object = await findDaemonSet(options.namespace, context)
  const has = object && settingsOf(object)
  return proven.map((change) => {
    const { target, setting, outcome } = change
    if (target.kind !== 'daemonset' || !['changed', 'unproven'].includes(outcome)) return change
    if (!has) return { ...change, after: null, outcome: 'failed', why: 'it is not there' }
    const known = DAEMONSET_SETTINGS.find((one) => one === setting)
    if (known === undefined || 'unreadable' in has) return change
    const after = has[known]
    if (after === change.wanted) return { ...change, after, outcome: 'changed' }
    return { ...change, after, outcome: 'failed', why: 'something set it again' }
  })
}
