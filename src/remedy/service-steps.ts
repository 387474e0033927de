import { isKnown } from '../node/reading.ts'
import type { ClusterNode } from './cluster-nodes.ts'
import type { FixScope, RemedyContext, Step } from './remedy.ts'
import { whyFailed } from './rights.ts'
import { endpointGap, externalType, policyOf, readService, type ServiceName } from './services.ts'

/** What the user asked for. */
export interface ServiceChoice {
  /** `namespace/name`, or `*` for every service that carries cross-node traffic. */
  services: string[]
  /** Patches services that have no ready endpoint on some node too, and lets `*` be used. */
  forceServices: boolean
  scope: FixScope
}

export type ServiceStep = Step & { target: { kind: 'service' } & ServiceName }

export function isServiceStep(step: Step): step is ServiceStep {
  return step.target.kind === 'service'
}

/** The services that the user named, each once; `*` stands for all that have the policy Cluster. */
export function namedServices({ services }: ServiceChoice, context: RemedyContext): ServiceName[] {
  const names = services.flatMap((text): ServiceName[] => {
    if (text === '*') return crossNodeServices(context)
    const [namespace = '', name = ''] = text.split('/')
    return [{ namespace, name }]
  })
  const unique = new Map(names.map(({ namespace, name }) => [`${namespace}/${name}`, { namespace, name }]))
  return [...unique.values()]
}

function crossNodeServices({ services }: RemedyContext): ServiceName[] {
  if (isKnown(services)) return services.value.filter(({ policy }) => policy === 'Cluster')
  throw new Error(`the services of the cluster are not known: ${services.unknown}`)
}

/** Whether cross-node traffic hurts at all: some node's table is nearly full or loses entries. */
export function anyTableBreaches({ findings }: RemedyContext): boolean {
  return findings.some(
    ({ check, status, subject }) =>
      subject.kind === 'node' &&
      (check === 'conntrack-usage' || check === 'conntrack-drops') &&
      (status === 'warning' || status === 'critical'),
  )
}

/** The step for a service while no node's table breaches. */
export function idleStep(name: ServiceName, { services }: RemedyContext): ServiceStep {
  const known = (isKnown(services) ? services.value : []).find(
    (one) => one.namespace === name.namespace && one.name === name.name,
  )
  const why = 'no node breaches conntrack-usage or conntrack-drops; fix-scope: all changes it all the same'
  return { ...stepFor(name), from: known?.policy, to: 'Local', intent: 'skip', why }
}

/** Reads the service and its endpoints, and says what shall be done with it. */
export async function decide(
  name: ServiceName,
  nodes: ClusterNode[],
  choice: ServiceChoice,
  { api, signal }: RemedyContext,
): Promise<ServiceStep> {
  const step = stepFor(name)
  const refuse = (from: Step['from'], why: string): ServiceStep => ({
    ...step,
    from,
    to: 'Local',
    intent: 'refuse',
    why,
  })
  try {
    const service = await readService(api, name, signal)
    if (!service) return refuse(null, 'there is no such service')
    if (!externalType(service)) {
      const found = service.spec?.type ?? 'ClusterIP'
      return refuse(null, `it is of type ${found}; only LoadBalancer and NodePort have the policy`)
    }
    const from = policyOf(service)
    if (from === 'Local') return { ...step, from, to: 'Local', intent: 'skip', why: 'it is Local already' }
    if (choice.services.includes('*') && !choice.forceServices) {
      return refuse(from, '`*` is only taken together with force-services: true')
    }
    const resourceVersion = service.metadata.resourceVersion
    if (!resourceVersion) return refuse(from, 'the API server told no version of it')
    const gap = await endpointGap(api, name, service, nodes, signal)
    if (gap && !choice.forceServices) {
      return refuse(from, `${gap}; force-services: true changes it all the same`)
    }
    const forced = gap === undefined ? {} : { why: `forced: ${gap}` }
    return { ...step, from, to: 'Local', intent: 'change', resourceVersion, ...forced }
  } catch (error) {
    signal.throwIfAborted()
    return refuse(undefined, `it could not be looked at: ${whyFailed(error)}`)
  }
}

function stepFor({ namespace, name }: ServiceName) {
  return {
    remedy: 'service-policy',
    target: { kind: 'service', namespace, name },
    setting: 'externalTrafficPolicy',
  } as const
}
