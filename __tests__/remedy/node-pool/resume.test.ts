import { afterEach, describe, expect, test } from '@jest/globals'
import type { KubeNode, NodeSpec, RecordedRequest } from '../../aks/aks.ts'
import { expectGolden } from '../../support/golden.ts'
import { busyNode, outcomes, type PoolBed, type PoolFixed, type PoolFixOptions, startPoolBed } from './bed.ts'
import { lowestServing, served, serving, web } from './workloads.ts'

let bed: PoolBed
let lowest: { now(): number }

async function start(pools = [{ name: 'np1' }], more: NodeSpec[] = []): Promise<void> {
  bed = await startPoolBed({
    nodes: [busyNode('np1', 0), busyNode('np1', 1), ...more],
    objects: web(),
    azure: { clusters: [{ name: 'aks-test', pools }] },
  })
  await served(bed.aks)
  lowest = lowestServing(bed.aks)
}

afterEach(async () => {
  await bed.pools.idle()
  expect(bed.pools.problems).toEqual([])
  expect(bed.pools.deletions.flatMap(({ lost }) => lost)).toEqual([])
  await bed.stop()
})

const replace = (options: PoolFixOptions = {}) => bed.fix({ strategy: 'replace', ...options })
const nodesOf = (pool: string) =>
  bed.aks.store.list<KubeNode>('nodes').filter(({ metadata }) => metadata.labels?.agentpool === pool)

/** A run that ends at a moment that the caller arranges, as a job that is cancelled or lost. */
async function killed(arrange: (kill: () => void) => void, options: PoolFixOptions = {}): Promise<PoolFixed> {
  const controller = new AbortController()
  arrange(() => controller.abort(new Error('the job was lost')))
  const result = await replace({ signal: controller.signal, ...options })
  expect(result.record.interrupted).toBe(true)
  // Azure goes on with what it has begun.
  await bed.pools.idle()
  return result
}

/** Kills at the n-th request to the API server that is meant. */
const atRequest =
  (is: (request: RecordedRequest) => boolean, nth = 1) =>
  (kill: () => void) => {
    let seen = 0
    bed.aks.events.on('response', (request) => {
      if (is(request) && ++seen === nth) kill()
    })
  }
const isEviction = ({ path, status }: RecordedRequest) => path.endsWith('/eviction') && status === 201
const isCordon = ({ method, path }: RecordedRequest) =>
  method === 'PATCH' && path.startsWith('/api/v1/nodes/')
const isAudit = ({ method, path }: RecordedRequest) =>
  method === 'POST' && path === '/api/v1/namespaces/kube-system/pods' && nodesOf('np1b').length > 0

const moments: [string, (kill: () => void) => void][] = [
  [
    'the successor is being made',
    (kill) => {
      bed.pools.behaviour.beforeWork = async (method) => {
        if (method === 'PUT') kill()
      }
    },
  ],
  ['the nodes of the successor are read', atRequest(isAudit)],
  ['the first node is cordoned', atRequest(isCordon)],
  ['both nodes are cordoned', atRequest(isCordon, 2)],
  ['the first pod is evicted', atRequest(isEviction)],
  ['half of the pods are evicted', atRequest(isEviction, 2)],
  ['the last pod is evicted', atRequest(isEviction, 4)],
  [
    'the old pool is being deleted',
    (kill) => {
      bed.pools.behaviour.beforeWork = async (method) => {
        if (method === 'DELETE') kill()
      }
    },
  ],
]

describe('a replacement that was killed', () => {
  test.each(moments)('while %s is gone on with by the next run', async (moment, arrange) => {
    await start()
    const first = await killed(arrange, { nodePools: ['np1'] })
    expect(outcomes(first.record.changes)['np1 pool']?.[0]).toBe('unproven')
    const { record, requests } = await replace({ nodePools: ['np1'] })
    expect(bed.pool('np1')).toBeUndefined()
    expect(bed.pool('np1b')).toMatchObject({ provisioningState: 'Succeeded', count: 2 })
    expect(record.unachieved).toEqual([])
    expect(bed.azure.calls.filter(({ method }) => method === 'PUT')).toHaveLength(1)
    expect(lowest.now()).toBeGreaterThanOrEqual(3)
    await served(bed.aks)
    expect(new Set(serving(bed.aks).map(({ spec }) => spec.nodeName?.split('-')[1]))).toEqual(
      new Set(['np1b']),
    )
    expectGolden(`node-pool/resume-${moment.replaceAll(' ', '-')}.txt`, requests)
  })

  test.each(['PUT', 'DELETE'])('waits for the %s that Azure is still at', async (method) => {
    await start()
    const gate = Promise.withResolvers<void>()
    const controller = new AbortController()
    bed.pools.behaviour.beforeWork = async (each) => {
      if (each !== method) return
      controller.abort(new Error('the job was lost'))
      await gate.promise
    }
    await replace({ signal: controller.signal, nodePools: ['np1'] })
    expect(bed.pool(method === 'PUT' ? 'np1b' : 'np1')?.provisioningState).toMatch(/Creating|Deleting/)
    const { record } = await replace({ nodePools: ['np1'], onSleep: () => gate.resolve() })
    expect(outcomes(record.changes)).toMatchObject({ 'np1 pool': ['changed', 'np1', 'np1b'] })
    expect(record.unachieved).toEqual([])
    expect(bed.pool('np1')).toBeUndefined()
  })

  test('is gone on with though the drained nodes breach nothing any more', async () => {
    await start()
    await killed(atRequest(isEviction))
    for (const { metadata } of nodesOf('np1')) await bed.aks.node(metadata.name).setConntrackCount(10)
    const { record } = await replace()
    expect(outcomes(record.changes)).toMatchObject({ 'np1 pool': ['changed', 'np1', 'np1b'] })
  })

  test('is neither taken for done nor gone on with by the strategy update', async () => {
    await start()
    await killed(atRequest(isEviction))
    const { record } = await bed.fix({ strategy: 'update' })
    expect(record.unachieved.join()).toContain('its replacement by np1b has begun')
  })

  test('is finished with the values that the successor has, and what it lacks is said', async () => {
    await start()
    await killed(atRequest(isCordon))
    const { record } = await replace({ wanted: { conntrackMax: 524_288, twReuse: 1, maxTwBuckets: 8000 } })
    expect(outcomes(record.changes)).toMatchObject({
      'np1 pool': ['changed', 'np1', 'np1b'],
      'np1 netNetfilterNfConntrackMax': ['refused', null, null],
    })
    expect(record.unachieved.join()).toContain('np1b, which replaces the pool, was made without it')
    expect(bed.pool('np1')).toBeUndefined()
  })

  test('counts for max-pools before any other pool, be that worse', async () => {
    const worse = [0, 1, 2].map((index) => busyNode('np0', index))
    await start([{ name: 'np0' }, { name: 'np1' }], worse)
    await killed(
      (kill) => {
        bed.pools.behaviour.beforeWork = async () => kill()
      },
      { nodePools: ['np1'] },
    )
    const { record } = await replace()
    expect(outcomes(record.changes)).toMatchObject({
      'np1 pool': ['changed', 'np1', 'np1b'],
      'np0 netNetfilterNfConntrackMax': ['skipped', null, null],
    })
    expect(bed.pool('np0')).toBeDefined()
  })

  test('lets pods on a successor that was being removed when it is found in order', async () => {
    await start()
    await killed(atRequest(isAudit))
    for (const { metadata } of nodesOf('np1b')) {
      bed.aks.store.patch('nodes', '', metadata.name, {
        metadata: { annotations: { 'aks-connection-health/cordoned-for': 'np1b' } },
        spec: { unschedulable: true },
      })
    }
    const { record } = await replace({ drainTimeoutMinutes: 2 })
    expect(outcomes(record.changes)).toMatchObject({ 'np1 pool': ['changed', 'np1', 'np1b'] })
    await served(bed.aks)
  })

  test('starts anew when its successor failed and nothing runs on it', async () => {
    await start()
    bed.pools.behaviour.creationFails = { code: 'AllocationFailed', message: 'no capacity' }
    await killed((kill) => {
      bed.pools.behaviour.beforeWork = async () => kill()
    })
    expect(bed.pool('np1b')).toMatchObject({ provisioningState: 'Failed' })
    bed.pools.behaviour = Object.assign(bed.pools.behaviour, {
      creationFails: undefined,
      beforeWork: undefined,
    })
    const { record } = await replace()
    expect(outcomes(record.changes)).toMatchObject({ 'np1 pool': ['changed', 'np1', 'np1b'] })
    expect(bed.pool('np1')).toBeUndefined()
  })
})

describe('a pool that was made again under the name of one that was replaced', () => {
  test('is not drained because of an old tag', async () => {
    await start()
    await replace()
    // Somebody makes np1 again; the tags of np1b still say that it replaces np1.
    const { resources } = bed.azure.arm
    const id = `${bed.azure.clusterId}/agentPools/np1`
    resources.put(id, {
      id,
      name: 'np1',
      properties: {
        count: 1,
        mode: 'User',
        osType: 'Linux',
        vmSize: 'Standard_D4s_v5',
        provisioningState: 'Succeeded',
      },
    })
    await bed.aks.addNode(busyNode('np1', 0, { conntrackCount: 10 }))
    const { record, requests } = await replace()
    expect(record.changes).toEqual([])
    expect(record.plans[0]?.notes.join()).toContain('the present np1 is another one')
    expect(requests).not.toMatch(/PUT|DELETE|cordon/)
    expect(nodesOf('np1').filter(({ spec }) => spec.unschedulable)).toEqual([])
  })
})
