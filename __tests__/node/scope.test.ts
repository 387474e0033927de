import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ListedNode } from '../../src/node/nodes.ts'
import { type NodeScope, selectNodes } from '../../src/node/scope.ts'

function listed(name: string, pool: string, rest: Partial<ListedNode['info']> = {}): ListedNode {
  const info = { name, pool, os: 'linux', ready: true, schedulable: true, taints: [], ...rest }
  return { info, virtual: false, readiness: { status: 'True' } }
}

const all: NodeScope = { nodePools: [], nodes: [] }
const cluster = [listed('aks-np1-0', 'np1'), listed('aks-np1-1', 'np1'), listed('aks-np2-0', 'np2')]
const names = (nodes: { name: string }[]) => nodes.map(({ name }) => name)

describe('the scope', () => {
  test('without conditions takes in every node', () => {
    expect(names(selectNodes(cluster, all).readable)).toEqual(['aks-np1-0', 'aks-np1-1', 'aks-np2-0'])
  })

  test('takes in the nodes of the named pools', () => {
    expect(names(selectNodes(cluster, { ...all, nodePools: ['np2'] }).readable)).toEqual(['aks-np2-0'])
  })

  test('takes in the named nodes of the named pools only', () => {
    const scope = { nodePools: ['np1'], nodes: ['aks-np1-1', 'aks-np2-0'] }
    expect(names(selectNodes(cluster, scope).readable)).toEqual(['aks-np1-1'])
  })

  test('tells a named node that is in none of the named pools, as it is not checked', () => {
    const { missing } = selectNodes(cluster, { nodePools: ['np1'], nodes: ['aks-np1-1', 'aks-np2-0'] })
    expect(missing).toEqual([
      {
        kind: 'node',
        name: 'aks-np2-0',
        nearest: [],
        text: 'The node "aks-np2-0" belongs to the pool "np2", which node-pools does not name.',
      },
    ])
  })

  test('reads cordoned nodes like any other', () => {
    const cordoned = listed('c', 'np1', { schedulable: false })
    expect(names(selectNodes([cordoned], all).readable)).toEqual(['c'])
  })

  test('tells a node and a pool that do not exist, with the names that are most like them', () => {
    const { missing } = selectNodes(cluster, { nodePools: ['np1', 'mp2'], nodes: ['aks-np1-0', 'aks-np1-7'] })
    expect(missing).toEqual([
      {
        kind: 'pool',
        name: 'mp2',
        nearest: ['np2'],
        text: 'No node belongs to a pool "mp2" in this cluster; did you mean np2?',
      },
      {
        kind: 'node',
        name: 'aks-np1-7',
        nearest: ['aks-np1-0', 'aks-np1-1', 'aks-np2-0'],
        text: 'There is no node "aks-np1-7" in this cluster; did you mean aks-np1-0, aks-np1-1, aks-np2-0?',
      },
    ])
  })

  test('that matches nothing says so, and with which conditions', () => {
    expect(selectNodes(cluster, { nodePools: ['gpu'], nodes: [] }).nothing).toBe(
      'None of the 3 nodes matches node-pools "gpu". No node belongs to a pool "gpu" in this cluster.',
    )
    expect(selectNodes([], { ...all, nodeSelector: 'a=b' }).nothing).toBe('None matches node-selector "a=b".')
    expect(selectNodes([], all).nothing).toBe('The cluster has no nodes.')
  })

  test('that matches something does not say that it matches nothing', () => {
    expect(selectNodes(cluster, all)).not.toHaveProperty('nothing')
  })
})

describe('a node in the scope', () => {
  test('with Windows is out of scope', () => {
    const { readable, settled } = selectNodes([listed('w', 'win', { os: 'windows' })], all)
    expect(readable).toEqual([])
    expect(settled).toMatchObject([{ kind: 'out-of-scope', why: expect.stringContaining('Windows') }])
  })

  test('that is virtual is out of scope, ready or not', () => {
    const node: ListedNode = { ...listed('v', ''), virtual: true, readiness: { status: 'Unknown' } }
    expect(selectNodes([node], all).settled).toMatchObject([{ kind: 'out-of-scope' }])
  })

  test('that is not ready is unread, with since when and why', () => {
    const readiness = {
      status: 'False',
      reason: 'KubeletNotReady',
      message: 'PLEG is not healthy',
      since: '2026-11-23T08:00:00Z',
    } as const
    expect(selectNodes([{ ...listed('n', 'np1'), readiness }], all).settled).toMatchObject([
      { kind: 'unread', why: 'not ready since 2026-11-23T08:00:00Z: KubeletNotReady: PLEG is not healthy' },
    ])
  })

  test('whose kubelet went silent is unread', () => {
    const readiness = { status: 'Unknown', reason: 'NodeStatusUnknown' } as const
    expect(selectNodes([{ ...listed('n', 'np1'), readiness }], all).settled).toMatchObject([
      { kind: 'unread', why: 'not ready (the kubelet does not report): NodeStatusUnknown' },
    ])
  })

  test('always ends up in exactly one place', () => {
    const node = fc.record({
      os: fc.constantFrom('linux', 'windows', 'Windows', ''),
      virtual: fc.boolean(),
      status: fc.constantFrom<'True' | 'False' | 'Unknown'>('True', 'False', 'Unknown'),
      pool: fc.constantFrom('', 'np1', 'np2'),
    })
    fc.assert(
      fc.property(fc.array(node), fc.subarray(['np1', 'np2', 'np3']), (specs, nodePools) => {
        const nodes = specs.map(({ os, virtual, status, pool }, index): ListedNode => {
          return { ...listed(`n${index}`, pool, { os }), virtual, readiness: { status } }
        })
        const { readable, settled, nothing } = selectNodes(nodes, { nodePools, nodes: [] })
        const inScope = nodes.filter(({ info }) => nodePools.length === 0 || nodePools.includes(info.pool))
        const placed = [...names(readable), ...names(settled.map((result) => result.node))]
        expect(placed.sort()).toEqual(names(inScope.map(({ info }) => info)).sort())
        expect(nothing === undefined).toBe(inScope.length > 0)
      }),
    )
  })
})

test('a list of names that is out of date is told in short, and what is like them is sought for a few', () => {
  const nodes = Array.from({ length: 300 }, (_, index) => listed(`aks-np1-41288377-vmss${index}`, 'np1'))
  const stale = Array.from({ length: 400 }, (_, index) => `aks-np1-41288399-vmss${index}`)
  const { missing, nothing = '' } = selectNodes(nodes, { nodePools: [], nodes: stale })
  expect(missing).toHaveLength(400)
  expect(missing.filter(({ nearest }) => nearest.length > 0)).toHaveLength(5)
  expect(nothing).toContain('And 395 more like that.')
  expect(nothing.length).toBeLessThan(2000)
})
