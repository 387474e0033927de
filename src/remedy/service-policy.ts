import { listNodes } from './cluster-nodes.ts'
import { patchService, readBack } from './patch-service.ts'
import type { Change, Plan, Remedy, RemedyContext, Step } from './remedy.ts'
import { restoreServices } from './restore-services.ts'
import { podRights, serviceRights } from './rights.ts'
import {
  anyTableBreaches,
  decide,
  idleStep,
  isServiceStep,
  namedServices,
  type ServiceChoice,
} from './service-steps.ts'

export interface ServicePolicyOptions extends ServiceChoice {
  /** How long to wait until old connections are gone before the nodes are read again. */
  settleSeconds: number
  /** Namespace of the pods that read the nodes. */
  namespace: string
}

/** Seconds between two lines of progress while the traffic settles. */
const progressSeconds = 15

/** Sends traffic from outside to pods of the node that it arrives at, which saves the entries of cross-node NAT. */
export function servicePolicy(options: ServicePolicyOptions): Remedy {
  return {
    id: 'service-policy',
    plan: (context) => plan(options, context),
    apply: (plan, context) => apply(plan, options, context),
    verify: (changes, context) => verify(changes, options, context),
    undo: (changes, context) => restoreServices(changes, context),
  }
}

async function plan(options: ServicePolicyOptions, context: RemedyContext): Promise<Plan> {
  const named = namedServices(options, context)
  const idle = options.scope === 'breached' && !anyTableBreaches(context)
  const nodes = idle || named.length === 0 ? [] : await listNodes(context.api, context.signal)
  const steps: Step[] = []
  for (const service of named) {
    steps.push(idle ? idleStep(service, context) : await decide(service, nodes, options, context))
  }
  return {
    remedy: 'service-policy',
    steps,
    lasts: 'until somebody sets it back; it survives restarts of pods and nodes',
    impact: [
      'Traffic from outside goes only to pods on the node that it arrives at, without an entry for cross-node NAT. No pod restarts.',
      'The load balancer learns by its health probe which nodes have a pod; until then some new connections can fail. Nodes without a ready pod drop the traffic that reaches them.',
      'Load follows the number of pods on each node: unevenly placed pods get uneven load.',
      `The run waits ${options.settleSeconds} s for old connections to go before it reads the nodes again.`,
    ],
    rights: [...new Set([...serviceRights, ...podRights(options.namespace)])],
    notes: [
      ...(named.length === 0 ? ['No service is named: `services` takes a list of namespace/name.'] : []),
      'Pods see the address of the client from then on, instead of that of a node. A service that a GitOps tool manages has to be changed there too, or the tool sets it back.',
      'internalTrafficPolicy is not touched. The API server gives a service of type LoadBalancer a health check node port with Local, and takes it away with Cluster.',
    ],
  }
}

async function apply(plan: Plan, options: ServicePolicyOptions, context: RemedyContext): Promise<Change[]> {
  const changes: Change[] = []
  for (const step of plan.steps) {
    if (step.intent !== 'change' || !isServiceStep(step)) continue
    if (context.signal.aborted) break
    const change = await patchService(step, context, async () => {
      const nodes = await listNodes(context.api, context.signal)
      return decide(step.target, nodes, options, context)
    })
    context.record(change)
    changes.push(change)
  }
  return changes
}

async function verify(
  changes: Change[],
  options: ServicePolicyOptions,
  context: RemedyContext,
): Promise<Change[]> {
  if (!changes.some((change) => change.outcome === 'changed' || change.outcome === 'unproven')) return changes
  await settle(options.settleSeconds, context)
  const verified: Change[] = []
  for (const change of changes) verified.push(await readBack(change, context))
  await context.readAgain()
  return verified
}

async function settle(seconds: number, context: RemedyContext): Promise<void> {
  if (seconds > 0) context.log.info(`Waiting ${seconds} s for old connections to go (settle-seconds)`)
  for (let left = seconds; left > 0; left -= progressSeconds) {
    if (left < seconds) context.log.info(`${left} s left`)
    await context.sleep(Math.min(left, progressSeconds) * 1000)
  }
}
