import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  isBusy,
  isOsConfigRefusal,
  listAgentPools,
  readAgentPool,
  sendable,
  writeAgentPool,
} from '../../src/azure/agent-pools.ts'
import type { Arm } from '../../src/azure/arm.ts'
import { ArmError } from '../../src/azure/arm-error.ts'
import type { ManagedCluster } from '../../src/azure/managed-cluster.ts'
import { missingActions } from '../../src/azure/permissions.ts'
import { coreQuotas } from '../../src/azure/quota.ts'
import { type SmallAks, startAks } from '../aks/aks.ts'
import type { SmallAzure } from '../aks/azure/azure.ts'
import { defaultApplication } from '../aks/azure/directory.ts'
import { connect, trust } from './support.ts'

let aks: SmallAks
let azure: SmallAzure
let arm: Arm
let cluster: ManagedCluster

const read = ['*/read', 'Microsoft.ContainerService/managedClusters/listClusterUserCredential/action']

beforeAll(async () => {
  const applications = [{ ...defaultApplication, actions: [...read, '*/agentPools/write'] }]
  const pools = [{ name: 'np1' }, { name: 'np2', properties: { mode: 'User' } }]
  aks = await startAks({ nodes: [], azure: { applications, clusters: [{ name: 'aks-test', pools }] } })
  if (aks.azure === undefined) throw new Error('the small AKS has no Azure')
  azure = aks.azure
  trust(azure.ca.certificate)
  const connection = await connect(azure)
  arm = connection.arm
  cluster = connection.cluster
})

afterAll(() => aks.stop())

describe('node pools', () => {
  test('are listed page by page', async () => {
    const next = `${azure.armEndpoint}${azure.clusterId}/agentPools?api-version=2026-06-01&page=2`
    const first = azure.arm.resources.get(`${azure.clusterId}/agentPools/np1`)?.body
    azure.misbehave({
      which: 'arm',
      path: /agentPools$/,
      times: 1,
      do: { status: 200, body: { value: [first], nextLink: next } },
    })
    const pools = await listAgentPools(arm, cluster)
    expect(pools.map(({ name }) => name)).toEqual(['np1', 'np1', 'np2'])
  })

  test('are not followed to another host', async () => {
    const body = { value: [], nextLink: 'https://evil.example/agentPools' }
    azure.misbehave({ which: 'arm', path: /agentPools$/, times: 1, do: { status: 200, body } })
    await expect(listAgentPools(arm, cluster)).rejects.toMatchObject({ code: 'ForeignHost' })
  })

  test('come with their version and everything in them', async () => {
    const pool = await readAgentPool(arm, cluster, 'np1')
    expect(pool).toMatchObject({ name: 'np1', state: 'Succeeded', properties: { vmSize: 'Standard_D4s_v5' } })
    expect(pool?.etag).toBe(azure.arm.resources.get(`${azure.clusterId}/agentPools/np1`)?.etag)
  })

  test('are undefined where there are none, and an error where ARM refuses', async () => {
    await expect(readAgentPool(arm, cluster, 'np9')).resolves.toBeUndefined()
    const body = { error: { code: 'AuthorizationFailed', message: 'no' } }
    azure.misbehave({ which: 'arm', path: /agentPools\/np1$/, times: 1, do: { status: 403, body } })
    await expect(readAgentPool(arm, cluster, 'np1')).rejects.toMatchObject({ code: 'AuthorizationFailed' })
  })

  test('are sent back without what only AKS writes or what is an order', () => {
    const properties = {
      count: 3,
      provisioningState: 'Succeeded',
      nodeImageVersion: 'x',
      powerState: { code: 'Running' },
      status: {},
      localDNSProfile: { mode: 'Preferred', state: 'Enabled' },
      tomorrow: { a: 1 },
    }
    expect(sendable(properties)).toEqual({
      count: 3,
      localDNSProfile: { mode: 'Preferred' },
      tomorrow: { a: 1 },
    })
    expect(properties.localDNSProfile.state).toBe('Enabled')
  })

  test('that are made survive a throttled ARM', async () => {
    const throttled = {
      status: 429,
      headers: { 'retry-after': '0' },
      body: { error: { code: 'TooManyRequests', message: '' } },
    }
    azure.misbehave({ which: 'arm', path: /np3|operations/, times: 3, do: throttled })
    const properties = { count: 0, vmSize: 'Standard_D4s_v5' }
    const path = `${azure.clusterId}/agentPools/np3`
    await writeAgentPool(
      arm,
      { path },
      { properties },
      { ifNoneMatch: '*' },
      { timeoutMs: 10_000, intervalMs: 1 },
    )
    await expect(readAgentPool(arm, cluster, 'np3')).resolves.toMatchObject({ state: 'Succeeded' })
  })
})

describe('refusals of ARM', () => {
  const error = (status: number, code: string, message: string) =>
    new ArmError(message, { call: 'PUT', status, code })

  test('that another operation runs are told from a quota that is used up', () => {
    expect(isBusy(error(409, 'OperationNotAllowed', 'Another operation (Upgrading) is in progress'))).toBe(
      true,
    )
    expect(
      isBusy(
        error(409, 'OperationNotAllowed', 'it results in exceeding approved Total Regional Cores quota'),
      ),
    ).toBe(false)
  })

  test('of a changed configuration are known by code and by text', () => {
    const code = 'CustomKubeletConfigOrCustomLinuxOSConfigCanNotBeChanged'
    expect(isOsConfigRefusal(error(400, code, ''))).toBe(true)
    const text = 'CustomKubeletConfig or CustomLinuxOSConfig can not be changed for this operation'
    expect(isOsConfigRefusal(error(400, 'BadRequest', text))).toBe(true)
    expect(isOsConfigRefusal(error(400, 'InvalidCustomLinuxOSConfig', 'netFuture'))).toBe(false)
    expect(isOsConfigRefusal(new Error(text))).toBe(false)
  })
})

describe('what ARM says before anything is made', () => {
  test('is which actions the caller lacks', async () => {
    const pools = 'Microsoft.ContainerService/managedClusters/agentPools'
    const missing = await missingActions(arm, azure.clusterId, [
      `${pools}/write`,
      `${pools}/delete`,
      `${pools}/read`,
    ])
    expect(missing).toEqual([`${pools}/delete`])
  })

  test('is how many cores of the family and of all are left', async () => {
    await expect(coreQuotas(arm, 'westeurope', 'standard_d4s_v5')).resolves.toEqual({
      size: { family: 'standardDSv5Family', cores: 4 },
      quotas: [
        { name: 'cores', used: 12, limit: 350 },
        { name: 'standardDSv5Family', used: 12, limit: 350 },
      ],
    })
  })

  test.each([
    ['a size that is not there', 'Standard_X1', {}],
    [
      'an answer that is none',
      'Standard_D4s_v5',
      { which: 'arm', path: /usages/, times: 1, do: { status: 404 } },
    ],
  ] as const)('is not known for %s', async (_name, vmSize, fault) => {
    if ('which' in fault) azure.misbehave({ ...fault })
    await expect(coreQuotas(arm, 'westeurope', vmSize)).resolves.toBeUndefined()
  })

  test('is not known either where the right to ask is missing', async () => {
    azure.misbehave({ which: 'arm', path: /permissions/, times: 1, do: { status: 403 } })
    await expect(missingActions(arm, azure.clusterId, ['x'])).resolves.toBeUndefined()
  })
})
