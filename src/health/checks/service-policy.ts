import { isKnown } from '../../node/reading.ts'
import { byWorst, type Check, type CheckInput, nameOf, notKnown } from '../check.ts'
import type { Finding } from '../finding.ts'
import { byName, clip, names, plural } from '../format.ts'
import type { ServiceInfo } from '../service.ts'
import { conntrackUsage } from './conntrack-usage.ts'

/**
 * Services whose traffic may arrive at one node and be answered on another. Each such connection takes
 * entries on both, which matters only where tables are short.
 */
export const servicePolicy: Check = {
  id: 'service-policy',
  make: judge,
  phrase(group) {
    const services = byWorst(group).map((finding) => nameOf(finding.subject))
    return `with traffic across nodes while conntrack-usage is breached (${names(services)})`
  },
}

function judge(input: CheckInput): Finding[] {
  const { services } = input
  if (!isKnown(services)) {
    // It cannot make the verdict worse than the conntrack-usage finding that a warning here depends on.
    return [notKnown(servicePolicy.id, { kind: 'cluster' }, `services: ${clip(services.unknown)}`, false)]
  }
  const crossing = services.value.filter((service) => service.policy === 'Cluster')
  if (crossing.length === 0) return [none(services.value.length)]
  const breached = conntrackUsage
    .make(input)
    .filter((finding) => finding.status === 'warning' || finding.status === 'critical').length
  return [...crossing]
    .sort((a, b) => byName(`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`))
    .map((service) => crossNode(service, breached))
}

function none(services: number): Finding {
  return {
    check: servicePolicy.id,
    status: 'ok',
    subject: { kind: 'cluster' },
    summary: `no service takes outside traffic across nodes (${plural(services, 'LoadBalancer or NodePort service')})`,
    evidence: { services },
    decides: true,
  }
}

function crossNode(service: ServiceInfo, breached: number): Finding {
  const { namespace, name, type } = service
  const effect =
    breached === 0
      ? 'no node breaches conntrack-usage'
      : `${plural(breached, 'node breaches', 'nodes breach')} conntrack-usage`
  const finding: Finding = {
    check: servicePolicy.id,
    status: breached === 0 ? 'ok' : 'warning',
    subject: { kind: 'service', namespace, name },
    summary: `${type} with externalTrafficPolicy Cluster: traffic may cross nodes and take entries on both; ${effect}`,
    evidence: { type, externalTrafficPolicy: service.policy, nodesBreachingConntrackUsage: breached },
    decides: true,
  }
  if (breached === 0) return finding
  const advice =
    `Local keeps traffic on the node where it arrives, which saves the cross-node entries, and needs a ready pod ` +
    `on every node that takes it: fix: service-policy with services: ${namespace}/${name}.`
  return { ...finding, advice }
}
