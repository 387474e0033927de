import { isDeepStrictEqual } from 'node:util'
import { KubeError } from '../cluster/kube-api.ts'
import { parseTuning, type Tuned } from '../node/parse-tuning.ts'
import { isKnown } from '../node/reading.ts'
import { applyDaemonSet, isOutdated, takeBack } from './daemonset-apply.ts'
import { tuningOf } from './daemonset-manifest.ts'
import { DAEMONSET_NAME, type DaemonSet, settingsOf } from './daemonset-object.ts'
import { decideDaemonSet, findDaemonSet } from './daemonset-plan.ts'
import type { DaemonSetSettings } from './daemonset-settings.ts'
import { type DaemonSetOptions, targetIn } from './daemonset-wanted.ts'
import { isNodeStep, type NodeStep, wantedBy } from './node-steps.ts'
import { changeOf } from './record.ts'
import type { Change, Plan, RemedyContext, Step } from './remedy.ts'
import { whyFailed } from './rights.ts'
import { answersByNode, followRollout, type Rollout, readPods } from './rollout.ts'

/** How often what is there is looked at because it changed between looking and applying. */
const mostLooks = 3

/**
 * Applies the DaemonSet of a plan and follows its rollout to the end. When the run is ended before that, one that
 * this run made is removed again, so that nothing privileged stays that nobody has seen working.
 */
export async function putDaemonSet(
  plan: Plan,
  options: DaemonSetOptions,
  context: RemedyContext,
): Promise<Change[]> {
  const steps = plan.steps.filter(({ intent }) => intent === 'change')
  const tell = (changes: Change[]) => {
    context.record(...changes)
    return changes
  }
  const all = (outcome: 'failed' | 'unproven', why: string) =>
    tell(
      steps.map((step) => ({
        ...changeOf(step, outcome, why),
        ...(outcome === 'failed' && { after: step.from }),
      })),
    )
  const sent = { any: false, creates: false, answered: false }
  try {
    const put = await applyAsPlanned(plan, options, context, (creates) => {
      Object.assign(sent, { any: true, creates })
      all('unproven', 'the DaemonSet was sent; whether the API server took it is not known')
    })
    if ('why' in put) return all(put.unsure ? 'unproven' : 'failed', put.why)
    sent.answered = true
    const object = tell(objectChanges(steps, put.object))
    const rollout = await followRollout(
      { namespace: options.namespace, name: DAEMONSET_NAME, seconds: options.rolloutSeconds },
      context,
    )
    const nodes = await nodeChanges(steps.filter(isNodeStep), put.settings, options, context)
    return tell([...object, rolloutChange(options.namespace, rollout), ...nodes])
  } catch (error) {
    if (!context.signal.aborted) {
      if (!sent.any) return all('failed', whyFailed(error))
      return all('unproven', `the rollout could not be followed to its end: ${whyFailed(error)}`)
    }
    if (sent.creates) tell(await takenBack(steps, options, context, sent.answered))
    throw error
  }
}

type Put = { object: DaemonSet; settings: DaemonSetSettings } | { why: string; unsure: boolean }

/** Applies what was planned, if what is there is still what it was planned on. */
async function applyAsPlanned(
  plan: Plan,
  options: DaemonSetOptions,
  context: RemedyContext,
  onSend: (creates: boolean) => void,
): Promise<Put> {
  for (let look = 1; ; look++) {
    const { steps, settings, resourceVersion } = await decideDaemonSet(options, context)
    if (!settings || !isDeepStrictEqual(steps, plan.steps)) {
      return { why: 'what is there changed since it was planned; run it again for a new plan', unsure: false }
    }
    onSend(resourceVersion === undefined)
    try {
      const version = resourceVersion === undefined ? {} : { resourceVersion }
      const wanted = { namespace: options.namespace, settings, runId: context.runId, ...version }
      return { object: await applyDaemonSet(context.api, wanted, context.signal), settings }
    } catch (error) {
      context.signal.throwIfAborted()
      const refused = error instanceof KubeError && error.status !== undefined && error.status < 500
      if (!isOutdated(error)) return { why: whyFailed(error), unsure: !refused }
      // The version is an old one too when the answer to the first sending was lost and it was sent again.
      const object = await findDaemonSet(options.namespace, context)
      if (object && isDeepStrictEqual(settingsOf(object), settings)) return { object, settings }
      if (look === mostLooks) return { why: whyFailed(error), unsure: false }
    }
  }
}

/** What the API server says that the object now has. */
export function objectChanges(steps: Step[], object: DaemonSet): Change[] {
  const has = settingsOf(object)
  return steps
    .filter(({ target }) => target.kind === 'daemonset')
    .map((step) => {
      const after = 'unreadable' in has ? undefined : has[step.setting as keyof DaemonSetSettings]
      const why = 'unreadable' in has ? has.unreadable : step.why
      return { ...changeOf(step, after === step.to ? 'changed' : 'failed', why), after }
    })
}

function rolloutChange(namespace: string, { complete, desired, ready, why }: Rollout): Change {
  const pods = (n: number) => `${n} of ${desired} pods ready`
  return {
    ...{ remedy: 'daemonset', target: targetIn(namespace), setting: 'rollout' },
    ...{ before: null, wanted: pods(desired), after: pods(ready) },
    outcome: complete ? 'changed' : 'failed',
    ...(!complete && { why }),
  }
}

/** What the first container of each pod says that it found and wrote, for the nodes whose values are planned. */
async function nodeChanges(
  steps: NodeStep[],
  settings: DaemonSetSettings,
  { namespace }: DaemonSetOptions,
  { api, signal }: RemedyContext,
): Promise<Change[]> {
  const tuning = tuningOf(settings)
  const pods = await readPods(api, namespace, signal)
  const answers = answersByNode(pods)
  return steps.map((step) => {
    const answer = answers.get(step.target.name)
    if (answer === undefined) return changeOf(step, 'unproven', 'its pod did not say what it did')
    return changeOfAnswer(
      step,
      parseTuning(answer, tuning).find(({ sysctl }) => sysctl === step.setting),
    )
  })
}

/**
 * Proven only by the reading after it. A pod that found the value in place may have written it itself, before it
 * was started again; one that found more did not.
 */
function changeOfAnswer(step: NodeStep, tuned: Tuned | undefined): Change {
  if (tuned === undefined) return changeOf(step, 'unproven', step.why)
  const told = (value: Tuned['before']) => (isKnown(value) ? `${value.value}` : undefined)
  const [found, after] = [told(tuned.before), told(tuned.after)]
  if (['read-only', 'refused', 'unreadable'].includes(tuned.outcome)) {
    const why = [tuned.outcome, tuned.error].filter(Boolean).join(': ')
    return { ...changeOf(step, 'failed', why), before: found ?? step.from, after }
  }
  const others = tuned.outcome === 'kept' && found !== told(tuned.wanted)
  const before = others || tuned.outcome === 'written' ? (found ?? step.from) : (step.from ?? found)
  const outcome = others ? 'unchanged' : 'unproven'
  return { ...changeOf(step, outcome, step.why), before, wanted: wantedBy(step, tuned), after }
}

/** The run was ended while the DaemonSet came into being: it is removed again, the nodes may have been written. */
async function takenBack(
  steps: Step[],
  { namespace }: DaemonSetOptions,
  { runId, api }: RemedyContext,
  made: boolean,
): Promise<Change[]> {
  const gone = await takeBack({ namespace, runId, made }, api)
  return steps.map((step) => {
    if (step.target.kind !== 'daemonset') {
      return changeOf(step, 'unproven', 'the run was ended while the DaemonSet was rolled out')
    }
    if (!gone)
      return changeOf(step, 'unproven', 'the run was ended during the rollout; look whether it is there')
    const why = 'the run was ended during the rollout, and the DaemonSet was removed again'
    return { ...changeOf(step, 'failed', why), after: null }
  })
}
