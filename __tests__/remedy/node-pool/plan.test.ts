import { afterEach, describe, expect, test } from '@jest/globals'
import type { AksOptions, NodeSpec } from '../../aks/aks.ts'
import type { ClusterSpec, PoolSpec } from '../../aks/azure/types.ts'
import { busyNode, type PoolBed, type PoolFixOptions, startPoolBed } from './bed.ts'

let bed: PoolBed

async function planned(
  pools: PoolSpec[],
  nodes: NodeSpec[],
  fix: PoolFixOptions = {},
  more: Omit<ClusterSpec, 'name' | 'pools'> & { objects?: AksOptions['objects'] } = {},
) {
  const { objects, ...cluster } = more
  bed = await startPoolBed({
    nodes,
    azure: { clusters: [{ name: 'aks-test', pools, ...cluster }] },
    ...(objects && { objects }),
  })
  const { record } = await bed.fix({ dryRun: true, ...fix })
  expect(bed.azure.calls.filter(({ method }) => method === 'PUT' || method === 'DELETE')).toEqual([])
  const plan = record.plans[0]
  if (plan === undefined) throw new Error(`there is no plan: ${record.unachieved.join()}`)
  const told = plan.steps.map(
    ({ target, intent, why }) => `${'name' in target ? target.name : ''} ${intent}: ${why ?? ''}`,
  )
  return { plan, told: [...new Set(told)], all: [...plan.impact, ...plan.notes].join('\n') }
}

afterEach(() => bed.stop())

const user = (name: string, properties: Record<string, unknown> = {}): PoolSpec => ({
  name,
  properties: { mode: 'User', ...properties },
})

describe('the plan', () => {
  test('is about the pools whose nodes breach when none is named', async () => {
    const { told } = await planned(
      [user('np1'), user('np2')],
      [busyNode('np1', 0), busyNode('np2', 0, { conntrackCount: 10 })],
    )
    expect(told.every((line) => line.startsWith('np1 '))).toBe(true)
  })

  test('is about every pool with the scope all, and about those that are named', async () => {
    const nodes = [busyNode('np1', 0), busyNode('np2', 0, { conntrackCount: 10 })]
    const { told } = await planned([user('np1'), user('np2')], nodes, { scope: 'all', maxPools: 5 })
    expect(new Set(told.map((line) => line.split(' ')[0]))).toEqual(new Set(['np1', 'np2']))
    const named = await bed.fix({ dryRun: true, nodePools: ['np2'] })
    const targets = named.record.plans[0]?.steps.map(({ target }) => ('name' in target ? target.name : ''))
    expect(new Set(targets)).toEqual(new Set(['np2']))
  })

  test('says that nothing breaches', async () => {
    const { plan } = await planned([user('np1')], [busyNode('np1', 0, { conntrackCount: 10 })])
    expect(plan.steps).toEqual([])
    expect(plan.notes.join()).toContain('No node pool has a node that breaches')
  })

  test('refuses a name that no pool has, with the names that there are', async () => {
    const { told } = await planned([user('np1')], [busyNode('np1', 0)], { nodePools: ['np7'] })
    expect(told).toEqual(['np7 refuse: the cluster has no node pool np7; it has np1'])
  })

  test.each<[string, Record<string, unknown>, PoolFixOptions, RegExp]>([
    ['a Windows pool', { osType: 'Windows' }, {}, /^np1 refuse: a Windows pool has no linuxOSConfig/],
    [
      'a stopped pool',
      { powerState: { code: 'Stopped' } },
      {},
      /^np1 refuse: the pool is stopped; start it first/,
    ],
    ['a pool that goes', { provisioningState: 'Deleting' }, {}, /^np1 refuse: the pool is being deleted/],
    [
      'a VirtualMachines pool that is to be replaced',
      { type: 'VirtualMachines' },
      { strategy: 'replace' },
      /^np1 refuse: a VirtualMachines pool has scale profiles/,
    ],
    [
      'a gateway pool that is to be replaced',
      { mode: 'Gateway' },
      { strategy: 'replace' },
      /^np1 refuse: a gateway pool/,
    ],
  ])('leaves %s alone and says why', async (_name, properties, fix, why) => {
    const { told } = await planned([user('np1', properties)], [], { nodePools: ['np1'], ...fix })
    expect(told).toHaveLength(1)
    expect(told[0]).toMatch(why)
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['system', { mode: 'System' }, 'np1 is a system pool'],
    ['spot', { scaleSetPriority: 'Spot' }, 'np1 is a spot pool'],
    ['VirtualMachines', { type: 'VirtualMachines' }, 'its scale profiles are sent back whole'],
    ['empty', { count: 0 }, 'there is nothing to verify'],
    ['autoscaled', { enableAutoScaling: true, minCount: 1, maxCount: 9 }, 'autoscaled (1 to 9 nodes)'],
    ['failed', { provisioningState: 'Failed' }, 'The last operation on np1 failed'],
    ['busy', { provisioningState: 'Upgrading' }, 'An operation runs on np1 (Upgrading): it is waited for'],
  ])('says what is particular about a pool that is %s', async (_name, properties, remark) => {
    const { all } = await planned([user('np1', properties)], [], { nodePools: ['np1'] })
    expect(all).toContain(remark)
  })

  test('prints the patch of the AKSNodeClass for nodes of node auto-provisioning', async () => {
    const labels = { 'karpenter.sh/nodepool': 'default', agentpool: '', 'kubernetes.azure.com/agentpool': '' }
    const nap = busyNode('default', 0, { labels })
    const { told, all } = await planned([user('np1')], [nap], {}, { autoProvisioning: 'Auto' })
    expect(told).toEqual([
      'default refuse: its nodes come from node auto-provisioning: the patch below does the same, and is not applied by this action',
    ])
    const [, patch = ''] =
      /kubectl patch aksnodeclasses.karpenter.azure.com default --type merge -p '([^']+)'/.exec(all) ?? []
    expect(JSON.parse(patch)).toEqual({
      spec: {
        linuxOSConfig: {
          sysctls: { netNetfilterNfConntrackBuckets: 65_536, netNetfilterNfConntrackMax: 262_144 },
        },
      },
    })
  })

  test('says what was clamped, and takes the further settings', async () => {
    const { plan, all } = await planned([user('np1')], [], {
      nodePools: ['np1'],
      linuxOsSysctls: 'netCoreSomaxconn: 9999999',
      allowedUnsafeSysctls: ['net.ipv4.tcp_tw_reuse'],
    })
    expect(all).toContain('netCoreSomaxconn: clamped from 9999999 to 3240000')
    expect(plan.steps.map(({ setting, to }) => [setting, to])).toContainEqual(['netCoreSomaxconn', '3240000'])
    expect(plan.steps.map(({ setting, to }) => [setting, to])).toContainEqual([
      'allowedUnsafeSysctls',
      'net.ipv4.tcp_tw_reuse',
    ])
    expect(all).toContain('--kubelet-config kubelet-config.json')
  })
})
