import { expect, test } from '@jest/globals'
import { servicePolicy } from '../../../src/health/checks/service-policy.ts'
import type { ServiceInfo } from '../../../src/health/service.ts'
import { read, unknown, unread } from '../../support/readings.ts'
import { input, only } from '../support.ts'

function service(name: string, overrides: Partial<ServiceInfo> = {}): ServiceInfo {
  return {
    namespace: 'default',
    name,
    type: 'LoadBalancer',
    policy: 'Cluster',
    resourceVersion: '7',
    ...overrides,
  }
}

const calm = read('aks-np1-0')
const busy = read('aks-np1-1', { first: { conntrackCount: 100_000 } })

function findings(nodes: Parameters<typeof input>[0], services: ServiceInfo[]) {
  return servicePolicy.make(input(nodes, {}, { services: { value: services } }))
}

test('a service with policy Cluster is no fault while tables have room', () => {
  expect(only(findings([calm, unread()], [service('web')]))).toMatchObject({
    status: 'ok',
    subject: { kind: 'service', namespace: 'default', name: 'web' },
  })
})

test('it is a warning while a node breaches conntrack-usage, and says what Local needs', () => {
  const finding = only(findings([calm, busy], [service('web', { type: 'NodePort' })]))
  expect(finding).toMatchObject({
    status: 'warning',
    summary:
      'NodePort with externalTrafficPolicy Cluster: traffic may cross nodes and take entries on both; ' +
      '1 node breaches conntrack-usage',
  })
  expect(finding.advice).toContain('a ready pod on every node that takes it')
  expect(finding.advice).toContain('fix: service-policy with services: default/web.')
})

test('every service with policy Cluster has its finding, by name', () => {
  const services = [
    service('web'),
    service('api', { namespace: 'z' }),
    service('db', { policy: 'Local' }),
    service('api'),
  ]
  const found = findings([busy], services).map((finding) => finding.subject)
  expect(found).toEqual([
    { kind: 'service', namespace: 'default', name: 'api' },
    { kind: 'service', namespace: 'default', name: 'web' },
    { kind: 'service', namespace: 'z', name: 'api' },
  ])
})

test('without such a service there is nothing to cross nodes', () => {
  expect(only(findings([busy], [service('web', { policy: 'Local' })]))).toMatchObject({
    status: 'ok',
    subject: { kind: 'cluster' },
    summary: 'no service takes outside traffic across nodes (1 LoadBalancer or NodePort service)',
  })
})

test('services that could not be listed are unknown, which decides nothing', () => {
  const found = servicePolicy.make(input([busy], {}, { services: unknown('services list: forbidden') }))
  expect(only(found)).toMatchObject({
    status: 'unknown',
    summary: 'services: services list: forbidden',
    decides: false,
  })
})
