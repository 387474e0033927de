import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { createKeys } from '../aks/azure/jwt.ts'
import { IDENTITY_HEADER } from '../aks/azure/metadata.ts'
import { jobToken } from '../aks/azure/oidc.ts'
import { clientCertificate } from './client-certificate.ts'
import {
  CLIENT,
  type IdentityBed,
  SECRET,
  startIdentityBed,
  WORKLOAD_ISSUER,
  WORKLOAD_SUBJECT,
} from './identity-bed.ts'
import { createRecorder } from './support.ts'

let bed: IdentityBed

beforeAll(async () => {
  bed = await startIdentityBed()
})

afterEach(() => bed.reset())

afterAll(async () => bed.stop())

describe('signing in with what the environment has', () => {
  test('gets a token with a secret, which is masked first', async () => {
    const recorder = createRecorder()
    const secret = {
      AZURE_TENANT_ID: bed.azure.tenantId,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_CLIENT_SECRET: SECRET,
    }
    const { identity, claims } = await bed.signInWith(bed.environment(secret), recorder)
    expect(identity.kind).toBe('client-secret')
    expect(claims?.appid).toBe(CLIENT)
    expect(recorder.masked[0]).toBe(SECRET)
    expect(recorder.lines.join('\n')).not.toContain(SECRET)
  })

  test('does not go on to somebody else when the secret is wrong', async () => {
    const secret = {
      AZURE_TENANT_ID: bed.azure.tenantId,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_CLIENT_SECRET: 'wrong',
    }
    await expect(bed.signInWith(bed.environment(secret))).rejects.toThrow(
      /secret for the application .* is wrong/,
    )
  })

  test('gets a token with a certificate', async () => {
    const file = join(bed.folder, 'client.pem')
    await writeFile(file, bed.certificate.certificate + bed.certificate.key)
    const given = {
      AZURE_TENANT_ID: bed.azure.tenantId,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_CLIENT_CERTIFICATE_PATH: file,
    }
    const { identity, claims } = await bed.signInWith(bed.environment(given))
    expect(identity.kind).toBe('client-certificate')
    expect(claims?.appid).toBe(CLIENT)
  })

  test('says so when the certificate is not one of the application', async () => {
    const file = join(bed.folder, 'other.pem')
    const other = clientCertificate()
    await writeFile(file, other.certificate + other.key)
    const given = {
      AZURE_TENANT_ID: bed.azure.tenantId,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_CLIENT_CERTIFICATE_PATH: file,
    }
    await expect(bed.signInWith(bed.environment(given))).rejects.toThrow(/AADSTS700027/)
  })

  test('says so when the file of the certificate is not there', async () => {
    const given = {
      AZURE_TENANT_ID: bed.azure.tenantId,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_CLIENT_CERTIFICATE_PATH: join(bed.folder, 'none.pem'),
    }
    await expect(bed.signInWith(bed.environment(given))).rejects.toMatchObject({
      name: 'UserError',
      next: expect.stringMatching(/AZURE_CLIENT_CERTIFICATE_PATH/),
    })
  })

  test('gets a token with workload identity', async () => {
    const keys = createKeys()
    bed.azure.directory.issuers.set(WORKLOAD_ISSUER, keys.publicKey)
    const file = join(bed.folder, 'token')
    const token = jobToken(keys, 'api://AzureADTokenExchange', { subject: WORKLOAD_SUBJECT }, WORKLOAD_ISSUER)
    await writeFile(file, token)
    const given = {
      AZURE_TENANT_ID: bed.azure.tenantId,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_FEDERATED_TOKEN_FILE: file,
    }
    const { identity, claims } = await bed.signInWith(bed.environment(given))
    expect(identity.kind).toBe('workload-identity')
    expect(claims?.appid).toBe(CLIENT)
  })

  test('gets a token from the metadata service of a self-hosted machine', async () => {
    process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = bed.azure.metadata
    const given = { RUNNER_ENVIRONMENT: 'self-hosted', AZURE_POD_IDENTITY_AUTHORITY_HOST: bed.azure.metadata }
    const { identity, claims } = await bed.signInWith(bed.environment(given))
    expect(identity.kind).toBe('managed-identity')
    expect(claims).toMatchObject({ appid: CLIENT, aud: bed.azure.armEndpoint })
    expect(bed.azure.calls.map(({ which, path }) => [which, path])).toEqual([
      ['metadata', '/metadata/identity/oauth2/token/'],
    ])
  })

  test('gets a token from the endpoint of App Service', async () => {
    const given = {
      RUNNER_ENVIRONMENT: 'self-hosted',
      IDENTITY_ENDPOINT: `${bed.azure.metadata}/msi/token`,
      IDENTITY_HEADER,
    }
    Object.assign(process.env, given)
    const recorder = createRecorder()
    const { identity, claims } = await bed.signInWith(bed.environment(given), recorder)
    expect(identity.kind).toBe('managed-identity')
    expect(claims?.appid).toBe(CLIENT)
    expect(recorder.masked).toContain(IDENTITY_HEADER)
  })

  test('asks no metadata address on a hosted runner, and lists every way with its reason', async () => {
    const tried = bed.signInWith(bed.environment())
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
