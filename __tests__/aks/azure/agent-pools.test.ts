import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Arm } from '../../../src/azure/arm.ts'
import { connect, trust } from '../../azure/support.ts'
import { type KubeNode, type SmallAks, startAks } from '../aks.ts'
import { bodyProblems } from './agent-pool-schema.ts'
import type { SmallAzure } from './azure.ts'

let aks: SmallAks
let azure: SmallAzure
let arm: Arm

beforeEach(async () => {
  aks = await startAks({ azure: {} })
  if (aks.azure === undefined) throw new Error('there is no Azure')
  azure = aks.azure
  trust(azure.ca.certificate)
  arm = (await connect(azure)).arm
})

afterEach(() => aks.stop())

const path = (name: string) => `${azure.clusterId}/agentPools/${name}`
const nodesOf = (pool: string) =>
  aks.store.list<KubeNode>('nodes').filter(({ metadata }) => metadata.labels?.agentpool === pool)
const shape = { count: 2, vmSize: 'Standard_D4s_v5', mode: 'User' }

describe('node pools of the small AKS', () => {
  test('have as many nodes as the cluster has of them', async () => {
    const { body } = await arm.request<{ properties: { count: number } }>({
      method: 'GET',
      path: path('np1'),
    })
    expect(body.properties.count).toBe(3)
  })

  test('come with nodes whose kernel has what their configuration says', async () => {
    const sysctls = { netNetfilterNfConntrackMax: 262_144, netIpv4TcpTwReuse: true }
    const nodeLabels = { tier: 'web' }
    const properties = { ...shape, linuxOSConfig: { sysctls }, nodeLabels }
    const answer = await arm.request({ method: 'PUT', path: path('np2'), body: { properties } })
    expect(answer.status).toBe(201)
    expect(answer.header('azure-asyncoperation')).toMatch(/operations/)
    await azure.agentPools?.idle()
    expect(nodesOf('np2')).toHaveLength(2)
    const name = nodesOf('np2')[0]?.metadata.name ?? ''
    expect(nodesOf('np2')[0]?.metadata.labels).toMatchObject(nodeLabels)
    expect(await aks.node(name).sysctl('net.netfilter.nf_conntrack_max')).toBe('262144')
    expect(await aks.node(name).sysctl('net.ipv4.tcp_tw_reuse')).toBe('1')
    expect(await aks.node(name).sysctl('net.ipv4.tcp_max_tw_buckets')).toBe('262144')
  })

  test('go with their nodes, and tell the pods that were lost with them', async () => {
    await arm.request({ method: 'PUT', path: path('np2'), body: { properties: shape } })
    await azure.agentPools?.idle()
    const [node] = nodesOf('np2')
    aks.store.create('pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'lost', namespace: 'default' },
      spec: { nodeName: node?.metadata.name, containers: [] },
      status: { phase: 'Running' },
    } as never)
    await arm.request({ method: 'DELETE', path: path('np2') })
    await azure.agentPools?.idle()
    expect(nodesOf('np2')).toEqual([])
    expect(azure.agentPools?.deletions).toEqual([{ pool: 'np2', lost: ['default/lost'] }])
  })

  test('refuse another configuration as AKS does', async () => {
    const { body } = await arm.request<{ properties: Record<string, unknown> }>({
      method: 'GET',
      path: path('np1'),
    })
    const {
      eTag: _0,
      provisioningState: _1,
      nodeImageVersion: _2,
      currentOrchestratorVersion: _3,
      ...properties
    } = body.properties
    const linuxOSConfig = { sysctls: { netNetfilterNfConntrackMax: 262_144 } }
    const put = arm.request({
      method: 'PUT',
      path: path('np1'),
      body: { properties: { ...properties, linuxOSConfig } },
    })
    await expect(put).rejects.toMatchObject({
      status: 400,
      code: 'CustomKubeletConfigOrCustomLinuxOSConfigCanNotBeChanged',
    })
    const other = arm.request({
      method: 'PUT',
      path: path('np1'),
      body: { properties: { ...properties, vmSize: 'x' } },
    })
    await expect(other).rejects.toMatchObject({ code: 'PropertyChangeNotAllowed' })
  })

  test('refuse a second operation while one runs, and the deletion of the last system pool', async () => {
    const gate = Promise.withResolvers<void>()
    const pools = azure.agentPools
    if (pools) pools.behaviour.beforeWork = () => gate.promise
    await arm.request({ method: 'PUT', path: path('np2'), body: { properties: shape } })
    const second = arm.request({ method: 'DELETE', path: path('np2') })
    await expect(second).rejects.toMatchObject({ status: 409, code: 'OperationNotAllowed' })
    gate.resolve()
    await pools?.idle()
    const last = arm.request({ method: 'DELETE', path: path('np1') })
    await expect(last).rejects.toMatchObject({
      status: 400,
      message: 'There has to be at least one system agent pool.',
    })
  })

  test('follow the autoscaler with their nodes, and have another version then', async () => {
    const before = azure.arm.resources.get(path('np1'))?.etag
    await azure.agentPools?.scale('np1', 4)
    expect(nodesOf('np1')).toHaveLength(4)
    await azure.agentPools?.scale('np1', 1)
    expect(nodesOf('np1')).toHaveLength(1)
    expect(azure.arm.resources.get(path('np1'))?.etag).not.toBe(before)
  })

  test('note every field that is not in the API', async () => {
    const body = { properties: { ...shape, kubeletConfig: { seccompDefault: 'RuntimeDefault' } } }
    await expect(arm.request({ method: 'PUT', path: path('np2'), body })).rejects.toMatchObject({
      status: 400,
    })
    expect(azure.agentPools?.problems).toEqual(['properties.kubeletConfig.seccompDefault is not in the API'])
  })
})

describe('the check of a body', () => {
  test('lets pass what the API has', () => {
    const sysctls = {
      netNetfilterNfConntrackMax: 131_072,
      netIpv4TcpTwReuse: true,
      netIpv4IpLocalPortRange: '16384 60999',
    }
    expect(bodyProblems({ properties: { ...shape, linuxOSConfig: { sysctls }, tags: { a: 'b' } } })).toEqual(
      [],
    )
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['a number as text', { count: '2' }, 'properties.count is no integer of 0 to 1000: "2"'],
    ['a value out of range', sysctl('netIpv4TcpMaxTwBuckets', 2_000_000), 'no integer of 8000 to 1440000'],
    ['a flag as number', sysctl('netIpv4TcpTwReuse', 1), 'netIpv4TcpTwReuse is no boolean'],
    [
      'a name that is spelt in another way',
      sysctl('netIpv4TCPTwReuse', true),
      'netIpv4TCPTwReuse is not in the API',
    ],
    ['what only AKS writes', { nodeImageVersion: 'x' }, 'properties.nodeImageVersion is written by AKS only'],
    ['an unknown mode', { mode: 'Both' }, 'properties.mode is none of System, User, Gateway: "Both"'],
    ['tags that are no text', { tags: { a: 1 } }, 'properties.tags.a is no string'],
  ])('finds %s', (_name, properties, problem) => {
    expect(bodyProblems({ properties }).join()).toContain(problem)
  })

  test('finds what stands beside the properties', () => {
    expect(bodyProblems({ id: 'x', properties: {} })).toEqual(['id is not sent in an agent pool'])
  })
})

function sysctl(name: string, value: unknown): Record<string, unknown> {
  return { linuxOSConfig: { sysctls: { [name]: value } } }
}
