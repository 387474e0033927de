import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  clusterFacts,
  parseManagedCluster,
  readManagedCluster,
  requireRunning,
} from '../../src/azure/managed-cluster.ts'
import { type SmallAzure, startAzure } from '../aks/azure/azure.ts'
import { connect, trust } from './support.ts'

let azure: SmallAzure

beforeAll(async () => {
  azure = await startAzure({
    clusters: [
      {
        name: 'shop',
        dataplane: 'cilium',
        pools: [
          { name: 'sys', properties: { mode: 'System', count: 2 } },
          {
            name: 'apps',
            properties: {
              mode: 'User',
              vmSize: 'Standard_D16s_v5',
              linuxOSConfig: {
                sysctls: { netNetfilterNfConntrackMax: 524288, netIpv4TcpTwReuse: true, netFuture: '1 2' },
              },
              powerState: { code: 'Stopped' },
            },
          },
        ],
      },
      { name: 'till' },
    ],
  })
  trust(azure.ca.certificate)
})

afterAll(async () => azure.stop())

describe('what ARM says about a cluster', () => {
  test('becomes the facts of the report, with sysctls that no client knows', async () => {
    const { facts } = await connect(azure)
    expect(facts).toEqual({
      server: 'https://127.0.0.1:1',
      name: 'shop',
      id: azure.clusterId,
      location: 'westeurope',
      kubernetesVersion: '1.34.1',
      sku: 'Base/Standard',
      dataplane: 'cilium',
      private: false,
      pools: [
        {
          name: 'sys',
          vmSize: 'Standard_D4s_v5',
          mode: 'System',
          osType: 'Linux',
          count: 2,
          powerState: 'Running',
          provisioningState: 'Succeeded',
        },
        {
          name: 'apps',
          vmSize: 'Standard_D16s_v5',
          mode: 'User',
          osType: 'Linux',
          count: 3,
          powerState: 'Stopped',
          provisioningState: 'Succeeded',
          sysctls: { netNetfilterNfConntrackMax: 524288, netIpv4TcpTwReuse: true, netFuture: '1 2' },
        },
      ],
    })
  })

  test('is taken in the spelling of ARM, however the user spells it', async () => {
    const { facts } = await connect(azure, { name: 'SHOP', resourceGroup: 'RG-Shop' })
    expect(facts.id).toBe(azure.clusterId)
  })

  const name = { subscriptionId: 's', resourceGroup: 'g', name: 'n' }

  test.each([
    undefined,
    null,
    7,
    [],
    {},
    { properties: [] },
    { properties: { agentPoolProfiles: 'x', networkProfile: 3 } },
  ])('may be anything, such as %p, without harm', (raw) => {
    const cluster = parseManagedCluster(name, raw)
    expect(cluster).toMatchObject({
      ...name,
      private: false,
      entra: false,
      runCommandDisabled: false,
      pools: [],
    })
    expect(clusterFacts(cluster, 'https://x').id).toBe(
      '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/n',
    )
  })
})

describe('a cluster that cannot be read', () => {
  test('is named with those that the group has, when its name is wrong', async () => {
    await expect(connect(azure, { name: 'shpo' })).rejects.toMatchObject({
      message: expect.stringMatching(
        /managedClusters\/shpo' under resource group 'rg-shop' was not found.*The group has: shop, till\./,
      ),
      next: expect.stringMatching(/cluster-name/),
    })
  })

  test('is told from a group that is not there', async () => {
    await expect(connect(azure, { resourceGroup: 'MC_rg-shop_shop_westeurope' })).rejects.toMatchObject({
      message: expect.stringMatching(/Resource group 'MC_rg-shop_shop_westeurope' could not be found/),
      next: expect.stringMatching(/not the MC_ group/),
    })
  })

  test('is told from a subscription that is not there', async () => {
    await expect(
      connect(azure, { subscriptionId: '00000000-0000-0000-0000-000000000000' }),
    ).rejects.toMatchObject({
      message: expect.stringMatching(/subscription '0{8}-.*' could not be found/),
      next: expect.stringMatching(/subscription-id/),
    })
  })

  test('keeps the code of ARM for callers that look for it', async () => {
    const { arm } = await connect(azure)
    const name = { subscriptionId: azure.subscriptionId, resourceGroup: azure.resourceGroup, name: 'nope' }
    await expect(readManagedCluster(arm, name)).rejects.toMatchObject({
      code: 'ResourceNotFound',
      status: 404,
    })
  })
})

describe('a cluster whose API server does not run', () => {
  const cluster = (provisioningState: string, powerState = 'Running') =>
    parseManagedCluster(
      { subscriptionId: 's', resourceGroup: 'rg', name: 'shop' },
      { properties: { provisioningState, powerState: { code: powerState } } },
    )

  test.each([
    ['Succeeded', 'Stopped', /is stopped/, /az aks start -g rg -n shop/],
    ['Stopping', 'Running', /is being stopped/, /az aks start/],
    ['Starting', 'Running', /is being started/, /in a few minutes/],
    ['Creating', 'Running', /is being created/, /when it is there/],
    ['Deleting', 'Running', /is being deleted/, /another cluster/],
  ])('is told at once: %s and %s', (provisioning, power, message, next) => {
    const check = () => requireRunning(cluster(provisioning, power))
    expect(check).toThrow(message)
    expect(check).toThrow(expect.objectContaining({ next: expect.stringMatching(next) }))
  })

  test.each(['Succeeded', 'Updating', 'Upgrading', 'Failed', 'Canceled', 'Rotating'])(
    'is not meant by %s: its nodes can be read',
    (provisioning) => {
      expect(() => requireRunning(cluster(provisioning))).not.toThrow()
    },
  )

  test('is told before anybody asks for its credentials', async () => {
    const bed = await startAzure({ clusters: [{ name: 'shop', powerState: 'Stopped' }] })
    trust(bed.ca.certificate)
    await expect(connect(bed)).rejects.toThrow(/The cluster shop is stopped/)
    expect(bed.calls.filter(({ method, which }) => which === 'arm' && method === 'POST')).toEqual([])
    await bed.stop()
  })
})
