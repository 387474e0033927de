import { listNodes } from './cluster-nodes.ts'
import { patchService, readBack } from './patch-service.ts'
import { notDone } from './record.ts'
import { type Change, nameOf, type RemedyContext, type Step } from './remedy.ts'
import { type Restorable, restorablesOf } from './restore-input.ts'
import { whyFailed } from './rights.ts'
import { isServiceStep, type ServiceStep } from './service-steps.ts'
import { endpointGap, externalType, policyOf, readService } from './services.ts'

/** Puts the services of `changes` back to the policy that they had: plan, apply and verify in one. */
export async function restoreServices(changes: Change[], context: RemedyContext): Promise<Change[]> {
  const steps = await planServices(restorablesOf(changes), context)
  const left = notDone(steps)
  context.record(...left)
  const done = await applyServices(steps, context)
  return [...left, ...(await verifyServices(done, context))]
}

/** The steps that put services back. What somebody changed since the fix is left as it is. */
export async function planServices(items: Restorable[], context: RemedyContext): Promise<ServiceStep[]> {
  const steps: ServiceStep[] = []
  for (const item of items) {
    if (item.target.kind === 'service') steps.push(await planService(item, context))
  }
  return steps
}

async function planService(item: Restorable, { api, signal }: RemedyContext): Promise<ServiceStep> {
  const { target, setting, before, wrote } = item
  if (target.kind !== 'service') throw new TypeError(`not a service: ${nameOf(target)}`)
  const to = before ?? null
  const step = (intent: Step['intent'], from: Step['from'], why?: string): ServiceStep => ({
    ...{ remedy: 'restore', target, setting, from, to, intent },
    ...(why !== undefined && { why }),
  })
  if (before !== 'Cluster' && before !== 'Local') {
    return step('refuse', undefined, 'the report does not say what it was before')
  }
  try {
    const service = await readService(api, target, signal)
    if (!service) return step('skip', null, 'the service is gone')
    if (!externalType(service))
      return step('skip', null, `it is of type ${service.spec?.type ?? 'ClusterIP'} now`)
    const from = policyOf(service)
    if (from === before) return step('skip', from, `it is ${from} again already`)
    if (from !== wrote)
      return step('skip', from, `it is no longer ${wrote ?? 'what the fix wrote'}: somebody changed it since`)
    const resourceVersion = service.metadata.resourceVersion
    if (!resourceVersion) return step('refuse', from, 'the API server told no version of it')
    const nodes = before === 'Local' ? await listNodes(api, signal) : undefined
    const gap = nodes && (await endpointGap(api, target, service, nodes, signal))
    if (gap !== undefined) return step('refuse', from, gap)
    return { ...step('change', from), resourceVersion }
  } catch (error) {
    signal.throwIfAborted()
    return step('refuse', undefined, `it could not be looked at: ${whyFailed(error)}`)
  }
}

/** Patches the services of the change steps, each on the version that was planned on. */
export async function applyServices(steps: Step[], context: RemedyContext): Promise<Change[]> {
  const changes: Change[] = []
  for (const step of steps) {
    if (step.intent !== 'change' || !isServiceStep(step)) continue
    if (context.signal.aborted) break
    const item = { target: step.target, setting: step.setting, before: step.to, wrote: step.from ?? null }
    const change = await patchService(step, context, () => planService(item, context))
    context.record(change)
    changes.push(change)
  }
  return changes
}

export async function verifyServices(changes: Change[], context: RemedyContext): Promise<Change[]> {
  const verified: Change[] = []
  for (const change of changes) verified.push(await readBack(change, context))
  return verified
}
