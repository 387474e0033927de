import { describe, expect, test } from '@jest/globals'
import type { ClusterNode } from '../../src/remedy/cluster-nodes.ts'
import { type EndpointSlice, entryNodes, nodesWithoutEndpoint } from '../../src/remedy/endpoints.ts'

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number]

/** A slice of the one port of a service that has no name for it, as the endpoint controller makes it. */
function slice(...endpoints: Endpoint[]): EndpointSlice {
  return {
    metadata: { name: 'web-1' },
    addressType: 'IPv4',
    ports: [{ name: '', protocol: 'TCP' }],
    endpoints,
  }
}

const web = { ipFamilies: ['IPv4'], ports: [{}] }

function node(name: string, labels: Record<string, string> = {}, unschedulable = false): ClusterNode {
  return { metadata: { name, labels }, spec: unschedulable ? { unschedulable } : {} }
}

describe('nodes without a ready endpoint', () => {
  test('are those on which no endpoint of any slice is ready', () => {
    const slices = [
      slice({ nodeName: 'a', conditions: { ready: true } }, { nodeName: 'b', conditions: { ready: false } }),
      slice({ nodeName: 'c', conditions: { ready: true } }),
    ]
    expect(nodesWithoutEndpoint(['a', 'b', 'c', 'd'], web, slices)).toEqual(['b', 'd'])
  })

  test('an endpoint whose readiness is not told counts as ready, as the API says', () => {
    expect(
      nodesWithoutEndpoint(['a', 'b'], web, [slice({ nodeName: 'a' }, { nodeName: 'b', conditions: {} })]),
    ).toEqual([])
  })

  test('an endpoint without a node serves none', () => {
    expect(nodesWithoutEndpoint(['a'], web, [slice({ conditions: { ready: true } })])).toEqual(['a'])
  })

  test('are all when there is no slice, or none with endpoints', () => {
    expect(nodesWithoutEndpoint(['a', 'b'], web, [])).toEqual(['a', 'b'])
    expect(nodesWithoutEndpoint(['a'], web, [{ metadata: { name: 'web-1' }, endpoints: null }])).toEqual([
      'a',
    ])
  })

  test('of a service with several ports are those that lack an endpoint for any of them', () => {
    const ports = [
      { name: 'dns', protocol: 'UDP' },
      { name: 'dns-tcp', protocol: 'TCP' },
    ]
    const of = (nodeName: string, served: typeof ports): EndpointSlice => ({
      ...slice({ nodeName, conditions: { ready: true } }),
      ports: served,
    })
    const slices = [of('a', ports), of('b', ports.slice(0, 1)), of('c', ports.slice(1)), of('d', [])]
    const dns = { ipFamilies: ['IPv4'], ports }
    expect(nodesWithoutEndpoint(['a', 'b', 'c', 'd'], dns, slices)).toEqual(['b', 'c', 'd'])
  })

  test('of a service of both families are those that lack an endpoint of one of them', () => {
    const ready = (nodeName: string) => ({ nodeName, conditions: { ready: true } })
    const slices = [slice(ready('a'), ready('b')), { ...slice(ready('a')), addressType: 'IPv6' }]
    const both = { ...web, ipFamilies: ['IPv4', 'IPv6'] }
    expect(nodesWithoutEndpoint(['a', 'b'], both, slices)).toEqual(['b'])
  })
})

describe('nodes through which traffic enters', () => {
  const nodes = [
    node('plain'),
    node('cordoned', {}, true),
    node('virtual', { type: 'virtual-kubelet' }),
    node('kept-out', { 'node.kubernetes.io/exclude-from-external-load-balancers': '' }),
  ]

  test('of a load balancer are the schedulable ones that are not kept out of it', () => {
    expect(entryNodes(nodes, 'LoadBalancer')).toEqual(['plain'])
  })

  test('of a node port are those that are kept out of load balancers too', () => {
    expect(entryNodes(nodes, 'NodePort')).toEqual(['plain', 'kept-out'])
  })
})
