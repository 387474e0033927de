import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Environment } from '../../src/azure/clouds.ts'
import { signIn } from '../../src/azure/identity.ts'
import { type AzSession, installAz } from '../aks/azure/az.ts'
import { type SmallAzure, startAzure } from '../aks/azure/azure.ts'
import { GITHUB_ISSUER } from '../aks/azure/directory.ts'
import { createKeys, readJwt } from '../aks/azure/jwt.ts'
import { IDENTITY_HEADER } from '../aks/azure/metadata.ts'
import { jobToken } from '../aks/azure/oidc.ts'
import { clientCertificate } from './client-certificate.ts'
import { createRecorder, depsFor, identityOptions, type Recorder, trust } from './support.ts'

const CLIENT = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee'
const SECRET = 'a secret of many words'
const certificate = clientCertificate()

let azure: SmallAzure
let folder: string
const path = process.env.PATH

beforeAll(async () => {
  azure = await startAzure({
    applications: [
      {
        clientId: CLIENT,
        secret: SECRET,
        certificate: certificate.certificate,
        federated: [
          {
            issuer: GITHUB_ISSUER,
            subject: 'repo:octo/shop:ref:refs/heads/main',
            audience: 'api://AzureADTokenExchange',
          },
          {
            issuer: 'https://cluster.example/oidc',
            subject: 'system:serviceaccount:ci:runner',
            audience: 'api://AzureADTokenExchange',
          },
        ],
      },
    ],
  })
  trust(azure.ca.certificate)
  folder = await mkdtemp(join(tmpdir(), 'identity-test-'))
})

afterAll(async () => {
  await azure.stop()
  await rm(folder, { recursive: true, force: true })
})

afterEach(() => {
  process.env.PATH = path
  for (const name of ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER', 'AZURE_POD_IDENTITY_AUTHORITY_HOST'])
    delete process.env[name]
  azure.calls.length = 0
})

/** Environment of a job that has this and no Azure CLI. */
function environment(more: Environment = {}): Environment {
  process.env.PATH = folder
  return { ...azure.environment(), ...more }
}

async function withAz(session: AzSession): Promise<Environment> {
  const bin = await mkdtemp(join(folder, 'bin-'))
  await installAz(bin, session)
  process.env.PATH = `${bin}${delimiter}${path ?? ''}`
  return azure.environment()
}

/** Signs in without client-id and tool-given tenant, and gives the claims of the token for ARM. */
async function signInWith(environment: Environment, recorder: Recorder = createRecorder(), inputs = false) {
  const options = identityOptions(azure, environment, inputs ? {} : { clientId: '', tenantId: '' })
  const identity = await signIn(options, depsFor(environment, recorder))
  const { token } = await identity.tokens(options.cloud.armScope)()
  return { identity, claims: readJwt(token)?.claims }
}

describe("signing in with the job's identity token", () => {
  test('gets a token for ARM that the directory issued to the application', async () => {
    const { identity, claims } = await signInWith(environment(), createRecorder(), true)
    expect(identity.kind).toBe('oidc')
    expect(claims).toMatchObject({ appid: CLIENT, aud: azure.armEndpoint, tid: azure.tenantId })
  })

  test('comes before everything else that is there', async () => {
    const there = await withAz({
      as: azure.directory.applications[0] ?? { clientId: '' },
      tenantId: azure.tenantId,
      authority: azure.entra,
      caFile: '/none',
    })
    const secret = { AZURE_TENANT_ID: azure.tenantId, AZURE_CLIENT_ID: CLIENT, AZURE_CLIENT_SECRET: SECRET }
    const { identity } = await signInWith({ ...there, ...secret }, createRecorder(), true)
    expect(identity.kind).toBe('oidc')
  })

  test('asks the runner once for each token, although the library asks twice', async () => {
    await signInWith(environment(), createRecorder(), true)
    expect(azure.calls.filter(({ which }) => which === 'oidc')).toHaveLength(1)
    expect(azure.calls.filter(({ which, method }) => which === 'entra' && method === 'POST')).toHaveLength(1)
  })

  test('asks the runner for a fresh identity token when a later token is needed', async () => {
    const given = environment()
    let now = Date.now()
    const deps = { ...depsFor(given), now: () => now }
    const identity = await signIn(identityOptions(azure, given), deps)
    now += 10 * 60_000
    azure.calls.length = 0
    await identity.tokens('6dae42f8-4368-4678-94ff-3960e28e3630/.default')()
    expect(azure.calls.map(({ which }) => which)).toEqual(['oidc', 'entra'])
  })

  test('masks the tokens that it gets', async () => {
    const recorder = createRecorder()
    const { identity } = await signInWith(environment(), recorder, true)
    const { token } = await identity.tokens(`${azure.armEndpoint}/.default`)()
    expect(recorder.masked).toContain(token)
  })

  test('sends the audience that the user wants', async () => {
    const given = environment()
    const options = identityOptions(azure, given, { oidcAudience: 'api://other' })
    await expect(signIn(options, depsFor(given))).rejects.toThrow(/AADSTS700212/)
    expect(azure.calls.find(({ which }) => which === 'oidc')?.query.audience).toBe('api://other')
  })

  test('says which permission the job lacks', async () => {
    const given = azure.environment({ idToken: false })
    const tried = signIn(identityOptions(azure, given), depsFor(given))
    await expect(tried).rejects.toThrow('permissions: id-token: write')
    expect(azure.calls).toEqual([])
  })

  test('needs a job, and says so outside of one', async () => {
    const given = { ...azure.environment({ idToken: false }), GITHUB_ACTIONS: undefined }
    const tried = signIn(identityOptions(azure, given), depsFor(given))
    await expect(tried).rejects.toThrow(/this is not one/)
  })

  test('names no other host than those of its cloud', async () => {
    await signInWith(environment(), createRecorder(), true)
    const own = [azure.entra, azure.oidc].map((origin) => new URL(origin).host)
    expect(azure.calls.map(({ host }) => host).filter((host) => !own.includes(host))).toEqual([])
  })
})

describe('signing in with the Azure CLI session', () => {
  const session = () => ({
    as: azure.directory.applications[0] ?? { clientId: '' },
    tenantId: azure.tenantId,
    authority: azure.entra,
    caFile: join(folder, 'ca.pem'),
  })

  test('gets a token for ARM and starts az once for it', async () => {
    await writeFile(join(folder, 'ca.pem'), azure.ca.certificate)
    const { identity, claims } = await signInWith(await withAz(session()))
    expect(identity.kind).toBe('azure-cli')
    expect(claims).toMatchObject({ appid: CLIENT, aud: azure.armEndpoint })
    expect(azure.calls.filter(({ which }) => which === 'entra')).toHaveLength(1)
  })

  test('comes before a secret in the environment, and the log says why nothing came before it', async () => {
    await writeFile(join(folder, 'ca.pem'), azure.ca.certificate)
    const recorder = createRecorder()
    const secret = { AZURE_TENANT_ID: azure.tenantId, AZURE_CLIENT_ID: CLIENT, AZURE_CLIENT_SECRET: SECRET }
    const { identity } = await signInWith({ ...(await withAz(session())), ...secret }, recorder)
    expect(identity.kind).toBe('azure-cli')
    expect(recorder.lines).toEqual([
      'Signed in to Azure with the Azure CLI session.',
      'Not used: oidc: no client-id and tenant-id are given.',
    ])
  })

  test('is passed over when nobody is logged in', async () => {
    const secret = { AZURE_TENANT_ID: azure.tenantId, AZURE_CLIENT_ID: CLIENT, AZURE_CLIENT_SECRET: SECRET }
    const recorder = createRecorder()
    const { identity } = await signInWith({ ...(await withAz('logged-out')), ...secret }, recorder)
    expect(identity.kind).toBe('client-secret')
    expect(recorder.lines[1]).toContain('azure-cli: nobody is logged in with az')
  })

  test('is not passed over when it has outlived its identity token: the way out is named', async () => {
    const secret = { AZURE_TENANT_ID: azure.tenantId, AZURE_CLIENT_ID: CLIENT, AZURE_CLIENT_SECRET: SECRET }
    const tried = signInWith({ ...(await withAz('outlived')), ...secret })
    await expect(tried).rejects.toMatchObject({
      message: expect.stringMatching(/outlived its identity token.*AADSTS700024/),
      next: expect.stringMatching(/client-id and tenant-id/),
    })
  })
})

describe('signing in with what the environment has', () => {
  test('gets a token with a secret, which is masked first', async () => {
    const recorder = createRecorder()
    const secret = { AZURE_TENANT_ID: azure.tenantId, AZURE_CLIENT_ID: CLIENT, AZURE_CLIENT_SECRET: SECRET }
    const { identity, claims } = await signInWith(environment(secret), recorder)
    expect(identity.kind).toBe('client-secret')
    expect(claims?.appid).toBe(CLIENT)
    expect(recorder.masked[0]).toBe(SECRET)
    expect(recorder.lines.join('\n')).not.toContain(SECRET)
  })

  test('does not go on to somebody else when the secret is wrong', async () => {
    const secret = { AZURE_TENANT_ID: azure.tenantId, AZURE_CLIENT_ID: CLIENT, AZURE_CLIENT_SECRET: 'wrong' }
    await expect(signInWith(environment(secret))).rejects.toThrow(/secret for the application .* is wrong/)
  })

  test('gets a token with a certificate', async () => {
    const file = join(folder, 'client.pem')
    await writeFile(file, certificate.certificate + certificate.key)
    const given = {
      AZURE_TENANT_ID: azure.tenantId,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_CLIENT_CERTIFICATE_PATH: file,
    }
    const { identity, claims } = await signInWith(environment(given))
    expect(identity.kind).toBe('client-certificate')
    expect(claims?.appid).toBe(CLIENT)
  })

  test('says so when the certificate is not one of the application', async () => {
    const file = join(folder, 'other.pem')
    const other = clientCertificate()
    await writeFile(file, other.certificate + other.key)
    const given = {
      AZURE_TENANT_ID: azure.tenantId,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_CLIENT_CERTIFICATE_PATH: file,
    }
    await expect(signInWith(environment(given))).rejects.toThrow(/AADSTS700027/)
  })

  test('says so when the file of the certificate is not there', async () => {
    const given = {
      AZURE_TENANT_ID: azure.tenantId,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_CLIENT_CERTIFICATE_PATH: join(folder, 'none.pem'),
    }
    await expect(signInWith(environment(given))).rejects.toMatchObject({
      name: 'UserError',
      next: expect.stringMatching(/AZURE_CLIENT_CERTIFICATE_PATH/),
    })
  })

  test('gets a token with workload identity', async () => {
    const keys = createKeys()
    azure.directory.issuers.set('https://cluster.example/oidc', keys.publicKey)
    const file = join(folder, 'token')
    const token = jobToken(
      keys,
      'api://AzureADTokenExchange',
      { subject: 'system:serviceaccount:ci:runner' },
      'https://cluster.example/oidc',
    )
    await writeFile(file, token)
    const given = {
      AZURE_TENANT_ID: azure.tenantId,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_FEDERATED_TOKEN_FILE: file,
    }
    const { identity, claims } = await signInWith(environment(given))
    expect(identity.kind).toBe('workload-identity')
    expect(claims?.appid).toBe(CLIENT)
  })

  test('gets a token from the metadata service of a self-hosted machine', async () => {
    process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = azure.metadata
    const given = { RUNNER_ENVIRONMENT: 'self-hosted', AZURE_POD_IDENTITY_AUTHORITY_HOST: azure.metadata }
    const { identity, claims } = await signInWith(environment(given))
    expect(identity.kind).toBe('managed-identity')
    expect(claims).toMatchObject({ appid: CLIENT, aud: azure.armEndpoint })
    expect(azure.calls.map(({ which, path }) => [which, path])).toEqual([
      ['metadata', '/metadata/identity/oauth2/token/'],
    ])
  })

  test('gets a token from the endpoint of App Service', async () => {
    const given = {
      RUNNER_ENVIRONMENT: 'self-hosted',
      IDENTITY_ENDPOINT: `${azure.metadata}/msi/token`,
      IDENTITY_HEADER,
    }
    Object.assign(process.env, given)
    const recorder = createRecorder()
    const { identity, claims } = await signInWith(environment(given), recorder)
    expect(identity.kind).toBe('managed-identity')
    expect(claims?.appid).toBe(CLIENT)
    expect(recorder.masked).toContain(IDENTITY_HEADER)
  })

  test('asks no metadata address on a hosted runner, and lists every way with its reason', async () => {
    const tried = signInWith(environment())
    await expect(tried).rejects.toMatchObject({
      name: 'UserError',
      message: [
        'There is no way to sign in to Azure:',
        '  oidc: no client-id and tenant-id are given',
        '  azure-cli: az is not installed',
        '  client-secret: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET are not set',
        '  client-certificate: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_CERTIFICATE_PATH are not set',
        '  workload-identity: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE are not set',
        '  managed-identity: a GitHub-hosted runner has none',
      ].join('\n'),
    })
  })
})
