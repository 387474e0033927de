import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, jest, test } from '@jest/globals'
import { type AzureAks, azureCluster, checkAzure } from './azure-support.ts'
import { answeringNodes } from './runs.ts'
import { check } from './support.ts'
import { startTrace, type Trace } from './trace.ts'

jest.setTimeout(120_000)

/** Whether a file that was loaded holds the classes that sign in to Azure or talk to ARM. */
const isAzure = (url: string) =>
  url.startsWith('file:') &&
  /ClientAssertionCredential|ContainerServiceClient/.test(readFileSync(fileURLToPath(url), 'utf8'))

function azureCodeOf(trace: Trace): string[] {
  return trace.loaded().filter(isAzure)
}

describe('a kubeconfig', () => {
  test('alone loads none of the code for Azure, which a cluster in Azure does', async () => {
    await using aks = await azureCluster({}, { nodes: await answeringNodes('a') })
    using alone = startTrace()
    using inAzure = startTrace()
    const run = await check(aks, {}, { env: alone.env })
    await checkAzure(aks, {}, { env: inAzure.env })
    expect(run.outputs.verdict).toBe('healthy')
    expect(azureCodeOf(alone)).toEqual([])
    expect(azureCodeOf(inAzure)).not.toEqual([])
    expect(alone.connections()).toEqual([new URL(aks.server).host])
  })

  test('with a kubelogin entry is served without that program, and nobody is asked', async () => {
    await using aks = await azureCluster({}, { nodes: await answeringNodes('a') })
    using trace = startTrace()
    const [application] = aks.azure.directory.applications
    const run = await check(
      aks,
      {
        kubeconfig: kubeloginConfig(aks),
        'client-id': application?.clientId ?? '',
        'tenant-id': aks.azure.tenantId,
      },
      { env: { ...aks.azure.environment(), ...trace.env } },
    )
    expect(run.outputs.verdict).toBe('healthy')
    expect(run.log).toContain('fetched from Entra ID without that program, and nobody is asked')
    expect(trace.programs()).toEqual([])
    expect(aks.azure.calls.filter(({ which }) => which === 'arm')).toEqual([])
    expect(new Set(aks.requests.map(({ user }) => user))).toEqual(
      new Set(['0b1ec700-bbbb-cccc-dddd-eeeeeeeeeeee']),
    )
  })
})

function kubeloginConfig({ server, ca }: AzureAks): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'shop',
    clusters: [
      {
        name: 'shop',
        cluster: { server, 'certificate-authority-data': Buffer.from(ca.certificate).toString('base64') },
      },
    ],
    contexts: [{ name: 'shop', context: { cluster: 'shop', user: 'me' } }],
    users: [
      {
        name: 'me',
        user: {
          exec: {
            apiVersion: 'client.authentication.k8s.io/v1beta1',
            command: 'kubelogin',
            args: [
              'get-token',
              '--login',
              'devicecode',
              '--server-id',
              '6dae42f8-4368-4678-94ff-3960e28e3630',
            ],
          },
        },
      },
    ],
  })
}
