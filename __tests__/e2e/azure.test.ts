import { describe, expect, jest, test } from '@jest/globals'
import { startProxy } from '../azure/proxy.ts'
import { expectGolden } from '../support/golden.ts'
import { requireJq } from '../support/require-jq.ts'
import type { AzureAks } from './azure-support.ts'
import { azureCluster, byName, checkAzure, logOf, named } from './azure-support.ts'
import { answeringNodes } from './runs.ts'
import { podsLeft, steady } from './support.ts'
import { startTrace } from './trace.ts'

jest.setTimeout(120_000)
requireJq()

/** `METHOD host path` of all requests that reached Azure or the API server, in the order of each. */
function requestsOf(aks: AzureAks): string {
  const azure = aks.azure.calls.map(({ method, host, path }) => `${method} ${host}${path}`)
  const kubernetes = [...new Set(aks.requests.map(({ method, host, path }) => `${method} ${host}${path}`))]
  const text = [...azure, ...kubernetes.toSorted()].join('\n')
  return `${named(steady(text, aks), aks)}\n`.replaceAll(/(ach-\S+?-)[0-9a-f]{16}\b/g, '$1ID')
}

describe('a cluster that is named in Azure', () => {
  test('is signed in to by OIDC, found, checked and left with these requests, and no connection to anybody else', async () => {
    await using aks = await azureCluster({}, { nodes: await answeringNodes('a', 'b') })
    using trace = startTrace()
    const run = await checkAzure(aks, {}, { env: trace.env })
    expect([run.status, run.outputs.verdict]).toEqual([0, 'healthy'])
    expectGolden('e2e/azure/oidc.requests', requestsOf(aks))
    expectGolden('e2e/azure/oidc.log', logOf(run, aks))
    const { entra, oidc, armEndpoint } = aks.azure
    const configured = [entra, oidc, armEndpoint, aks.server].map((origin) => new URL(origin).host)
    expect(trace.connections()).toEqual(configured.toSorted())
    expect([trace.lookups(), trace.programs()]).toEqual([[], []])
    expect(podsLeft(aks)).toEqual([])
  })

  test('puts what ARM knows of it into the report', async () => {
    const sysctls = { netNetfilterNfConntrackMax: 524_288, netIpv4TcpTwReuse: true }
    await using aks = await azureCluster(
      { clusters: [{ name: 'shop', pools: [{ name: 'np1', properties: { linuxOSConfig: { sysctls } } }] }] },
      { nodes: await answeringNodes('a') },
    )
    const { report } = await checkAzure(aks)
    expect(report?.cluster).toMatchObject({
      id: aks.azure.clusterId,
      name: 'shop',
      server: aks.server,
      kubernetesVersion: '1.34.1',
      sku: 'Base/Standard',
      location: 'westeurope',
      private: false,
      dataplane: 'azure',
      kubeProxy: true,
      pools: [{ name: 'np1', vmSize: 'Standard_D4s_v5', sysctls }],
    })
  })

  test('is reached through the proxy of the environment, and so is everything else', async () => {
    await using aks = await azureCluster(byName.azure, {
      nodes: await answeringNodes('a'),
      hostNames: byName.names,
    })
    const proxy = await startProxy()
    for (const [target, host] of byName.routes(aks)) proxy.routes.set(target, host)
    using trace = startTrace()
    const env = { ...trace.env, ...byName.environment(aks), HTTPS_PROXY: proxy.url }
    const run = await checkAzure(aks, {}, { env })
    await proxy.stop()
    expect(run.outputs.verdict).toBe('healthy')
    expect(new Set(proxy.tunnels.map(({ target }) => target))).toEqual(
      new Set(byName.routes(aks).map(([target]) => target)),
    )
    expect(trace.connections()).toEqual([new URL(proxy.url).host])
    expect(trace.lookups()).toEqual([])
  })

  test('is reached past the proxy where NO_PROXY says so', async () => {
    await using aks = await azureCluster({}, { nodes: await answeringNodes('a') })
    const env = { HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '127.0.0.1' }
    const run = await checkAzure(aks, {}, { env })
    expect(run.outputs.verdict).toBe('healthy')
  })

  test.each([
    ['us-government', 'login.microsoftonline.us', 'management.usgovcloudapi.net', 'USGov'],
    ['china', 'login.chinacloudapi.cn', 'management.chinacloudapi.cn', 'China'],
  ])(
    'of the cloud %s is looked for at the addresses of that cloud, with its audience',
    async (cloud, login, management, suffix) => {
      const audience = `api://AzureADTokenExchange${suffix}`
      const { defaultApplication, GITHUB_ISSUER, JOB_SUBJECT } = await import('../aks/azure/directory.ts')
      await using aks = await azureCluster(
        {
          hostNames: [login, management],
          armAudiences: [`https://${management}`],
          applications: [
            { ...defaultApplication, federated: [{ issuer: GITHUB_ISSUER, subject: JOB_SUBJECT, audience }] },
          ],
        },
        { nodes: await answeringNodes('a') },
      )
      const proxy = await startProxy()
      proxy.routes.set(`${login}:443`, new URL(aks.azure.entra).host)
      proxy.routes.set(`${management}:443`, new URL(aks.azure.armEndpoint).host)
      using trace = startTrace()
      const run = await checkAzure(
        aks,
        { 'azure-cloud': cloud },
        {
          env: {
            ...trace.env,
            AZURE_AUTHORITY_HOST: undefined,
            AZURE_RESOURCE_MANAGER_ENDPOINT: undefined,
            HTTPS_PROXY: proxy.url,
            NO_PROXY: '127.0.0.1',
          },
        },
      )
      await proxy.stop()
      expect(run.outputs.verdict).toBe('healthy')
      expect(new Set(proxy.tunnels.map(({ target }) => target))).toEqual(
        new Set([`${login}:443`, `${management}:443`]),
      )
      expect(trace.lookups()).toEqual([])
    },
  )

  test('is checked with its admin credential where that is asked for', async () => {
    await using aks = await azureCluster({}, { nodes: await answeringNodes('a') })
    const run = await checkAzure(aks, { admin: 'true' })
    expect(run.outputs.verdict).toBe('healthy')
    expect(new Set(aks.requests.map(({ user }) => user))).toEqual(new Set(['masterclient']))
    expect(aks.azure.calls.map(({ path }) => path)).toContain(
      `${aks.azure.clusterId}/listClusterAdminCredential`,
    )
  })

  test.each([
    ['with local accounts disabled', { localAccountsDisabled: true }, '0b1ec700-bbbb-cccc-dddd-eeeeeeeeeeee'],
    ['with client certificates instead of Entra ID', { entra: false }, 'masterclient'],
  ])('%s is checked', async (_name, spec, user) => {
    await using aks = await azureCluster(
      { clusters: [{ name: 'shop', ...spec }] },
      { nodes: await answeringNodes('a') },
    )
    const run = await checkAzure(aks)
    expect(run.outputs.verdict).toBe('healthy')
    expect(new Set(aks.requests.map((request) => request.user))).toEqual(new Set([user]))
  })

  test('goes on when its token ends in the middle of the run', async () => {
    await using aks = await azureCluster(
      { kubernetesTokenSeconds: 4 },
      { nodes: [{ name: 'slow', fault: { delayMs: 9000 } }] },
    )
    const run = await checkAzure(aks)
    expect([run.outputs.verdict, run.status]).toEqual(['healthy', 0])
    expect(tokensFor(aks, '6dae42f8')).toBeGreaterThan(1)
  })

  test('goes on when the token for ARM ends in the middle of a run command', async () => {
    await using aks = await azureCluster(
      { armTokenSeconds: 4, clusters: [{ name: 'shop', private: true }] },
      { nodes: [{ name: 'slow', fault: { delayMs: 7000 } }] },
    )
    const run = await checkAzure(aks, { 'private-cluster': 'run-command' })
    expect([run.outputs.verdict, run.status]).toEqual(['healthy', 0])
    expect(tokensFor(aks, new URL(aks.azure.armEndpoint).host)).toBeGreaterThan(2)
  })

  test('goes on with a new token when the API server refuses the one that it was given', async () => {
    await using aks = await azureCluster({}, { nodes: await answeringNodes('a') })
    aks.misbehave({ match: { path: /\/api\/v1\/nodes/, times: 1 }, do: { status: 401 } })
    const run = await checkAzure(aks)
    expect(run.outputs.verdict).toBe('healthy')
    expect(tokensFor(aks, '6dae42f8')).toBe(2)
  })
})

/** How many tokens Entra ID was asked for with this in their scope. */
function tokensFor({ azure }: AzureAks, scope: string): number {
  const asked = azure.calls.filter(({ which, method }) => which === 'entra' && method === 'POST')
  return asked.filter(({ body }) => new URLSearchParams(body).get('scope')?.includes(scope)).length
}
