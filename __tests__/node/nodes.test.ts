import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { describeNode, type KubeNode } from '../../src/node/nodes.ts'
import { bytesOf, coresOf } from '../../src/node/quantity.ts'

const recorded: KubeNode = {
  metadata: {
    name: 'aks-np1-12345678-vmss000000',
    uid: '5f0e',
    labels: {
      agentpool: 'old',
      'kubernetes.azure.com/agentpool': 'np1',
      'node.kubernetes.io/instance-type': 'Standard_D4s_v5',
    },
  },
  spec: {
    providerID: 'azure:///subscriptions/x/virtualMachines/0',
    taints: [{ key: 'CriticalAddonsOnly', value: 'true', effect: 'NoSchedule' }, { key: 'broken' }],
  },
  status: {
    capacity: { cpu: '4', memory: '16393244Ki', pods: '110' },
    conditions: [
      { type: 'MemoryPressure', status: 'False' },
      { type: 'Ready', status: 'True', reason: 'KubeletReady', lastTransitionTime: '2026-11-23T08:00:00Z' },
    ],
    addresses: [
      { type: 'Hostname', address: 'aks-np1-12345678-vmss000000' },
      { type: 'InternalIP', address: '10.224.0.4' },
    ],
    nodeInfo: {
      operatingSystem: 'linux',
      osImage: 'Ubuntu 22.04.5 LTS',
      bootID: '7d3c0a52-6b1e-4a4e-8d35-0f3a2c9b1e11',
    },
  },
}

test('a node is described by what its object says', () => {
  expect(describeNode(recorded)).toEqual({
    virtual: false,
    readiness: { status: 'True', reason: 'KubeletReady', since: '2026-11-23T08:00:00Z' },
    info: {
      name: 'aks-np1-12345678-vmss000000',
      pool: 'np1',
      os: 'linux',
      osImage: 'Ubuntu 22.04.5 LTS',
      cores: 4,
      memoryKb: 16393244,
      vmSize: 'Standard_D4s_v5',
      ready: true,
      schedulable: true,
      taints: [{ key: 'CriticalAddonsOnly', value: 'true', effect: 'NoSchedule' }],
      internalAddress: '10.224.0.4',
      bootId: '7d3c0a52-6b1e-4a4e-8d35-0f3a2c9b1e11',
      uid: '5f0e',
    },
  })
})

test('a node that says nothing is not ready, in no pool and of unknown size', () => {
  expect(describeNode({ metadata: { name: 'bare' } })).toEqual({
    virtual: false,
    readiness: { status: 'Unknown' },
    info: { name: 'bare', pool: '', os: '', ready: false, schedulable: true, taints: [] },
  })
})

test.each([
  ['agentpool', 'np2'],
  ['karpenter.sh/nodepool', 'default'],
])('the pool may stand under the label %s', (label, pool) => {
  expect(describeNode({ metadata: { name: 'n', labels: { [label]: pool } } }).info.pool).toBe(pool)
})

test.each<[string, KubeNode]>([
  ['label', { metadata: { name: 'v', labels: { type: 'virtual-kubelet' } } }],
  [
    'taint',
    {
      metadata: { name: 'v' },
      spec: { taints: [{ key: 'virtual-kubelet.io/provider', effect: 'NoSchedule' }] },
    },
  ],
  ['provider', { metadata: { name: 'v' }, spec: { providerID: 'virtual-kubelet://azure' } }],
])('a virtual node is known by its %s', (_by, node) => {
  expect(describeNode(node).virtual).toBe(true)
})

describe('a quantity', () => {
  test.each([
    ['4', 4],
    ['3920m', 3.92],
    ['0.5', 0.5],
    ['2k', 2000],
  ])('of %s CPU is %d cores', (text, cores) => {
    expect(coresOf(text)).toBeCloseTo(cores, 10)
  })

  test.each([
    ['16393244Ki', 16393244 * 1024],
    ['32Gi', 32 * 2 ** 30],
    ['34359738368', 34359738368],
    ['129e6', 129e6],
    ['64M', 64e6],
  ])('of %s memory is %d bytes', (text, bytes) => {
    expect(bytesOf(text)).toBe(bytes)
  })

  test.each([undefined, null, '', 'many', '-1', '0', '4 cores', '1e999', {}, '4Kim'])(
    'of %j is none',
    (value) => {
      expect(coresOf(value)).toBeUndefined()
    },
  )

  test('of any text is undefined or more than nothing', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const cores = coresOf(text)
        expect(cores === undefined || (Number.isFinite(cores) && cores > 0)).toBe(true)
      }),
    )
  })
})
