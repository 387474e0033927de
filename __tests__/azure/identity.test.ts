import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { signIn } from '../../src/azure/identity.ts'
import { CLIENT, type IdentityBed, SECRET, startIdentityBed } from './identity-bed.ts'
import { createRecorder, depsFor, identityOptions } from './support.ts'

let bed: IdentityBed

beforeAll(async () => {
  bed = await startIdentityBed()
})

afterEach(() => bed.reset())

afterAll(async () => bed.stop())

describe("signing in with the job's identity token", () => {
  test('gets a token for ARM that the directory issued to the application', async () => {
    const { identity, claims } = await bed.signInWith(bed.environment(), createRecorder(), true)
    expect(identity.kind).toBe('oidc')
    expect(claims).toMatchObject({ appid: CLIENT, aud: bed.azure.armEndpoint, tid: bed.azure.tenantId })
  })

  test('comes before everything else that is there', async () => {
    const there = await bed.withAz({
      as: bed.azure.directory.applications[0] ?? { clientId: '' },
      tenantId: bed.azure.tenantId,
      authority: bed.azure.entra,
      caFile: '/none',
    })
    const secret = {
      AZURE_TENANT_ID: bed.azure.tenantId,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_CLIENT_SECRET: SECRET,
    }
    const { identity } = await bed.signInWith({ ...there, ...secret }, createRecorder(), true)
    expect(identity.kind).toBe('oidc')
  })

  test('asks the runner once for each token, although the library asks twice', async () => {
    await bed.signInWith(bed.environment(), createRecorder(), true)
    expect(bed.azure.calls.filter(({ which }) => which === 'oidc')).toHaveLength(1)
    expect(
      bed.azure.calls.filter(({ which, method }) => which === 'entra' && method === 'POST'),
    ).toHaveLength(1)
  })

  test('asks the runner for a fresh identity token when a later token is needed', async () => {
    const given = bed.environment()
    let now = Date.now()
    const deps = { ...depsFor(given), now: () => now }
    const identity = await signIn(identityOptions(bed.azure, given), deps)
    now += 10 * 60_000
    bed.azure.calls.length = 0
    await identity.tokens('6dae42f8-4368-4678-94ff-3960e28e3630/.default')()
    expect(bed.azure.calls.map(({ which }) => which)).toEqual(['oidc', 'entra'])
  })

  test('masks the tokens that it gets', async () => {
    const recorder = createRecorder()
    const { identity } = await bed.signInWith(bed.environment(), recorder, true)
    const { token } = await identity.tokens(`${bed.azure.armEndpoint}/.default`)()
    expect(recorder.masked).toContain(token)
  })

  test('sends the audience that the user wants', async () => {
    const given = bed.environment()
    const options = identityOptions(bed.azure, given, { oidcAudience: 'api://other' })
    await expect(signIn(options, depsFor(given))).rejects.toThrow(/AADSTS700212/)
    expect(bed.azure.calls.find(({ which }) => which === 'oidc')?.query.audience).toBe('api://other')
  })

  test('says which permission the job lacks', async () => {
    const given = bed.azure.environment({ idToken: false })
    const tried = signIn(identityOptions(bed.azure, given), depsFor(given))
    await expect(tried).rejects.toThrow('permissions: id-token: write')
    expect(bed.azure.calls).toEqual([])
  })

  test('needs a job, and says so outside of one', async () => {
    const given = { ...bed.azure.environment({ idToken: false }), GITHUB_ACTIONS: undefined }
    const tried = signIn(identityOptions(bed.azure, given), depsFor(given))
    await expect(tried).rejects.toThrow(/this is not one/)
  })

  test('names no other host than those of its cloud', async () => {
    await bed.signInWith(bed.environment(), createRecorder(), true)
    const own = [bed.azure.entra, bed.azure.oidc].map((origin) => new URL(origin).host)
    expect(bed.azure.calls.map(({ host }) => host).filter((host) => !own.includes(host))).toEqual([])
  })
})

describe('signing in with the Azure CLI session', () => {
  const session = () => ({
    as: bed.azure.directory.applications[0] ?? { clientId: '' },
    tenantId: bed.azure.tenantId,
    authority: bed.azure.entra,
    caFile: join(bed.folder, 'ca.pem'),
  })

  test('gets a token for ARM and starts az once for it', async () => {
    await writeFile(join(bed.folder, 'ca.pem'), bed.azure.ca.certificate)
    const { identity, claims } = await bed.signInWith(await bed.withAz(session()))
    expect(identity.kind).toBe('azure-cli')
    expect(claims).toMatchObject({ appid: CLIENT, aud: bed.azure.armEndpoint })
    expect(bed.azure.calls.filter(({ which }) => which === 'entra')).toHaveLength(1)
  })

  test('comes before a secret in the environment, and the log says why nothing came before it', async () => {
    await writeFile(join(bed.folder, 'ca.pem'), bed.azure.ca.certificate)
    const recorder = createRecorder()
    const secret = {
      AZURE_TENANT_ID: bed.azure.tenantId,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_CLIENT_SECRET: SECRET,
    }
    const { identity } = await bed.signInWith({ ...(await bed.withAz(session())), ...secret }, recorder)
    expect(identity.kind).toBe('azure-cli')
    expect(recorder.lines).toEqual([
      'Signed in to Azure with the Azure CLI session.',
      'Not used: oidc: no client-id and tenant-id are given.',
    ])
  })

  test('is passed over when nobody is logged in', async () => {
    const secret = {
      AZURE_TENANT_ID: bed.azure.tenantId,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_CLIENT_SECRET: SECRET,
    }
    const recorder = createRecorder()
    const { identity } = await bed.signInWith({ ...(await bed.withAz('logged-out')), ...secret }, recorder)
    expect(identity.kind).toBe('client-secret')
    expect(recorder.lines[1]).toContain('azure-cli: nobody is logged in with az')
  })

  test('is not passed over when it has outlived its identity token: the way out is named', async () => {
    const secret = {
      AZURE_TENANT_ID: bed.azure.tenantId,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_CLIENT_SECRET: SECRET,
    }
    const tried = bed.signInWith({ ...(await bed.withAz('outlived')), ...secret })
    await expect(tried).rejects.toMatchObject({
      message: expect.stringMatching(/outlived its identity token.*AADSTS700024/),
      next: expect.stringMatching(/client-id and tenant-id/),
    })
  })
})
