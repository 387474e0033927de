import { isDeepStrictEqual } from 'node:util'
import { parseTuning } from '../node/parse-tuning.ts'
import { isKnown } from '../node/reading.ts'
import { applyDaemonSet, isOutdated, takeBack } from './daemonset-apply.ts'
import { tuningOf } from './daemonset-manifest.ts'
import { DAEMONSET_NAME, type DaemonSet, settingsOf } from './daemonset-object.ts'
import { type DaemonSetDecision, decideDaemonSet, findDaemonSet } from './daemonset-plan.ts'
import type { DaemonSetSettings } from './daemonset-settings.ts'
import { type DaemonSetOptions, targetIn } from './daemonset-wanted.ts'
import { memoryImpact } from './memory.ts'
import { isNodeStep, proveOnNodes, satisfies, sizesOf, usageForecast } from './node-steps.ts'
import { podSnippet } from './pod-snippet.ts'
import { changeOf } from './record.ts'
import type { Change, Plan, Remedy, RemedyContext, Step } from './remedy.ts'
import { undoDaemonSets } from './restore-all.ts'
import { daemonSetRights, podRights, whyFailed } from './rights.ts'
import { answerOf, followRollout, readPods } from './rollout.ts'
import type { TunerOptions } from './tune.ts'

export type { DaemonSetOptions }

/** How often a plan is made anew because the object changed between looking and applying. */
const mostLooks = 3

/** Keeps kernel settings on whole node pools: at start, every minute, and on every new node. */
export function daemonSet(options: DaemonSetOptions & TunerOptions): Remedy {
  return {
    id: 'daemonset',
    plan: async (context) => planOf(await decideDaemonSet(options, context), options, context),
    apply: (plan, context) => apply(plan, options, context),
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
    rights: [...daemonSetRights(options.namespace), ...podRights(options.namespace)],
    notes: [
      ...notes,
      'Each node gets all of the settings, whichever of them it needs; no size is lowered on any node, and none that the DaemonSet has already is taken back.',
      'On nodes that join later the values that were there before are told by the first container of the pod alone (its termination message), not by a report.',
      `It goes with fix: restore and this run's report, or by hand: kubectl delete daemonset -n ${options.namespace} ${DAEMONSET_NAME}. The values stay on the nodes until they are put back or the nodes reboot.`,
      ...(settings?.['tw-reuse'] ? [podSnippet(options.wanted)] : []),
    ],
  }
}

async function apply(plan: Plan, options: DaemonSetOptions, context: RemedyContext): Promise<Change[]> {
  const steps = plan.steps.filter(({ intent }) => intent === 'change')
  const all = (outcome: Change['outcome'], why: string) =>
    steps.map((step) => ({
      ...changeOf(step, outcome, why),
      ...(outcome === 'failed' && { after: step.from }),
    }))
  const tell = (changes: Change[]) => {
    for (const change of changes) context.record(change)
    return changes
  }
  let created = false
  try {
    const applied = await applyAsPlanned(plan, options, context, () => {
      created = !steps.some(({ target, from }) => target.kind === 'daemonset' && from !== null)
      tell(all('unproven', 'the DaemonSet was sent; whether it came into being is not known'))
    })
    if ('why' in applied) return tell(all('failed', applied.why))
    tell(objectChanges(steps, applied.object))
    const rollout = await followRollout(
      { ...options, name: DAEMONSET_NAME, seconds: options.rolloutSeconds },
      context,
    )
    const changes = [
      ...objectChanges(steps, applied.object),
      rolloutChange(options.namespace, rollout),
      ...(await nodeChanges(steps, applied.settings, options, context)),
    ]
    return tell(changes)
  } catch (error) {
    if (!context.signal.aborted) {
      if (!created) return tell(all('failed', whyFailed(error)))
      return tell(all('unproven', `the rollout could not be followed: ${whyFailed(error)}`))
    }
    if (created) tell(await tookBack(steps, options, context))
    throw error
  }
}

/** Applies what was planned, if what is there is still what it was planned on. */
async function applyAsPlanned(
  plan: Plan,
  options: DaemonSetOptions,
  context: RemedyContext,
  onSend: () => void,
): Promise<{ object: DaemonSet; settings: DaemonSetSettings } | { why: string }> {
  for (let look = 1; ; look++) {
    const { steps, settings, resourceVersion } = await decideDaemonSet(options, context)
    if (!settings || !isDeepStrictEqual(steps, plan.steps)) {
      return { why: 'what is there changed since it was planned; run it again for a new plan' }
    }
    onSend()
    try {
      const wanted = {
        ...options,
        settings,
        runId: context.runId,
        ...(resourceVersion && { resourceVersion }),
      }
      return { object: await applyDaemonSet(context.api, wanted, context.signal), settings }
    } catch (error) {
      context.signal.throwIfAborted()
      if (look === mostLooks || !isOutdated(error)) return { why: whyFailed(error) }
    }
  }
}

/** What the API server says that the object now has. */
function objectChanges(steps: Step[], object: DaemonSet): Change[] {
  const has = settingsOf(object)
  return steps
    .filter(({ target }) => target.kind === 'daemonset')
    .map((step) => {
      const after = 'unreadable' in has ? undefined : has[step.setting as keyof DaemonSetSettings]
      const why = 'unreadable' in has ? has.unreadable : step.why
      return { ...changeOf(step, after === step.to ? 'changed' : 'failed', why), after }
    })
}

function rolloutChange(
  namespace: string,
  rollout: { complete: boolean; ready: number; desired: number; why: string },
): Change {
  const pods = (n: number) => `${n} of ${rollout.desired} pods ready`
  return {
    remedy: 'daemonset',
    target: targetIn(namespace),
    setting: 'rollout',
    before: null,
    wanted: pods(rollout.desired),
    after: pods(rollout.ready),
    outcome: rollout.complete ? 'changed' : 'failed',
    ...(!rollout.complete && { why: rollout.why }),
  }
}

/** What the first container of each pod says that it found and wrote, for the nodes whose values are planned. */
async function nodeChanges(
  steps: Step[],
  settings: DaemonSetSettings,
  { namespace }: DaemonSetOptions,
  { api, signal }: RemedyContext,
): Promise<Change[]> {
  const tuning = tuningOf(settings)
  const pods = await readPods(api, namespace, signal)
  const answers = new Map(pods.map((pod) => [pod.spec?.nodeName, answerOf(pod)]))
  return steps.filter(isNodeStep).map((step) => {
    const answer = answers.get(step.target.name)
    if (answer === undefined) return changeOf(step, 'unproven', 'its pod did not say what it did')
    const tuned = parseTuning(answer, tuning).find(({ sysctl }) => sysctl === step.setting)
    const failed = tuned && ['read-only', 'refused', 'unreadable'].includes(tuned.outcome)
    // Before is what the plan read: the pod may have been there for a while and have found its own value.
    return {
      ...changeOf(
        step,
        failed ? 'failed' : 'unproven',
        failed ? `${tuned.outcome}${tuned.error ? `: ${tuned.error}` : ''}` : step.why,
      ),
      before: step.from ?? (tuned && isKnown(tuned.before) ? `${tuned.before.value}` : undefined),
      after: tuned && isKnown(tuned.after) ? `${tuned.after.value}` : undefined,
    }
  })
}

/** The run was ended while the DaemonSet came into being: it is removed again, the nodes may have been written. */
async function tookBack(steps: Step[], options: DaemonSetOptions, context: RemedyContext): Promise<Change[]> {
  const gone = await takeBack(options.namespace, context.runId, context.api)
  return steps.map((step) => {
    if (step.target.kind !== 'daemonset') {
      return changeOf(step, 'unproven', 'the run was ended while the DaemonSet was rolled out')
    }
    return gone
      ? {
          ...changeOf(
            step,
            'failed',
            'the run was ended during the rollout, and the DaemonSet was removed again',
          ),
          after: null,
        }
      : changeOf(
          step,
          'unproven',
          'the run was ended during the rollout; look whether the DaemonSet is there',
        )
  })
}

async function verify(
  changes: Change[],
  options: DaemonSetOptions,
  context: RemedyContext,
): Promise<Change[]> {
  const proven = proveOnNodes(changes, await context.readAgain(), satisfies)
  const object = await findDaemonSet(options.namespace, context)
  const gone = (change: Change): Change => ({
    ...change,
    after: null,
    outcome: 'failed',
    why: 'it is gone again',
  })
  return proven.map((change) =>
    !object && change.target.kind === 'daemonset' && change.outcome === 'changed' ? gone(change) : change,
  )
}
