import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { kubeloginTokens } from '../../src/azure/connect-aks.ts'
import { AKS_SERVER_ID, cloudOf, isKubelogin, serverIdOf, tenantOf } from '../../src/azure/kubelogin.ts'
import { installAz } from '../aks/azure/az.ts'
import { type SmallAzure, startAzure } from '../aks/azure/azure.ts'
import { readJwt } from '../aks/azure/jwt.ts'
import { aksOptions, depsFor, trust } from './support.ts'

const OTHER = '12345678-1234-1234-1234-123456789012'

describe('the exec section of a kubeconfig', () => {
  test.each(['kubelogin', '/usr/local/bin/kubelogin', 'C:\\tools\\kubelogin.exe'])(
    'starts kubelogin as %s',
    (command) => {
      expect(isKubelogin({ command })).toBe(true)
    },
  )

  test.each(['kubelogin-fake', '/kubelogin/other', 'gke-gcloud-auth-plugin', undefined])(
    'does not as %p',
    (command) => {
      expect(isKubelogin({ command })).toBe(false)
    },
  )

  test.each([
    [{ args: ['get-token', '--server-id', OTHER] }, OTHER],
    [{ args: ['get-token', `--server-id=${OTHER}`] }, OTHER],
    [{ env: [{ name: 'AAD_SERVICE_PRINCIPAL_SERVER_ID', value: OTHER }] }, OTHER],
    [{ config: { 'apiserver-id': OTHER } }, OTHER],
    [{ args: ['get-token', '--server-id', 'evil/.default openid'] }, AKS_SERVER_ID],
    [{}, AKS_SERVER_ID],
  ])('names the server application: %j', (exec, id) => {
    expect(serverIdOf(exec)).toBe(id)
  })

  test.each([
    ['AzurePublicCloud', 'public'],
    ['AzureUSGovernmentCloud', 'us-government'],
    ['AzureChinaCloud', 'china'],
    ['AzureStackCloud', undefined],
  ])('names the cloud: %s', (name, cloud) => {
    expect(cloudOf({ args: ['get-token', '--environment', name] })).toBe(cloud)
  })
})

describe('the tenant in a kubeconfig', () => {
  test.each([
    [{ args: ['get-token', '--tenant-id', OTHER] }, OTHER],
    [{ args: ['get-token', '-t', 'contoso.onmicrosoft.com'] }, 'contoso.onmicrosoft.com'],
    [{ config: { 'tenant-id': OTHER } }, OTHER],
    [{ args: ['get-token', '--tenant-id', '--help; rm -rf /'] }, undefined],
    [{}, undefined],
  ])('is read out of %j', (section, tenant) => {
    expect(tenantOf(section)).toBe(tenant)
  })
})

describe('a kubeconfig of the user that would start kubelogin', () => {
  let azure: SmallAzure

  beforeAll(async () => {
    azure = await startAzure()
    trust(azure.ca.certificate)
  })

  afterAll(async () => azure.stop())

  test('is served in this process: a token for its server application, and no call to ARM', async () => {
    const exec = {
      command: 'kubelogin',
      args: ['get-token', '--server-id', AKS_SERVER_ID, '--login', 'devicecode'],
    }
    const tokens = await kubeloginTokens(exec, aksOptions(azure), depsFor(azure.environment()))
    const { token } = await tokens()
    expect(readJwt(token)?.claims.aud).toBe(AKS_SERVER_ID)
    expect(azure.calls.map(({ which }) => which)).toEqual(['oidc', 'entra', 'entra'])
  })

  test('asks the session of the Azure CLI for the tenant that it names', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kubelogin-test-'))
    const path = process.env.PATH
    const [as] = azure.directory.applications
    if (as === undefined) throw new Error('no application')
    as.secret = 'of the session'
    await writeFile(join(folder, 'ca.pem'), azure.ca.certificate)
    const session = { as, tenantId: azure.tenantId, authority: azure.entra, caFile: join(folder, 'ca.pem') }
    await installAz(folder, session)
    process.env.PATH = `${folder}${delimiter}${path ?? ''}`
    const options = aksOptions(azure, { clientId: '', tenantId: '' })
    const exec = (tenant: string) => ({ command: 'kubelogin', args: ['get-token', '--tenant-id', tenant] })
    try {
      const tokens = await kubeloginTokens(exec(azure.tenantId), options, depsFor(azure.environment()))
      expect(readJwt((await tokens()).token)?.claims).toMatchObject({
        aud: AKS_SERVER_ID,
        tid: azure.tenantId,
      })
      const other = kubeloginTokens(exec(OTHER), options, depsFor(azure.environment()))
      await expect(other).rejects.toThrow(/the session has no tenant/)
    } finally {
      process.env.PATH = path
      await rm(folder, { recursive: true, force: true })
    }
  })
})
