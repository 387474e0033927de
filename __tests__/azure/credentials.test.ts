import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { load } from 'js-yaml'
import { type SmallAzure, startAzure } from '../aks/azure/azure.ts'
import { AKS_SERVER_APP } from '../aks/azure/directory.ts'
import { readJwt } from '../aks/azure/jwt.ts'
import { connect, createRecorder, trust } from './support.ts'

interface Kubeconfig {
  clusters: { cluster: Record<string, string> }[]
  users: { user: Record<string, string> }[]
}

let azure: SmallAzure

beforeAll(async () => {
  azure = await startAzure({
    clusters: [
      { name: 'entra' },
      { name: 'certificates', entra: false },
      { name: 'locked', localAccountsDisabled: true },
    ],
  })
  trust(azure.ca.certificate)
})

afterAll(async () => azure.stop())

const asked = (what: string) => azure.calls.filter(({ path }) => path.endsWith(`/${what}`))
const parse = (kubeconfig: string) => load(kubeconfig) as Kubeconfig

describe('the credentials of a cluster with Entra ID', () => {
  test('are the address and the authority of ARM, without the program that would ask for a token', async () => {
    const { kubeconfig } = await connect(azure, { name: 'entra' })
    const { clusters, users } = parse(kubeconfig)
    expect(clusters[0]?.cluster.server).toBe('https://127.0.0.1:1')
    const authority = Buffer.from(
      clusters[0]?.cluster['certificate-authority-data'] ?? '',
      'base64',
    ).toString()
    expect(authority).toBe(azure.ca.certificate)
    expect(users).toEqual([{ name: 'entra', user: {} }])
    expect(kubeconfig).not.toMatch(/exec|kubelogin|devicecode/)
  })

  test('come with tokens for the AKS server application', async () => {
    const { tokenSource } = await connect(azure, { name: 'entra' })
    const token = await tokenSource?.()
    const claims = readJwt(token?.token ?? '')?.claims
    expect(claims?.aud).toBe(AKS_SERVER_APP)
    expect(token?.expiresAt).toBeGreaterThan(Date.now() + 3_500_000)
    expect(azure.directory.authenticate(token?.token ?? '')).toMatchObject({ name: claims?.oid })
  })

  test('are asked for in the form exec', async () => {
    azure.calls.length = 0
    await connect(azure, { name: 'entra' })
    expect(asked('listClusterUserCredential').map(({ query }) => query.format)).toEqual(['exec'])
    expect(asked('listClusterAdminCredential')).toEqual([])
  })

  test('work when local accounts are disabled', async () => {
    await expect(connect(azure, { name: 'locked' })).resolves.toMatchObject({
      tokenSource: expect.any(Function),
    })
  })
})

describe('the credentials of a cluster without Entra ID', () => {
  test('are its client certificate; its key and token are masked, and no token is asked for', async () => {
    const recorder = createRecorder()
    const { kubeconfig, tokenSource } = await connect(azure, { name: 'certificates' }, recorder)
    const user = parse(kubeconfig).users[0]?.user ?? {}
    expect(Object.keys(user).sort()).toEqual(['client-certificate-data', 'client-key-data', 'token'])
    expect(tokenSource).toBeUndefined()
    expect(recorder.masked).toEqual(expect.arrayContaining([user['client-key-data'], user.token]))
  })
})

describe('the admin credentials', () => {
  test('are asked for only with admin: true', async () => {
    azure.calls.length = 0
    const { kubeconfig, tokenSource } = await connect(azure, { name: 'entra', admin: true })
    expect(asked('listClusterAdminCredential')).toHaveLength(1)
    expect(parse(kubeconfig).users[0]?.user['client-key-data']).toBeDefined()
    expect(tokenSource).toBeUndefined()
  })

  test('are told not to be there when local accounts are disabled, without asking for them', async () => {
    azure.calls.length = 0
    await expect(connect(azure, { name: 'locked', admin: true })).rejects.toMatchObject({
      message: expect.stringMatching(/local accounts disabled/),
      next: expect.stringMatching(/Leave out `admin: true`/),
    })
    expect(asked('listClusterAdminCredential')).toEqual([])
  })

  test('are told not to be there when ARM is the one who knows', async () => {
    const body = {
      error: {
        code: 'BadRequest',
        message:
          "Getting static credential isn't allowed because this cluster is set to disable local accounts.",
      },
    }
    azure.misbehave({ which: 'arm', path: /listClusterAdmin/, times: 1, do: { status: 400, body } })
    await expect(connect(azure, { name: 'entra', admin: true })).rejects.toThrow(/local accounts disabled/)
  })
})

describe('credentials that ARM does not give', () => {
  test('are a matter of one action and one role, which are named', async () => {
    const [application] = azure.directory.applications
    if (application === undefined) throw new Error('no application')
    application.actions = ['Microsoft.ContainerService/managedClusters/read']
    await expect(connect(azure, { name: 'entra' })).rejects.toMatchObject({
      message: expect.stringMatching(
        /lacks the right Microsoft\.ContainerService\/managedClusters\/listClusterUserCredential\/action on \/subscriptions\/.*\/managedClusters\/entra/,
      ),
      next: expect.stringMatching(/"Azure Kubernetes Service Cluster User Role"/),
    })
    await expect(connect(azure, { name: 'entra', admin: true })).rejects.toMatchObject({
      next: expect.stringMatching(/"Azure Kubernetes Service Cluster Admin Role"/),
    })
    delete application.actions
  })

  test.each([
    ['nothing', ''],
    ['no YAML', '{{{'],
    ['a list', '- a'],
    [
      'a context without a cluster',
      JSON.stringify({ 'current-context': 'x', contexts: [{ name: 'x', context: {} }] }),
    ],
  ])('are told when the kubeconfig is %s', async (_what, content) => {
    const body = { kubeconfigs: [{ name: 'clusterUser', value: Buffer.from(content).toString('base64') }] }
    azure.misbehave({ which: 'arm', path: /listClusterUser/, times: 1, do: { status: 200, body } })
    await expect(connect(azure, { name: 'entra' })).rejects.toThrow(/names no cluster and user/)
  })

  test('are told when the kubeconfig starts another program than kubelogin', async () => {
    const content = JSON.stringify({
      'current-context': 'x',
      contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
      clusters: [{ name: 'x', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'x', user: { exec: { command: '/tmp/evil' } } }],
    })
    const body = { kubeconfigs: [{ name: 'clusterUser', value: Buffer.from(content).toString('base64') }] }
    azure.misbehave({ which: 'arm', path: /listClusterUser/, times: 1, do: { status: 200, body } })
    await expect(connect(azure, { name: 'entra' })).rejects.toThrow(/starts the program \/tmp\/evil/)
  })
})
