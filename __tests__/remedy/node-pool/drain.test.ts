import { afterEach, describe, expect, test } from '@jest/globals'
import type { KubeNode, KubeObject, RecordedRequest } from '../../aks/aks.ts'
import { busyNode, outcomes, type PoolBed, type PoolFixOptions, startPoolBed } from './bed.ts'
import { barePod, lowestServing, served, serving, type WebOptions, web } from './workloads.ts'

let bed: PoolBed

async function start(workload: WebOptions = {}): Promise<void> {
  bed = await startPoolBed({ nodes: [busyNode('np1', 0), busyNode('np1', 1)], objects: web(workload) })
  await served(bed.aks, workload.replicas)
}

afterEach(async () => {
  await bed.pools.idle()
  expect(bed.pools.problems).toEqual([])
  expect(bed.pools.deletions.flatMap(({ lost }) => lost)).toEqual([])
  await bed.stop()
})

const replace = (options: PoolFixOptions = {}) => bed.fix({ strategy: 'replace', ...options })
const deletions = () => bed.azure.calls.filter(({ method }) => method === 'DELETE')

/** Does something once, when the first pod has been evicted. */
function atFirstEviction(act: () => void): void {
  let done = false
  bed.aks.events.on('response', ({ path, status }: RecordedRequest) => {
    if (done || !path.endsWith('/eviction') || status !== 201) return
    done = true
    act()
  })
}

/** A Deployment whose only pod fits nowhere but on the pool that is drained. */
function tiedDeployment(): KubeObject {
  const [, deployment] = web({ replicas: 1, spec: { nodeSelector: { agentpool: 'np1' } } })
  return { ...deployment, metadata: { name: 'late', namespace: 'shop' } } as KubeObject
}

describe('while a pool is drained', () => {
  test('nothing is evicted and nothing deleted as long as a pod waits for a place', async () => {
    await start()
    let evictions = 0
    atFirstEviction(() => void bed.aks.store.create('deployments.apps', tiedDeployment()))
    bed.aks.events.on('response', ({ path, status }) => {
      if (path.endsWith('/eviction') && status === 201) evictions += 1
    })
    const { record } = await replace({ drainTimeoutMinutes: 2 })
    expect(record.unachieved.join()).toMatch(/pods wait for a place: shop\/late-/)
    expect(deletions()).toEqual([])
    expect(evictions).toBeLessThanOrEqual(2)
    expect(bed.pool('np1')).toBeDefined()
    expect(bed.pool('np1b')).toBeDefined()
  })

  test('a pod without a controller that comes later stops it', async () => {
    await start()
    atFirstEviction(
      () => void bed.aks.store.create('pods', barePod('late', 'aks-np1-31415926-vmss000001') as never),
    )
    const { record } = await replace()
    expect(record.unachieved.join()).toContain(
      'no controller would make these pods anew elsewhere: shop/late',
    )
    expect(deletions()).toEqual([])
  })

  test('a node that the autoscaler adds to it is cordoned and drained too', async () => {
    await start()
    let scaled: Promise<void> | undefined
    atFirstEviction(() => {
      scaled = bed.pools.scale('np1', 3)
    })
    const { record } = await replace({ onSleep: () => scaled })
    expect(outcomes(record.changes)).toMatchObject({ 'np1 pool': ['changed', 'np1', 'np1b'] })
    const cordons = bed.aks.requests.filter(
      ({ method, path }) => method === 'PATCH' && path.includes('/nodes/'),
    )
    expect(cordons).toHaveLength(3)
  })

  test('a pod that comes back to cordoned nodes is not evicted without end, and named', async () => {
    await start()
    const [, deployment] = web({
      replicas: 1,
      spec: { tolerations: [{ operator: 'Exists', effect: 'NoSchedule' }] },
    })
    const selector = { matchLabels: { app: 'agent' } }
    const { template } = (deployment as unknown as { spec: { template: object } }).spec
    bed.aks.store.create('deployments.apps', {
      ...deployment,
      metadata: { name: 'agent', namespace: 'shop' },
      spec: { replicas: 1, selector, template: { ...template, metadata: { labels: { app: 'agent' } } } },
    } as unknown as KubeObject)
    // The old nodes are the emptier ones all the time.
    const busy = web({ replicas: 12, spec: { nodeSelector: { agentpool: 'np1b' } } })[1]
    bed.aks.store.create('deployments.apps', {
      ...busy,
      metadata: { name: 'busy', namespace: 'other' },
    } as KubeObject)
    let evictions = 0
    bed.aks.events.on('response', ({ path, status }) => {
      if (path.includes('/agent-') && path.endsWith('/eviction') && status === 201) evictions += 1
    })
    const { record } = await replace({ drainTimeoutMinutes: 30 })
    expect(record.unachieved.join()).toMatch(/tolerate the cordon and come back to .*: shop\/agent-/)
    expect(evictions).toBeLessThan(20)
    expect(deletions()).toEqual([])
  })

  test('a node that goes as it is cordoned stops nothing', async () => {
    await start()
    bed.aks.misbehave({
      match: { method: 'PATCH', path: /\/nodes\/aks-np1-/, times: 1 },
      do: { status: 404, body: { kind: 'Status', status: 'Failure', code: 404, reason: 'NotFound' } },
    })
    const { record } = await replace()
    expect(outcomes(record.changes)).toMatchObject({ 'np1 pool': ['changed', 'np1', 'np1b'] })
  })

  test('the deletion is decided anew when the pool changed in between', async () => {
    await start()
    bed.pools.behaviour.beforeWrite = (method) => {
      if (method !== 'DELETE') return
      bed.pools.behaviour.beforeWrite = () => {}
      const { resources } = bed.azure.arm
      const id = `${bed.azure.clusterId}/agentPools/np1`
      resources.put(id, resources.get(id)?.body ?? {})
    }
    const { record } = await replace()
    expect(outcomes(record.changes)).toMatchObject({ 'np1 pool': ['changed', 'np1', 'np1b'] })
    expect(deletions().map(({ status }) => status)).toEqual([412, 202])
  })

  test('pods that return to it before the deletion are moved again', async () => {
    await start()
    bed.pools.behaviour.beforeWrite = (method) => {
      if (method !== 'DELETE') return
      bed.pools.behaviour.beforeWrite = () => {}
      const { resources } = bed.azure.arm
      const id = `${bed.azure.clusterId}/agentPools/np1`
      resources.put(id, resources.get(id)?.body ?? {})
      bed.aks.store.patch('nodes', '', 'aks-np1-31415926-vmss000000', { spec: { unschedulable: null } })
      bed.aks.store.patch('deployments.apps', 'shop', 'web', { spec: { replicas: 8 } })
    }
    const { record } = await replace()
    expect(outcomes(record.changes)).toMatchObject({ 'np1 pool': ['changed', 'np1', 'np1b'] })
    await served(bed.aks, 8)
  })

  test('a pod of two budgets, which cannot be evicted, is named with what the API server says', async () => {
    await start()
    const [budget] = web()
    bed.aks.store.create('poddisruptionbudgets.policy', {
      ...budget,
      metadata: { name: 'second', namespace: 'shop' },
    } as KubeObject)
    const { record } = await replace({ drainTimeoutMinutes: 2 })
    expect(record.unachieved.join()).toMatch(
      /evictions are refused: shop\/web-.*more than one PodDisruptionBudget/,
    )
    expect(deletions()).toEqual([])
  })

  test('the budget holds with as many as twelve pods and one that may be missing', async () => {
    await start({ replicas: 12 })
    const lowest = lowestServing(bed.aks)
    const { record } = await replace()
    expect(outcomes(record.changes)).toMatchObject({ 'np1 pool': ['changed', 'np1', 'np1b'] })
    expect(lowest.now()).toBeGreaterThanOrEqual(11)
    await served(bed.aks, 12)
    expect(serving(bed.aks)).toHaveLength(12)
  })

  test('nodes that people cordoned before stay as they were when it is taken back', async () => {
    await start({ minAvailable: 4 })
    bed.aks.store.patch('nodes', '', 'aks-np1-31415926-vmss000001', { spec: { unschedulable: true } })
    const { record } = await replace({ drainTimeoutMinutes: 1 })
    await bed.undo(record.changes)
    const cordoned = bed.aks.store.list<KubeNode>('nodes').filter(({ spec }) => spec.unschedulable)
    expect(cordoned.map(({ metadata }) => metadata.name)).toEqual(['aks-np1-31415926-vmss000001'])
  })
})
