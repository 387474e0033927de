import { describe, expect, test } from '@jest/globals'
import type { ClusterNode } from '../../src/remedy/cluster-nodes.ts'
import { type EndpointSlice, entryNodes, nodesWithoutEndpoint } from '../../src/remedy/endpoints.ts'

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number]

function slice(...endpoints: Endpoint[]): EndpointSlice {
  return { metadata: { name: 'web-1' }, endpoints }
}

function node(name: string, labels: Record<string, string> = {}, unschedulable = false): ClusterNode {
  return { metadata: { name, labels }, spec: unschedulable ? { unschedulable } : {} }
}

describe('nodes without a ready endpoint', () => {
  test('are those on which no endpoint of any slice is ready', () => {
    const slices = [
      slice({ nodeName: 'a', conditions: { ready: true } }, { nodeName: 'b', conditions: { ready: false } }),
      slice({ nodeName: 'c', conditions: { ready: true } }),
    ]
    expect(nodesWithoutEndpoint(['a', 'b', 'c', 'd'], slices)).toEqual(['b', 'd'])
  })

  test('an endpoint whose readiness is not told counts as ready, as the API says', () => {
    expect(
      nodesWithoutEndpoint(['a', 'b'], [slice({ nodeName: 'a' }, { nodeName: 'b', conditions: {} })]),
    ).toEqual([])
  })

  test('an endpoint without a node serves none', () => {
    expect(nodesWithoutEndpoint(['a'], [slice({ conditions: { ready: true } })])).toEqual(['a'])
  })

  test('are all when there is no slice, or none with endpoints', () => {
    expect(nodesWithoutEndpoint(['a', 'b'], [])).toEqual(['a', 'b'])
    expect(nodesWithoutEndpoint(['a'], [{ metadata: { name: 'web-1' }, endpoints: null }])).toEqual(['a'])
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
