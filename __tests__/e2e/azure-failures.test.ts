import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { startProxy, type TestProxy } from '../azure/proxy.ts'
import { expectGolden } from '../support/golden.ts'
import { type AzureAks, azureCluster, byName, checkAzure, tenSeconds, told } from './azure-support.ts'
import { answeringNodes } from './runs.ts'
import { check, podsLeft } from './support.ts'

jest.setTimeout(120_000)

const BEYOND = 'https://shop.hcp.westeurope.azmk8s.invalid:443'

let aks: AzureAks
let silentProxy: TestProxy

beforeAll(async () => {
  aks = await azureCluster(
    {
      armAudiences: ['https://arm.example'],
      clusters: [
        { name: 'shop' },
        { name: 'stopped', powerState: 'Stopped' },
        { name: 'stopping', provisioningState: 'Stopping' },
        { name: 'creating', provisioningState: 'Creating' },
        { name: 'deleting', provisioningState: 'Deleting' },
        { name: 'no-local-accounts', localAccountsDisabled: true },
        { name: 'far', server: BEYOND, authorizedIpRanges: ['192.0.2.0/24'] },
      ],
    },
    { nodes: await answeringNodes('a') },
  )
  silentProxy = await startProxy()
  silentProxy.refuse = 'silent'
})

afterAll(async () => {
  await silentProxy.stop()
  await aks[Symbol.asyncDispose]()
})

/** A run that ends without a verdict, within ten seconds, and leaves the cluster alone. */
async function failing(
  name: string,
  inputs: Record<string, string>,
  env: Record<string, string | undefined> = {},
): Promise<void> {
  const limit = await tenSeconds()
  aks.requests.length = 0
  const startedAt = performance.now()
  const run = await checkAzure(aks, inputs, { env, post: false })
  expect(performance.now() - startedAt).toBeLessThan(limit)
  expect([run.status, run.outputs.verdict]).toEqual([1, 'unknown'])
  expect(aks.requests.filter(({ method }) => method !== 'GET')).toEqual([])
  expectGolden(
    `e2e/azure/${name}.txt`,
    told(run, aks).replaceAll(new URL(silentProxy.url).host, 'silent-proxy'),
  )
}

const otherTenant = '99999999-0000-0000-0000-000000000000'

describe('a run in Azure that cannot be carried out ends within ten seconds and says what to do:', () => {
  test.each<[string, Record<string, string>]>([
    ['a-wrong-audience', { 'oidc-audience': 'api://somebody-else' }],
    ['a-wrong-tenant', { 'tenant-id': otherTenant }],
    ['a-wrong-client', { 'client-id': otherTenant }],
    ['a-wrong-subscription', { 'subscription-id': otherTenant }],
    ['a-wrong-group', { 'resource-group': 'rg-shop-2' }],
    ['a-wrong-name', { 'cluster-name': 'shopp' }],
    ['a-stopped-cluster', { 'cluster-name': 'stopped' }],
    ['a-cluster-that-stops', { 'cluster-name': 'stopping' }],
    ['a-cluster-that-is-created', { 'cluster-name': 'creating' }],
    ['a-cluster-that-is-deleted', { 'cluster-name': 'deleting' }],
    ['admin-without-local-accounts', { 'cluster-name': 'no-local-accounts', admin: 'true' }],
    ['a-server-that-does-not-let-the-runner-in', { 'cluster-name': 'far' }],
  ])('%s', (name, inputs) => failing(name, inputs))

  test('no-right-to-credentials', () =>
    withActions(['Microsoft.ContainerService/managedClusters/read'], () =>
      failing('no-right-to-credentials', {}),
    ))

  test('no-right-to-the-cluster', () => withActions([], () => failing('no-right-to-the-cluster', {})))

  test('no-right-to-list-nodes', async () => {
    const [application] = aks.azure.directory.applications
    if (application === undefined) throw new Error('the directory has no application')
    application.kubernetes = { rules: [] }
    await failing('no-right-to-list-nodes', {})
    delete application.kubernetes
  })

  test('no-federated-credential', async () => {
    aks.azure.job.subject = 'repo:octo/shop:pull_request'
    await failing('no-federated-credential', {})
    delete aks.azure.job.subject
  })

  test('no-permission-for-an-identity-token', () =>
    failing(
      'no-permission-for-an-identity-token',
      {},
      {
        ACTIONS_ID_TOKEN_REQUEST_URL: undefined,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined,
      },
    ))

  test('nobody-to-sign-in-as', () =>
    failing('nobody-to-sign-in-as', { 'client-id': '', 'tenant-id': '' }, { PATH: '/nowhere' }))

  test('a-proxy-that-is-not-there', () =>
    failing(
      'a-proxy-that-is-not-there',
      {},
      { ...byName.environment(aks), HTTPS_PROXY: 'http://127.0.0.1:9' },
    ))

  test('a-proxy-that-does-not-answer', () =>
    failing('a-proxy-that-does-not-answer', {}, { ...byName.environment(aks), HTTPS_PROXY: silentProxy.url }))

  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['a-proxy-that-refuses-entra', { AZURE_AUTHORITY_HOST: 'https://login.example' }, {}],
    ['a-proxy-that-refuses-arm', { AZURE_RESOURCE_MANAGER_ENDPOINT: 'https://arm.example' }, {}],
    ['a-proxy-that-refuses-the-api-server', {}, { 'cluster-name': 'far' }],
  ])('%s', (name, env, inputs) =>
    failing(name, inputs, { ...env, HTTPS_PROXY: 'http://user:secret@127.0.0.1:9', NO_PROXY: '127.0.0.1' }),
  )

  test('identity-tokens-that-do-not-come', () =>
    withHanging('oidc', () => failing('identity-tokens-that-do-not-come', {})))

  test('a-certificate-that-is-not-trusted', () =>
    failing('a-certificate-that-is-not-trusted', {}, { NODE_EXTRA_CA_CERTS: undefined }))

  test('entra-that-does-not-answer', () =>
    withHanging('entra', () => failing('entra-that-does-not-answer', {})))
})

test('a run for which Azure Resource Manager does not answer ends after two tries, and says so', async () => {
  const limit = await tenSeconds()
  await withHanging('arm', async () => {
    const startedAt = performance.now()
    const run = await checkAzure(aks, {}, { post: false })
    expect(performance.now() - startedAt).toBeLessThan(2 * limit)
    expect(run.status).toBe(1)
    expectGolden('e2e/azure/arm-that-does-not-answer.txt', told(run, aks))
  })
})

test('a cluster that is throttled by ARM for a while is checked all the same', async () => {
  const body = { error: { code: 'TooManyRequests', message: 'slow down' } }
  aks.azure.misbehave({ which: 'arm', times: 2, do: { status: 429, headers: { 'retry-after': '1' }, body } })
  const run = await checkAzure(aks)
  expect(run.outputs.verdict).toBe('healthy')
  expect(run.log).toContain('Azure answered 429 to GET')
})

describe('the guard rail', () => {
  test('lets nothing be touched when the id is that of another cluster: nobody even signs in', async () => {
    aks.azure.calls.length = 0
    await failing('another-cluster-is-expected', { 'expected-cluster-id': `${aks.azure.clusterId}-2` })
    expect(aks.azure.calls).toEqual([])
    expect(aks.requests).toEqual([])
  })

  test('lets a run on the expected cluster go on', async () => {
    const run = await checkAzure(aks, { 'expected-cluster-id': aks.azure.clusterId.toLowerCase() })
    expect(run.outputs.verdict).toBe('healthy')
  })

  test('refuses a kubeconfig, which does not say which cluster it reaches', async () => {
    aks.requests.length = 0
    const run = await check(aks, { 'expected-cluster-id': aks.azure.clusterId })
    expect(run.status).toBe(1)
    expect(aks.requests).toEqual([])
    expectGolden('e2e/azure/a-kubeconfig-with-expected-cluster-id.txt', told(run, aks))
  })
})

test('nothing of these runs is left in the cluster', () => {
  expect(podsLeft(aks)).toEqual([])
})

async function withActions(actions: string[], work: () => Promise<void>): Promise<void> {
  const [application] = aks.azure.directory.applications
  if (application === undefined) throw new Error('the directory has no application')
  application.actions = actions
  try {
    await work()
  } finally {
    delete application.actions
  }
}

async function withHanging(which: 'arm' | 'entra' | 'oidc', work: () => Promise<void>): Promise<void> {
  const end = aks.azure.misbehave({ which, do: 'hang' })
  try {
    await work()
  } finally {
    end()
  }
}
