import { KubeError } from '../cluster/kube-api.ts'
import { changeOf } from './record.ts'
import { type Change, nameOf, type RemedyContext } from './remedy.ts'
import { whyFailed } from './rights.ts'
import type { ServiceStep } from './service-steps.ts'
import { policyOf, readService, setPolicy } from './services.ts'

/** How often a patch whose answer was lost is sent at most, and how often a changed service is looked at anew. */
const most = { sends: 4, looks: 1 }

export type Policy = 'Cluster' | 'Local'

/**
 * Sets the policy of one service to what its step wants, and says what is there afterwards. A service that
 * changed since the plan is given to `lookAgain` once, which decides anew. A lost answer is made up for by
 * reading the service.
 */
export async function patchService(
  planned: ServiceStep,
  context: RemedyContext,
  lookAgain: () => Promise<ServiceStep>,
): Promise<Change> {
  const wanted: Policy = planned.to === 'Cluster' ? 'Cluster' : 'Local'
  let step = planned
  let looks = 0
  // Whether the API server may come to an earlier patch only now.
  let unanswered = false
  for (let sends = 1; ; sends++) {
    context.record(changeOf(step, 'unproven', 'the patch was sent and its answer did not arrive'))
    try {
      const version = step.resourceVersion ?? ''
      const after = await setPolicy(context.api, step.target, wanted, version, context.signal)
      return { ...changeOf(step, after === wanted ? 'changed' : 'failed', step.why), after }
    } catch (error) {
      if (context.signal.aborted) return endedInMid(step)
      const changed = error instanceof KubeError && error.status === 409
      if (!changed) {
        const known = await readAfter(step, wanted, error, context)
        // Still there as planned: nothing of the patch arrived, so that it can be sent again.
        if (known.outcome === 'changed' || !isTransient(error) || sends === most.sends) return known
        unanswered = true
        const ended = await context.sleep(pauseMs(error, sends)).then(
          () => false,
          () => true,
        )
        if (ended) return endedInMid(step)
        continue
      }
      if (looks++ === most.looks) return changeOf(step, 'failed', 'it is being changed by somebody else')
      context.log.info(`${nameOf(step.target)} changed since it was planned; it is looked at again`)
      const now = await lookAgain().catch((cause: unknown) => cause)
      const late = unanswered ? lateChange(step, now, wanted) : undefined
      if (late) return late
      if (!isStep(now)) return changeOf(step, 'failed', `it changed since it was planned: ${whyFailed(now)}`)
      if (now.intent === 'skip') {
        return { ...changeOf(now, 'unchanged', 'somebody else set it after the plan'), after: now.from }
      }
      if (now.intent === 'refuse') {
        return changeOf(now, 'refused', `it changed since it was planned, and now: ${now.why ?? ''}`)
      }
      step = now
    }
  }
}

/** A service that changed after a patch without an answer: if it is as wanted, that patch may well have done it. */
function lateChange(step: ServiceStep, now: unknown, wanted: Policy): Change | undefined {
  const present = isStep(now) ? now.from : undefined
  if (present === undefined) {
    return changeOf(step, 'unproven', 'the answer to the patch was lost, and it could not be looked at again')
  }
  if (present !== wanted) return undefined
  return { ...changeOf(step, 'changed', 'the answer to the patch was lost; read back'), after: present }
}

function isStep(now: unknown): now is ServiceStep {
  return typeof now === 'object' && now !== null && 'intent' in now
}

function isTransient(error: unknown): error is KubeError {
  return error instanceof KubeError && error.transient
}

/** What the API server asks for, within reason; else longer each time, from half a second on. */
function pauseMs({ retryAfterMs = 0 }: KubeError, sends: number): number {
  return Math.max(Math.min(retryAfterMs, 30_000), 250 * 2 ** sends)
}

function endedInMid(step: ServiceStep): Change {
  return changeOf(step, 'unproven', 'the run was ended while the patch was under way')
}

/** What is there after a patch that failed: read back, so that a lost answer is not taken for a failure. */
async function readAfter(
  step: ServiceStep,
  wanted: Policy,
  error: unknown,
  { api, signal }: RemedyContext,
): Promise<Change> {
  const why = whyFailed(error)
  try {
    const service = await readService(api, step.target, signal)
    const after = service ? policyOf(service) : null
    if (after === wanted) {
      return { ...changeOf(step, 'changed', `the answer to the patch was lost (${why}); read back`), after }
    }
    return { ...changeOf(step, 'failed', why), after }
  } catch {
    if (signal.aborted) return endedInMid(step)
    return changeOf(step, 'unproven', `${why}; the service could not be read back either`)
  }
}

/** A service that was patched must still have the policy: a controller may have set it back. */
export async function readBack(change: Change, { api, signal }: RemedyContext): Promise<Change> {
  if (change.target.kind !== 'service' || !['changed', 'unproven'].includes(change.outcome)) return change
  try {
    const service = await readService(api, change.target, signal)
    const after = service ? policyOf(service) : null
    if (after === change.wanted) return { ...change, after, outcome: 'changed' }
    const why = service ? `it is ${after} again: something set it back` : 'the service is gone'
    return { ...change, after, outcome: 'failed', why }
  } catch (error) {
    signal.throwIfAborted()
    return { ...change, outcome: 'unproven', why: `it could not be read back: ${whyFailed(error)}` }
  }
}
