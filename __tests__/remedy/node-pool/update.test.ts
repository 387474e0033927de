import { afterEach, describe, expect, test } from '@jest/globals'
import type { AksOptions } from '../../aks/aks.ts'
import { ArmRefusal } from '../../aks/azure/arm.ts'
import { expectGolden } from '../../support/golden.ts'
import {
  busyNode,
  outcomes,
  type PoolBed,
  type PoolFixed,
  type PoolFixOptions,
  planText,
  startPoolBed,
} from './bed.ts'

let bed: PoolBed
async function start(options: AksOptions = {}): Promise<PoolBed> {
  bed = await startPoolBed({ nodes: [busyNode('np1', 0), busyNode('np1', 1)], ...options })
  return bed
}
afterEach(async () => {
  expect(bed.pools.problems).toEqual([])
  await bed.stop()
})

function fixed(options: PoolFixOptions = {}): Promise<PoolFixed> {
  return bed.fix(options)
}

const wanted = { netNetfilterNfConntrackMax: 262_144, netNetfilterNfConntrackBuckets: 65_536 }

describe('node-pool with the strategy update', () => {
  test('gives the nodes what their pool has when AKS takes it, and says so', async () => {
    await start({ azure: { nodePools: { osConfigChange: 'accepted' } } })
    const told = Promise.withResolvers<void>()
    bed.pools.behaviour.beforeWork = () => told.promise
    const { record, standing, requests, lines } = await fixed({ onSleep: () => told.resolve() })
    expect(outcomes(record.changes)).toEqual({
      'np1 netNetfilterNfConntrackBuckets': ['changed', null, '65536'],
      'np1 netNetfilterNfConntrackMax': ['changed', null, '262144'],
    })
    expect(record.unachieved).toEqual([])
    expect(bed.pool('np1')).toMatchObject({ linuxOSConfig: { sysctls: wanted }, count: 2 })
    const read = standing.nodes.filter(({ kind }) => kind === 'read')
    expect(read.map(({ node }) => node.name)).toEqual([
      'aks-np1-31415926-vmss000002',
      'aks-np1-31415926-vmss000003',
    ])
    expect(standing.findings.filter(({ status }) => status === 'critical')).toEqual([])
    expect(lines.join('\n')).toMatch(/np1: InProgress, \d of \d nodes ready, \d renewed/)
    expectGolden('node-pool/update-accepted.txt', requests)
  })

  test('says both ways on, ready to paste, when AKS refuses it', async () => {
    await start()
    const { record, requests, lines } = await fixed()
    expect(outcomes(record.changes)).toEqual({
      'np1 netNetfilterNfConntrackBuckets': ['refused', null, null],
      'np1 netNetfilterNfConntrackMax': ['refused', null, null],
    })
    expect(record.unachieved.join('\n')).toContain('CustomKubeletConfigOrCustomLinuxOSConfigCanNotBeChanged')
    expect(lines.join('\n')).toContain('  node-pool-strategy: replace\n  node-pools: np1')
    expect(lines.join('\n')).toContain('  fix: daemonset\n')
    expect(bed.pool('np1')?.linuxOSConfig).toBeUndefined()
    expectGolden('node-pool/update-refused.txt', requests)
  })

  test('knows the refusal too when only the operation ends with it', async () => {
    await start({ azure: { nodePools: { osConfigChange: 'refused-later' } } })
    const { record } = await fixed()
    expect(record.changes.map(({ outcome }) => outcome)).toEqual(['refused', 'refused'])
  })

  test('waits for an operation that runs on the cluster instead of failing', async () => {
    await start({ azure: { nodePools: { osConfigChange: 'accepted' } } })
    bed.pools.behaviour.beforeWrite = () => {
      bed.pools.behaviour.beforeWrite = () => {}
      setClusterState('Updating')
    }
    let sleeps = 0
    const { record, requests } = await fixed({
      onSleep: () => {
        sleeps += 1
        if (sleeps === 4) setClusterState('Succeeded')
      },
    })
    expect(record.changes.map(({ outcome }) => outcome)).toEqual(['changed', 'changed'])
    expectGolden('node-pool/update-after-conflict.txt', requests)
  })

  test('decides anew on a pool that the autoscaler changed between the read and the write', async () => {
    await start({
      azure: {
        nodePools: { osConfigChange: 'accepted' },
        clusters: [
          {
            name: 'aks-test',
            pools: [{ name: 'np1', properties: { enableAutoScaling: true, minCount: 1, maxCount: 5 } }],
          },
        ],
      },
    })
    const scaled = Promise.withResolvers<void>()
    bed.pools.behaviour.beforeWrite = () => {
      bed.pools.behaviour.beforeWrite = () => {}
      setPool({ count: 3 })
      void bed.pools.scale('np1', 3).then(scaled.resolve, scaled.reject)
    }
    const { record, requests } = await fixed({ onSleep: () => scaled.promise })
    expect(record.changes.map(({ outcome }) => outcome)).toEqual(['changed', 'changed'])
    const puts = bed.azure.calls.filter(({ method }) => method === 'PUT')
    const bodies = puts.map(({ body }) => JSON.parse(body) as { properties: Record<string, unknown> })
    expect(bodies.map(({ properties }) => properties.count)).toEqual([2, 3])
    expect(bodies[1]?.properties).toMatchObject({ enableAutoScaling: true, minCount: 1, maxCount: 5 })
    expectGolden('node-pool/update-after-412.txt', requests)
  })

  test('sends back all that it does not know, and nothing that only AKS writes', async () => {
    const future = { upgradeStrategy: 'Rolling', networkProfile: { applicationSecurityGroups: ['asg'] } }
    await start({
      azure: {
        nodePools: { osConfigChange: 'accepted', laterProperties: ['upgradeStrategy'] },
        clusters: [
          {
            name: 'aks-test',
            pools: [
              {
                name: 'np1',
                properties: { ...future, linuxOSConfig: { swapFileSizeMB: 1500 }, tags: { team: 'shop' } },
              },
            ],
          },
        ],
      },
    })
    await fixed()
    expect(bed.pool('np1')).toMatchObject({
      ...future,
      linuxOSConfig: { swapFileSizeMB: 1500, sysctls: wanted },
      tags: { team: 'shop' },
    })
    const put = bed.azure.calls.find(({ method }) => method === 'PUT')
    expect(put?.body).not.toMatch(/nodeImageVersion|provisioningState|powerState|currentOrchestratorVersion/)
  })

  test('finds the change made when only the answer was lost', async () => {
    await start({
      nodes: [],
      azure: { nodePools: { osConfigChange: 'accepted' } },
    })
    bed.pools.behaviour.beforeWrite = () => {
      bed.pools.behaviour.beforeWrite = () => {}
      setPool({
        linuxOSConfig: { sysctls: { ...wanted, netIpv4TcpTwReuse: true, netIpv4TcpMaxTwBuckets: 1_440_000 } },
      })
      throw new ArmRefusal(503, 'ServerBusy', 'the answer was lost', { 'retry-after': '0' })
    }
    const { record } = await fixed({ nodePools: ['np1'] })
    expect(new Set(record.changes.map(({ outcome }) => outcome))).toEqual(new Set(['changed']))
  })

  test('does not believe an answer that says done while the pool says otherwise', async () => {
    await start()
    bed.azure.misbehave({ which: 'arm', method: 'PUT', times: 1, do: { status: 200 } })
    const { record } = await fixed()
    expect(record.changes.map(({ outcome }) => outcome)).toEqual(['failed', 'failed'])
    expect(record.unachieved.join()).toContain('yet the pool does not have it')
  })

  test('changes nothing and says so when it is done already', async () => {
    await start({ azure: { nodePools: { osConfigChange: 'accepted' } } })
    await fixed({ nodePools: ['np1'] })
    const { record, requests } = await fixed({ nodePools: ['np1'] })
    expect(new Set(record.changes.map(({ outcome }) => outcome))).toEqual(new Set(['skipped']))
    expect(requests).not.toMatch(/PUT/)
    expect(record.unachieved).toEqual([])
  })

  test('fails when AKS took the configuration and the nodes do not carry it', async () => {
    await start({
      azure: {
        nodePools: {
          osConfigChange: 'accepted',
          node: () => ({ sysctls: { 'net.netfilter.nf_conntrack_max': '131072' } }),
        },
      },
    })
    const { record } = await fixed()
    expect(outcomes(record.changes)).toMatchObject({
      'np1 netNetfilterNfConntrackMax': ['failed', null, '131072'],
    })
    expect(record.unachieved.join()).toContain('Azure has it, but the nodes do not carry it')
  })

  test('has nothing to verify on a pool without nodes, and does not wait for any', async () => {
    await start({
      nodes: [],
      azure: { nodePools: { osConfigChange: 'accepted' } },
    })
    const { record } = await fixed({ nodePools: ['np1'] })
    expect(new Set(record.changes.map(({ outcome }) => outcome))).toEqual(new Set(['changed']))
    expect(record.changes[0]?.why).toContain('no node to verify it on')
  })

  test('changes at most max-pools pools, the worst first, and no further one after one that fails', async () => {
    const options = { azure: { clusters: [{ name: 'aks-test', pools: [{ name: 'np1' }, { name: 'np2' }] }] } }
    await start({ ...options, nodes: [busyNode('np1', 0), busyNode('np2', 0), busyNode('np2', 1)] })
    const { record } = await fixed()
    expect(outcomes(record.changes)).toMatchObject({
      'np2 netNetfilterNfConntrackMax': ['refused', null, null],
      'np1 netNetfilterNfConntrackMax': ['skipped', null, null],
    })
    const both = await fixed({ maxPools: 2 })
    expect(both.record.changes.find(({ target }) => 'name' in target && target.name === 'np1')?.why).toBe(
      'it was not tried, as np2 went wrong',
    )
    expect(both.requests.match(/PUT/g)).toHaveLength(1)
  })

  test('plans in a dry run what it would send, and sends nothing', async () => {
    await start()
    const { record, requests } = await fixed({ dryRun: true, drainTimeoutMinutes: 30 })
    expect(requests).not.toMatch(/PUT|DELETE|POST/)
    const [plan] = record.plans
    expect(plan?.notes.join('\n\n')).toContain(
      'The change of np1:\n    "linuxOSConfig": {\n      "sysctls": {\n+       "netNetfilter',
    )
    expectGolden('node-pool/update-plan.txt', `${planText(plan)}\n`)
  })
})

function setClusterState(provisioningState: string): void {
  const { resources } = bed.azure.arm
  const cluster = resources.get(bed.azure.clusterId)
  const properties = { ...(cluster?.body.properties as object), provisioningState }
  resources.put(bed.azure.clusterId, { ...cluster?.body, properties })
}

function setPool(more: Record<string, unknown>): void {
  const { resources } = bed.azure.arm
  const id = `${bed.azure.clusterId}/agentPools/np1`
  const present = resources.get(id)
  resources.put(id, { ...present?.body, properties: { ...(present?.body.properties as object), ...more } })
}
