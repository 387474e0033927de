import { describe, expect, test } from '@jest/globals'
import { kubeloginEntry } from '../../src/cluster/kubelogin.ts'

const exec = (...args: string[]) => ({ exec: { command: 'kubelogin', args: ['get-token', ...args] } })

describe('an entry that signs in to Entra ID', () => {
  test.each([
    ['devicecode where it names none', exec('--server-id', 'x'), 'devicecode'],
    ['the mode of --login', exec('--login', 'AzureCLI'), 'azurecli'],
    ['the mode of --login=', exec('--login=spn'), 'spn'],
    ['the mode of -l', exec('-l', 'workloadidentity'), 'workloadidentity'],
    [
      'the mode of AAD_LOGIN_METHOD',
      {
        exec: {
          command: '/usr/local/bin/kubelogin',
          args: ['get-token'],
          env: [{ name: 'AAD_LOGIN_METHOD', value: 'msi' }],
        },
      },
      'msi',
    ],
    [
      'devicecode on Windows',
      { exec: { command: 'C:\\tools\\kubelogin.exe', args: ['get-token'] } },
      'devicecode',
    ],
    ['devicecode in the older form', { authProvider: { name: 'azure', config: {} } }, 'devicecode'],
  ])('is known, with %s', (_name, user, login) => {
    expect(kubeloginEntry(user)?.login).toBe(login)
  })

  test('keeps its section as it is', () => {
    const user = exec('--server-id', 'x')
    expect(kubeloginEntry(user)?.section).toBe(user.exec)
  })
})

describe('not taken for one is', () => {
  test.each([
    ['the other kubelogin, for any OpenID provider', exec('--oidc-issuer-url=https://x')],
    ['a proof-of-possession token', exec('--pop-enabled')],
    ['another command of kubelogin', { exec: { command: 'kubelogin', args: ['convert-kubeconfig'] } }],
    ['another program', { exec: { command: 'aws', args: ['eks', 'get-token'] } }],
    ['a program whose name only ends like it', { exec: { command: 'notkubelogin', args: ['get-token'] } }],
    ['another auth-provider', { authProvider: { name: 'gcp' } }],
    ['garbage', { exec: { command: 7, args: 'x' }, authProvider: null }],
    ['nothing', {}],
  ])('%s', (_name, user) => {
    expect(kubeloginEntry(user)).toBeUndefined()
  })
})
