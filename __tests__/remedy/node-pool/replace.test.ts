import { afterEach, describe, expect, test } from '@jest/globals'
import type { AksOptions, KubeNode } from '../../aks/aks.ts'
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
import { barePod, lowestServing, served, serving, type WebOptions, web } from './workloads.ts'

let bed: PoolBed

async function start(workload: WebOptions | null = {}, options: AksOptions = {}): Promise<PoolBed> {
  bed = await startPoolBed({
    nodes: [busyNode('np1', 0), busyNode('np1', 1)],
    objects: workload === null ? [] : web(workload),
    ...options,
  })
  if (workload !== null) await served(bed.aks, workload.replicas)
  return bed
}

afterEach(async () => {
  await bed.pools.idle()
  expect(bed.pools.problems).toEqual([])
  expect(bed.pools.deletions.flatMap(({ lost }) => lost)).toEqual([])
  await bed.stop()
})

function fixed(options: PoolFixOptions = {}): Promise<PoolFixed> {
  return bed.fix({ strategy: 'replace', ...options })
}

const nodes = () => bed.aks.store.list<KubeNode>('nodes')
const nodesOf = (pool: string) => nodes().filter(({ metadata }) => metadata.labels?.agentpool === pool)
const puts = () => bed.azure.calls.filter(({ method }) => method === 'PUT')
const changing = () => bed.azure.calls.filter(({ method }) => method === 'PUT' || method === 'DELETE')

describe('node-pool with the strategy replace', () => {
  test('moves everything to a pool of the same shape within the budget, and deletes the old one', async () => {
    await start()
    const lowest = lowestServing(bed.aks)
    const { record, standing, requests, lines } = await fixed()
    expect(outcomes(record.changes)).toEqual({
      'np1 netNetfilterNfConntrackBuckets': ['changed', null, '65536'],
      'np1 netNetfilterNfConntrackMax': ['changed', null, '262144'],
      'np1 pool': ['changed', 'np1', 'np1b'],
    })
    expect(record.unachieved).toEqual([])
    expect(bed.pool('np1')).toBeUndefined()
    expect(bed.pool('np1b')).toMatchObject({ mode: 'System', count: 2, provisioningState: 'Succeeded' })
    expect(lowest.now()).toBeGreaterThanOrEqual(3)
    await served(bed.aks)
    expect(new Set(serving(bed.aks).map(({ spec }) => spec.nodeName?.split('-')[1]))).toEqual(
      new Set(['np1b']),
    )
    expect(standing.findings.filter(({ status }) => status === 'critical' || status === 'unknown')).toEqual(
      [],
    )
    expect(standing.nodes.filter(({ kind }) => kind === 'read').map(({ node }) => node.pool)).toEqual([
      'np1b',
      'np1b',
    ])
    expect(lines.join('\n')).toContain(
      'np1: cordoned aks-np1-31415926-vmss000000, aks-np1-31415926-vmss000001',
    )
    expectGolden('node-pool/replace.txt', requests)
  })

  test('gives the successor everything that the pool has, and its own tags', async () => {
    const properties = {
      nodeLabels: { tier: 'web' },
      nodeTaints: ['tier=web:NoSchedule'],
      availabilityZones: ['1', '2'],
      enableAutoScaling: true,
      minCount: 1,
      maxCount: 5,
      maxPods: 60,
      vnetSubnetID:
        '/subscriptions/s/resourceGroups/rg-shop/providers/Microsoft.Network/virtualNetworks/v/subnets/n',
      mode: 'User',
      tags: { team: 'shop' },
      linuxOSConfig: { swapFileSizeMB: 1500, sysctls: { netCoreSomaxconn: 32_768 } },
      upgradeSettings: { maxSurge: '33%', drainTimeoutInMinutes: 45 },
    }
    await start(null, {
      azure: { clusters: [{ name: 'aks-test', pools: [{ name: 'np1', properties }] }] },
    })
    await fixed({ linuxOsSysctls: '{"netCoreSomaxconn": 16384, "netIpv4IpLocalPortRange": "16384 60999"}' })
    const { provisioningState: _state, nodeImageVersion: _image, ...made } = bed.pool('np1b') ?? {}
    expect(made).toMatchObject({
      ...properties,
      tags: { team: 'shop', 'aks-connection-health-replaces': 'np1' },
      linuxOSConfig: {
        swapFileSizeMB: 1500,
        sysctls: {
          netCoreSomaxconn: 32_768,
          netIpv4IpLocalPortRange: '16384 60999',
          netNetfilterNfConntrackMax: 262_144,
        },
      },
    })
    expect(nodesOf('np1b')[0]?.spec.taints).toContainEqual({
      key: 'tier',
      value: 'web',
      effect: 'NoSchedule',
    })
  })

  test('stops with the budget and its pods named when draining is blocked, both pools alive', async () => {
    await start({ replicas: 4, minAvailable: 4 })
    const lowest = lowestServing(bed.aks)
    const { record, requests } = await fixed({ drainTimeoutMinutes: 1 })
    expect(outcomes(record.changes)).toMatchObject({ 'np1 pool': ['failed', 'np1', 'np1 np1b'] })
    expect(record.unachieved.join()).toMatch(
      /disruption budgets do not allow it: shop\/web \(4 healthy, 4 needed\) for the pods shop\/web-/,
    )
    expect(bed.pool('np1')).toMatchObject({ provisioningState: 'Succeeded' })
    expect(bed.pool('np1b')).toMatchObject({ provisioningState: 'Succeeded' })
    expect(lowest.now()).toBe(4)
    expect(changing().map(({ method }) => method)).toEqual(['PUT'])
    expectGolden('node-pool/replace-blocked.txt', requests)
  })

  test('removes a successor that does not come about, and leaves the old pool as it was', async () => {
    const creationFails = { code: 'AllocationFailed', message: 'no capacity', nodes: 1 }
    await start({}, { azure: { nodePools: { creationFails } } })
    const { record, requests } = await fixed()
    expect(record.unachieved.join()).toMatch(/no capacity.*np1b was removed, and nothing of np1 was touched/)
    expect(bed.pool('np1b')).toBeUndefined()
    expect(nodesOf('np1').filter(({ spec }) => spec.unschedulable)).toEqual([])
    expect(serving(bed.aks)).toHaveLength(4)
    expectGolden('node-pool/replace-failed.txt', requests)
  })

  test('removes a successor whose nodes do not carry the values', async () => {
    const node = () => ({ sysctls: { 'net.netfilter.nf_conntrack_max': '131072' } })
    // The workload keeps off the new nodes, so that nothing runs there.
    await start({}, { azure: { nodePools: { node } } })
    const { record } = await fixed()
    expect(record.unachieved.join()).toMatch(/netNetfilterNfConntrackMax of np1b: the nodes do not carry it/)
    expect(bed.pool('np1b')).toBeUndefined()
    expect(bed.pools.deletions.map(({ pool }) => pool)).toEqual(['np1b'])
  })

  test('is not done as long as Azure has the old pool, though it names no operation', async () => {
    await start()
    const route = bed.azure.arm.routes.find(({ method }) => method === 'DELETE')
    if (route === undefined) throw new Error('there is no route to delete a pool')
    const { serve } = route
    route.serve = async (call) => ({ ...(await serve(call)), headers: {} })
    const gate = Promise.withResolvers<void>()
    bed.pools.behaviour.beforeWork = async (method) => {
      if (method === 'DELETE') await gate.promise
    }
    const { record } = await fixed({
      onSleep: () => {
        if (bed.pool('np1')?.provisioningState === 'Deleting') gate.resolve()
      },
    })
    const left = bed.pool('np1')
    gate.resolve()
    expect(left).toBeUndefined()
    expect(outcomes(record.changes)).toMatchObject({ 'np1 pool': ['changed', 'np1', 'np1b'] })
  })

  test('lets pods on a successor again that could not be removed', async () => {
    const node = () => ({ sysctls: { 'net.netfilter.nf_conntrack_max': '131072' } })
    await start({}, { azure: { nodePools: { node } } })
    const route = bed.azure.arm.routes.find(({ method }) => method === 'DELETE')
    if (route === undefined) throw new Error('there is no route to delete a pool')
    route.serve = () => {
      throw new ArmRefusal(409, 'ScopeLocked', 'the scope is locked')
    }
    const { record } = await fixed()
    expect(record.unachieved.join()).toContain('the scope is locked')
    expect(nodesOf('np1b')).toHaveLength(2)
    expect(nodes().filter(({ spec }) => spec.unschedulable)).toEqual([])
  })

  test('evicts nothing while no node of the successor takes pods', async () => {
    await start()
    bed.aks.events.on('pod-created', ({ metadata, spec }) => {
      if (!metadata.labels?.['app.kubernetes.io/component'] || !spec.nodeName?.includes('np1b')) return
      for (const each of nodesOf('np1b')) {
        bed.aks.store.patch('nodes', '', each.metadata.name, { spec: { unschedulable: true } })
      }
    })
    const { record, requests } = await fixed({ drainTimeoutMinutes: 2 })
    expect(requests).not.toMatch(/eviction|cordon/)
    expect(record.unachieved.join()).toContain(
      'np1 is not drained: no node of np1b is ready and takes pods. Both pools are there, nothing of np1 was touched',
    )
  })

  test('removes a successor whose nodes do not become ready', async () => {
    await start({}, { azure: { nodePools: { node: () => ({ ready: false }) } } })
    const { record } = await fixed()
    expect(record.unachieved.join()).toMatch(/0 of 2 nodes of np1b were ready after 15 minutes/)
    expect(bed.pool('np1b')).toBeUndefined()
  })

  test('keeps a successor that does not serve as it should once pods run on it', async () => {
    const node = () => ({ sysctls: { 'net.netfilter.nf_conntrack_max': '131072' } })
    await start({}, { azure: { nodePools: { node } } })
    let scaled = false
    bed.aks.events.on('pod-created', ({ metadata, spec }) => {
      if (scaled || !metadata.labels?.['app.kubernetes.io/component'] || !spec.nodeName?.includes('np1b'))
        return
      scaled = true
      bed.aks.store.patch('deployments.apps', 'shop', 'web', { spec: { replicas: 8 } })
    })
    const { record } = await fixed()
    expect(scaled).toBe(true)
    expect(record.unachieved.join()).toContain('np1b stays, as pods run on it: shop/web-')
    expect(bed.pool('np1b')).toBeDefined()
    expect(nodesOf('np1b').filter(({ spec }) => spec.unschedulable)).toEqual([])
  })

  test('replaces a pool without nodes without draining or waiting', async () => {
    await start(null, {
      nodes: [],
      azure: {
        clusters: [
          { name: 'aks-test', pools: [{ name: 'sys' }, { name: 'np1', properties: { mode: 'User' } }] },
        ],
      },
    })
    const slept: number[] = []
    const { record } = await fixed({ nodePools: ['np1'], onSleep: (ms) => void slept.push(ms) })
    expect(outcomes(record.changes)).toMatchObject({ 'np1 pool': ['changed', 'np1', 'np1b'] })
    expect(slept.filter((ms) => ms > 1000)).toEqual([])
    expect(record.changes[0]?.why).toContain('no node to verify it on')
  })

  test('goes on with the successor that it ordered when only the answer was lost', async () => {
    await start()
    const put = bed.azure.arm.routes.find(({ method }) => method === 'PUT')
    if (put === undefined) throw new Error('there is no route to make a pool')
    const { serve } = put
    put.serve = async (call) => {
      put.serve = serve
      await serve(call)
      throw new ArmRefusal(503, 'ServerBusy', 'the answer was lost', { 'retry-after': '0' })
    }
    const { record } = await fixed()
    expect(outcomes(record.changes)).toMatchObject({ 'np1 pool': ['changed', 'np1', 'np1b'] })
    expect(puts().map(({ status }) => status)).toEqual([503, 412])
  })

  test('never touches a pool of somebody else that has the name of the successor', async () => {
    await start()
    bed.pools.behaviour.beforeWrite = () => {
      bed.pools.behaviour.beforeWrite = () => {}
      const { resources } = bed.azure.arm
      const id = `${bed.azure.clusterId}/agentPools/np1b`
      resources.put(id, {
        id,
        name: 'np1b',
        properties: { count: 0, mode: 'User', provisioningState: 'Succeeded' },
      })
    }
    const { record } = await fixed()
    expect(record.unachieved.join()).toContain('there is a pool np1b that was not made for this np1')
    expect(bed.pool('np1b')).toEqual({ count: 0, mode: 'User', provisioningState: 'Succeeded' })
    expect(changing().map(({ method, status }) => `${method} ${status}`)).toEqual(['PUT 412'])
  })

  test('takes another name when the successor name is taken', async () => {
    const pools = [{ name: 'np1' }, { name: 'np1b', properties: { count: 0, mode: 'User' } }]
    await start({}, { azure: { clusters: [{ name: 'aks-test', pools }] } })
    const { record } = await fixed()
    expect(outcomes(record.changes)).toMatchObject({ 'np1 pool': ['changed', 'np1', 'np1c'] })
  })

  test('changes nothing and says so when it is done already', async () => {
    await start()
    await fixed({ nodePools: ['np1'] })
    const before = puts().length
    const { record, requests } = await fixed({ nodePools: ['np1'] })
    expect(new Set(record.changes.map(({ outcome }) => outcome))).toEqual(new Set(['skipped']))
    expect(record.plans[0]?.notes.join()).toContain('np1 has been replaced by np1b')
    expect(puts()).toHaveLength(before)
    expect(requests).not.toMatch(/PUT|DELETE/)
    expect(record.unachieved).toEqual([])
  })

  test('plans in a dry run what it would do, what it costs and how to do it by hand', async () => {
    await start()
    const { record, requests } = await fixed({ dryRun: true, drainTimeoutMinutes: 30 })
    expect(requests).not.toMatch(/PUT|DELETE|PATCH|eviction/)
    expectGolden('node-pool/replace-plan.txt', `${planText(record.plans[0])}\n`)
  })
})

describe('before a successor is made, replace', () => {
  const refusedWith = async (text: RegExp, options: PoolFixOptions = {}) => {
    const { record } = await fixed(options)
    expect(record.unachieved.join('\n')).toMatch(text)
    expect(changing()).toEqual([])
    expect(nodes().filter(({ spec }) => spec.unschedulable)).toEqual([])
  }

  test('refuses when a pod has no controller', async () => {
    await start()
    bed.aks.store.create('pods', barePod('job', 'aks-np1-31415926-vmss000000') as never)
    await refusedWith(/shop\/job: no controller would make it anew elsewhere/)
    bed.aks.store.delete('pods', 'shop', 'job', { gracePeriodSeconds: 0 })
  })

  test('refuses when a pod is tied to the pool by its node selector', async () => {
    await start({ spec: { nodeSelector: { agentpool: 'np1' } } })
    await refusedWith(/shop\/web-.*: its node selector or affinity ties it to this pool or node/)
  })

  test('refuses when a pod is tied to the pool by its affinity', async () => {
    const matchExpressions = [{ key: 'kubernetes.azure.com/agentpool', operator: 'In', values: ['np1'] }]
    const required = {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
    }
    await start({ spec: { affinity: { nodeAffinity: required } } })
    await refusedWith(/its node selector or affinity ties it to this pool or node/)
  })

  test('refuses when a volume is on the node itself', async () => {
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }]
    await start({ spec: { volumes } })
    bed.aks.store.create('persistentvolumes', {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'pv-1' },
      spec: { claimRef: { namespace: 'shop', name: 'data' }, local: { path: '/mnt/disk' } },
    } as never)
    await refusedWith(/its volume is on the node itself/)
  })

  test('refuses when the rights to drain are missing, and names them', async () => {
    const rules = [
      { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['*'] },
    ]
    await start({}, { users: [{ name: 'reader', rules }] })
    await refusedWith(/the right nodes patch is missing in Kubernetes.*pods\/eviction create is missing/)
  })

  test('refuses when the right to delete a pool is missing in Azure', async () => {
    await start(
      {},
      {
        azure: {
          applications: [
            { ...bedApplication(), actions: ['*/read', '*/listCluster*', '*/agentPools/write'] },
          ],
        },
      },
    )
    await refusedWith(
      /the right Microsoft.ContainerService\/managedClusters\/agentPools\/delete on .* is missing in Azure/,
    )
  })

  test('refuses when the quota has no room for a second pool', async () => {
    const quota = { family: { used: 95, limit: 100 }, all: { used: 100, limit: 350 } }
    await start({}, { azure: { quota } })
    await refusedWith(
      /the quota standardDSv5Family in westeurope has 5 of 100 cores left and 2 more nodes take 8/,
    )
  })

  test('holds a spot pool against no quota of other machines', async () => {
    const quota = { family: { used: 100, limit: 100 }, all: { used: 350, limit: 350 } }
    const pools = [{ name: 'np1', properties: { scaleSetPriority: 'Spot', mode: 'User' } }]
    await start({}, { azure: { quota, clusters: [{ name: 'aks-test', pools }] } })
    const { record } = await fixed({ dryRun: true })
    expect(record.plans[0]?.steps.filter(({ intent }) => intent === 'refuse')).toEqual([])
    expect(record.plans[0]?.notes.join()).toContain('Azure does not say whether the quota has room')
  })

  test('says which settings of a preview version the successor would not have', async () => {
    const pools = [{ name: 'np1', preview: { nodeDisruptionProfile: { policy: 'Block' } } }]
    await start({}, { azure: { clusters: [{ name: 'aks-test', pools }] } })
    const { record } = await fixed({ dryRun: true })
    expect(record.plans[0]?.impact.join()).toContain('not carried over (nodeDisruptionProfile)')
  })
})

function bedApplication() {
  return {
    clientId: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
    federated: [
      {
        issuer: 'https://token.actions.githubusercontent.com',
        subject: 'repo:octo/shop:ref:refs/heads/main',
        audience: 'api://AzureADTokenExchange',
      },
    ],
  }
}
