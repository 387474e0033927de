import { request } from 'node:https'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connectAks } from '../../src/azure/connect-aks.ts'
import { type SmallAks, startAks } from '../aks/aks.ts'
import type { SmallAzure } from '../aks/azure/azure.ts'
import { startProxy } from './proxy.ts'
import { aksOptions, connect, createRecorder, depsFor, trust } from './support.ts'

let aks: SmallAks
let azure: SmallAzure

beforeAll(async () => {
  aks = await startAks({
    nodes: [{ name: 'aks-np1-0', ready: false }],
    azure: { kubernetesTokenSeconds: 3, clusters: [{ name: 'shop' }] },
  })
  if (aks.azure === undefined) throw new Error('there is no Azure')
  azure = aks.azure
  trust(azure.ca.certificate)
})

afterAll(async () => aks.stop())

/** Status of a list of nodes with a bearer token. */
function listNodes(token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const url = new URL('/api/v1/nodes', aks.server)
    request(url, { headers: { authorization: `Bearer ${token}` }, agent: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
      .on('error', reject)
      .end()
  })
}

describe('reaching a cluster through Azure', () => {
  test('takes these requests and no others', async () => {
    azure.calls.length = 0
    await connect(azure)
    const tenant = `/${azure.tenantId}`
    expect(azure.calls.map(({ which, method, path }) => `${which} ${method} ${path}`)).toEqual([
      'oidc GET /idtoken/plan/job',
      `entra GET ${tenant}/v2.0/.well-known/openid-configuration`,
      `entra POST ${tenant}/oauth2/v2.0/token`,
      `arm GET ${azure.clusterId}`,
      `arm POST ${azure.clusterId}/listClusterUserCredential`,
      `entra POST ${tenant}/oauth2/v2.0/token`,
    ])
  })

  test('gives a token that the API server takes, and a new one when that has ended', async () => {
    const { tokenSource } = await connect(azure)
    if (tokenSource === undefined) throw new Error('there are no tokens')
    const first = await tokenSource()
    expect(await listNodes(first.token)).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 3100))
    expect(await listNodes(first.token)).toBe(401)
    const second = await tokenSource()
    expect(await listNodes(second.token)).toBe(200)
  })

  test('gets a new token from Entra ID for one that was refused before its end', async () => {
    const { tokenSource } = await connect(azure)
    if (tokenSource === undefined) throw new Error('there are no tokens')
    const first = await tokenSource()
    const asked = azure.calls.filter(({ which, method }) => which === 'entra' && method === 'POST').length
    const second = await tokenSource(undefined, first.token)
    expect(second.token).not.toBe(first.token)
    expect(await listNodes(second.token)).toBe(200)
    const askedAgain = azure.calls.filter(
      ({ which, method }) => which === 'entra' && method === 'POST',
    ).length
    expect(askedAgain).toBe(asked + 1)
  })

  test('goes on with a new token when ARM refuses the one that it was given, for this call and the next', async () => {
    const refusal = { error: { code: 'ExpiredAuthenticationToken', message: 'The access token expired.' } }
    azure.misbehave({ which: 'arm', times: 1, do: { status: 401, body: refusal } })
    azure.calls.length = 0
    await connect(azure)
    const arm = azure.calls.filter(({ which }) => which === 'arm').map(({ status }) => status)
    expect(arm).toEqual([401, 200, 200])
  })

  test('gives up when ARM refuses the new token, too', async () => {
    const refusal = { error: { code: 'InvalidAuthenticationToken', message: 'The access token is invalid.' } }
    azure.misbehave({ which: 'arm', times: 2, do: { status: 401, body: refusal } })
    await expect(connect(azure)).rejects.toThrow(/does not accept the token/)
  })

  test('never shows the API server the token for ARM, which it would not take', async () => {
    const { identity } = await connect(azure)
    const { token } = await identity.tokens(`${azure.armEndpoint}/.default`)()
    expect(await listNodes(token)).toBe(401)
  })

  test('touches nothing when expected-cluster-id names another cluster: nobody even signs in', async () => {
    azure.calls.length = 0
    await expect(connect(azure, { expectedClusterId: `${azure.clusterId}-2` })).rejects.toThrow(
      /nothing is touched/,
    )
    expect(azure.calls).toEqual([])
  })

  test('goes on when expected-cluster-id names this cluster in another case', async () => {
    const expectedClusterId = azure.clusterId.replace('resourceGroups', 'resourcegroups').toUpperCase()
    await expect(connect(azure, { expectedClusterId })).resolves.toBeDefined()
  })

  test('says in the log who signs in, which cluster it is and where its API server is, and no secret', async () => {
    const recorder = createRecorder()
    await connect(azure, {}, recorder)
    expect(recorder.lines).toEqual([
      `Signed in to Azure with application aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee of tenant ${azure.tenantId} (identity token of the job).`,
      'AKS cluster shop in westeurope, Kubernetes 1.34.1, Base/Standard, dataplane azure, 1 node pool.',
      `API server: ${aks.server}.`,
    ])
    for (const secret of recorder.masked) expect(recorder.lines.join('\n')).not.toContain(secret)
  })

  test('goes through the proxy of the environment for Entra ID and for ARM', async () => {
    const proxy = await startProxy()
    process.env.HTTPS_PROXY = proxy.url
    try {
      await connect(azure)
    } finally {
      delete process.env.HTTPS_PROXY
    }
    const hosts = new Set(proxy.tunnels.map(({ target }) => `https://${target}`))
    expect([...hosts].sort()).toEqual([azure.entra, azure.armEndpoint].sort())
    await proxy.stop()
  })

  test('ends with the reason of a run that is cancelled while ARM hangs', async () => {
    azure.misbehave({ which: 'arm', times: 1, do: 'hang' })
    const controller = new AbortController()
    const tried = connectAks(aksOptions(azure), depsFor(azure.environment()), controller.signal)
    setTimeout(() => controller.abort(new Error('cancelled')), 200)
    await expect(tried).rejects.toThrow('cancelled')
  })

  test('says which addresses the API server lets in, for when it does not answer', async () => {
    const bed = await startAks({
      nodes: [{ name: 'n', ready: false }],
      azure: { clusters: [{ name: 'shop', authorizedIpRanges: ['192.0.2.0/24'] }] },
    })
    if (bed.azure === undefined) throw new Error('there is no Azure')
    trust(bed.azure.ca.certificate)
    const { hint } = await connect(bed.azure)
    expect(hint).toMatch(/192\.0\.2\.0\/24/)
    await bed.stop()
  })
})
