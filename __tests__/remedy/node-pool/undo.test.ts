import { afterEach, describe, expect, test } from '@jest/globals'
import type { KubeNode } from '../../aks/aks.ts'
import type { PoolBehaviour } from '../../aks/azure/agent-pools.ts'
import { busyNode, outcomes, type PoolBed, startPoolBed } from './bed.ts'
import { lowestServing, served, serving, web } from './workloads.ts'

let bed: PoolBed

async function start(nodePools: PoolBehaviour = {}, minAvailable = 3): Promise<void> {
  bed = await startPoolBed({
    nodes: [busyNode('np1', 0), busyNode('np1', 1)],
    objects: web({ minAvailable }),
    azure: {
      nodePools,
      clusters: [
        {
          name: 'aks-test',
          pools: [{ name: 'np1', properties: { linuxOSConfig: { sysctls: { vmSwappiness: 10 } } } }],
        },
      ],
    },
  })
  await served(bed.aks)
}

afterEach(async () => {
  await bed.pools.idle()
  expect(bed.pools.problems).toEqual([])
  expect(bed.pools.deletions.flatMap(({ lost }) => lost)).toEqual([])
  await bed.stop()
})

const nodesOf = (pool: string) =>
  bed.aks.store.list<KubeNode>('nodes').filter(({ metadata }) => metadata.labels?.agentpool === pool)
const cordoned = (pool: string) => nodesOf(pool).filter(({ spec }) => spec.unschedulable)
const writes = () => bed.azure.calls.filter(({ method }) => method === 'PUT' || method === 'DELETE')

describe('undoing an update', () => {
  test('takes out what was put in, and leaves the rest', async () => {
    await start({ osConfigChange: 'accepted' })
    const { record } = await bed.fix()
    expect(bed.pool('np1')).toMatchObject({
      linuxOSConfig: { sysctls: { netNetfilterNfConntrackMax: 262_144 } },
    })
    const { changes } = await bed.undo(record.changes)
    expect(bed.pool('np1')?.linuxOSConfig).toEqual({ sysctls: { vmSwappiness: 10 } })
    expect(outcomes(changes)).toEqual({
      'np1 netNetfilterNfConntrackBuckets': ['changed', '65536', null],
      'np1 netNetfilterNfConntrackMax': ['changed', '262144', null],
    })
  })

  test('leaves what somebody changed since', async () => {
    await start({ osConfigChange: 'accepted' })
    const { record } = await bed.fix()
    await bed.fix({ wanted: { conntrackMax: 524_288, twReuse: 1, maxTwBuckets: 8000 }, scope: 'all' })
    const before = writes().length
    const { changes } = await bed.undo(record.changes)
    expect(changes.map(({ outcome, why }) => [outcome, why])).toEqual([
      ['skipped', 'somebody changed it since the fix'],
      ['skipped', 'somebody changed it since the fix'],
    ])
    expect(writes()).toHaveLength(before)
  })

  test('says so when AKS does not let it be changed', async () => {
    await start({ osConfigChange: 'accepted' })
    const { record } = await bed.fix()
    bed.pools.behaviour.osConfigChange = 'refused'
    const { changes } = await bed.undo(record.changes)
    expect(new Set(changes.map(({ outcome }) => outcome))).toEqual(new Set(['refused']))
  })

  test('takes back what an operation that failed left in the pool', async () => {
    await start({ osConfigChange: 'accepted' })
    bed.pools.behaviour.beforeWork = () => Promise.reject(new Error('no capacity'))
    const { record } = await bed.fix()
    expect(outcomes(record.changes)).toMatchObject({
      'np1 netNetfilterNfConntrackMax': ['failed', null, '262144'],
    })
    bed.pools.behaviour.beforeWork = async () => {}
    const restored = await bed.restore(record)
    expect(restored.record.unachieved).toEqual([])
    expect(bed.pool('np1')?.linuxOSConfig).toEqual({ sysctls: { vmSwappiness: 10 } })
  })

  test.each([
    ['netIpv4TcpTwReuse', 'false'],
    ['netIpv4TcpMaxTwBuckets', '1'],
    ['allowedUnsafeSysctls', 'kernel.core_pattern'],
  ])('never sends a %s of %s that a report asks for', async (setting, before) => {
    await start({ osConfigChange: 'accepted' })
    const { record } = await bed.fix({ nodePools: ['np1'], allowedUnsafeSysctls: ['net.*'] })
    const [change] = record.changes.filter((each) => each.setting === setting)
    if (change === undefined) throw new Error(`${setting} was not changed`)
    const sent = writes().length
    const restored = await bed.restore({ ...record, changes: [{ ...change, before }] })
    expect(restored.record.unachieved.join()).toContain('it is no value that AKS takes')
    expect(writes()).toHaveLength(sent)
  })
})

describe('undoing a replacement', () => {
  test('that is half done lets pods on the old nodes again, and drains and deletes the successor', async () => {
    await start()
    const controller = new AbortController()
    let evictions = 0
    bed.aks.events.on('response', ({ path, status }) => {
      if (path.endsWith('/eviction') && status === 201 && ++evictions === 2)
        controller.abort(new Error('lost'))
    })
    const { record } = await bed.fix({ strategy: 'replace', signal: controller.signal })
    await served(bed.aks)
    expect(cordoned('np1')).toHaveLength(2)
    const lowest = lowestServing(bed.aks)
    const { changes } = await bed.undo(record.changes)
    expect(outcomes(changes)).toEqual({ 'np1 pool': ['changed', 'np1 np1b', 'np1'] })
    expect(bed.pool('np1b')).toBeUndefined()
    expect(cordoned('np1')).toEqual([])
    expect(lowest.now()).toBeGreaterThanOrEqual(3)
    await served(bed.aks)
    expect(new Set(serving(bed.aks).map(({ spec }) => spec.nodeName?.split('-')[1]))).toEqual(
      new Set(['np1']),
    )
  })

  test('that a budget blocked finds both pools by what the report says', async () => {
    await start({}, 4)
    const { record } = await bed.fix({ strategy: 'replace', drainTimeoutMinutes: 1 })
    const { changes } = await bed.undo(record.changes)
    expect(outcomes(changes)).toEqual({ 'np1 pool': ['changed', 'np1 np1b', 'np1'] })
    expect(bed.pool('np1b')).toBeUndefined()
    expect(cordoned('np1')).toEqual([])
    expect(serving(bed.aks)).toHaveLength(4)
  })

  test('works by fix: restore with the report of the run', async () => {
    await start({}, 4)
    const { record } = await bed.fix({ strategy: 'replace', drainTimeoutMinutes: 1 })
    const restored = await bed.restore(record)
    expect(outcomes(restored.record.changes)).toEqual({ 'np1 pool': ['changed', 'np1 np1b', 'np1'] })
    expect(restored.record.unachieved).toEqual([])
    expect(bed.pool('np1b')).toBeUndefined()
    expect(cordoned('np1')).toEqual([])
  })

  test('by fix: restore makes the old pool again once the replacement is done', async () => {
    await start()
    const { record } = await bed.fix({ strategy: 'replace' })
    const restored = await bed.restore(record)
    expect(restored.record.unachieved).toEqual([])
    expect(bed.pool('np1')?.linuxOSConfig).toEqual({ sysctls: { vmSwappiness: 10 } })
    expect(bed.pool('np1b')).toBeUndefined()
  })

  test('that is done makes the old pool again with the configuration that it had', async () => {
    await start()
    const { record } = await bed.fix({ strategy: 'replace' })
    const lowest = lowestServing(bed.aks)
    const { changes } = await bed.undo(record.changes)
    expect(outcomes(changes)).toEqual({
      'np1 netNetfilterNfConntrackBuckets': ['changed', '65536', null],
      'np1 netNetfilterNfConntrackMax': ['changed', '262144', null],
      'np1 pool': ['changed', 'np1b', 'np1'],
    })
    expect(bed.pool('np1b')).toBeUndefined()
    expect(bed.pool('np1')).toMatchObject({ linuxOSConfig: { sysctls: { vmSwappiness: 10 } }, count: 2 })
    expect(bed.pool('np1')?.linuxOSConfig).toEqual({ sysctls: { vmSwappiness: 10 } })
    expect(lowest.now()).toBeGreaterThanOrEqual(3)
  })

  test('that was killed as it made the old pool again is gone on with', async () => {
    await start()
    const { record } = await bed.fix({ strategy: 'replace' })
    await served(bed.aks)
    const controller = new AbortController()
    bed.aks.events.on('response', ({ path, status }) => {
      if (path.endsWith('/eviction') && status === 201) controller.abort(new Error('lost'))
    })
    await expect(bed.undo(record.changes, { signal: controller.signal })).rejects.toThrow('lost')
    await bed.pools.idle()
    expect(bed.pool('np1b')).toBeDefined()
    const { changes } = await bed.undo(record.changes)
    expect(outcomes(changes)).toMatchObject({ 'np1 pool': ['changed', 'np1b', 'np1'] })
    expect(bed.pool('np1b')).toBeUndefined()
    expect(cordoned('np1')).toEqual([])
  })

  test('whose successor is gone lets pods on the old nodes again', async () => {
    await start({}, 4)
    const { record } = await bed.fix({ strategy: 'replace', drainTimeoutMinutes: 1 })
    for (const { metadata } of nodesOf('np1b')) await bed.aks.removeNode(metadata.name)
    bed.azure.arm.resources.delete(`${bed.azure.clusterId}/agentPools/np1b`)
    const { changes } = await bed.undo(record.changes)
    expect(outcomes(changes)).toEqual({ 'np1 pool': ['changed', 'np1', 'np1'] })
    expect(cordoned('np1')).toEqual([])
  })

  test('leaves a pool alone that only has the name of the successor', async () => {
    await start()
    const { record } = await bed.fix({ strategy: 'replace' })
    const { resources } = bed.azure.arm
    const id = `${bed.azure.clusterId}/agentPools/np1b`
    const present = resources.get(id)
    const properties = { ...(present?.body.properties as object), tags: { team: 'shop' } }
    resources.put(id, { ...present?.body, properties })
    const before = writes().length
    const { changes } = await bed.undo(record.changes)
    expect(changes.map(({ outcome, why }) => [outcome, why])).toEqual([
      ['refused', 'neither np1 nor np1b is there'],
    ])
    expect(writes()).toHaveLength(before)
  })
})
