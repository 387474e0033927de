import { describe, expect, test } from '@jest/globals'
import { azureCloud } from '../../src/azure/clouds.ts'
import { UserError } from '../../src/errors.ts'

describe('the endpoints of a cloud', () => {
  test.each([
    ['public', 'login.microsoftonline.com', 'management.azure.com', 'api://AzureADTokenExchange'],
    [
      'us-government',
      'login.microsoftonline.us',
      'management.usgovcloudapi.net',
      'api://AzureADTokenExchangeUSGov',
    ],
    ['china', 'login.chinacloudapi.cn', 'management.chinacloudapi.cn', 'api://AzureADTokenExchangeChina'],
  ] as const)('go together for %s', (name, login, management, audience) => {
    expect(azureCloud(name, {})).toEqual({
      name,
      authorityHost: `https://${login}`,
      armEndpoint: `https://${management}`,
      armScope: `https://${management}/.default`,
      oidcAudience: audience,
    })
  })

  test('come from the environment for a cloud of its own, and the token is for that endpoint', () => {
    const cloud = azureCloud('public', {
      AZURE_AUTHORITY_HOST: 'https://login.local.azurestack.external/',
      AZURE_RESOURCE_MANAGER_ENDPOINT: 'https://management.local.azurestack.external',
    })
    expect(cloud.authorityHost).toBe('https://login.local.azurestack.external')
    expect(cloud.armEndpoint).toBe('https://management.local.azurestack.external')
    expect(cloud.armScope).toBe('https://management.local.azurestack.external/.default')
  })

  test('take the audience of tokens from the environment where it is not the endpoint', () => {
    const cloud = azureCloud('public', {
      AZURE_RESOURCE_MANAGER_ENDPOINT: 'https://management.local.azurestack.external',
      AZURE_RESOURCE_MANAGER_AUDIENCE: 'https://management.contoso.onmicrosoft.com/1234/',
    })
    expect(cloud.armScope).toBe('https://management.contoso.onmicrosoft.com/1234/.default')
  })

  test('are not mixed: the login host of another cloud is refused and the input named', () => {
    const mixed = () => azureCloud('public', { AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.us' })
    expect(mixed).toThrow(UserError)
    expect(mixed).toThrow(/belongs to the cloud us-government, but azure-cloud is public/)
  })

  test("accept the cloud's own login host, as a workload identity's pod has it in its environment", () => {
    const environment = { AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.com/' }
    expect(azureCloud('public', environment)).toEqual(azureCloud('public', {}))
  })

  test.each(['http://login.example.com', 'login.example.com', 'https://me:secret@login.example.com'])(
    'are https addresses without a password, which %s is not',
    (value) => {
      expect(() => azureCloud('public', { AZURE_AUTHORITY_HOST: value })).toThrow(/is not an https address/)
    },
  )
})
