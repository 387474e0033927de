import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { realClock } from '../../src/cluster/clock.ts'
import type { ClusterAccess } from '../../src/cluster/kubeconfig.ts'
import type { ClusterUser } from '../../src/cluster/kubeconfig-user.ts'
import { signIn } from '../../src/cluster/sign-in.ts'
import { silent } from '../../src/log.ts'
import { rejection } from './support/api.ts'

const apiVersion = 'client.authentication.k8s.io/v1'
const never = new AbortController().signal
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ach-sign-in-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function signedIn(user: Partial<ClusterUser>) {
  const masked: string[] = []
  const access: ClusterAccess = {
    context: 'c',
    server: new URL('https://k8s.example/'),
    skipVerify: false,
    user: { name: 'u', folder, headers: {}, ...user },
  }
  const environment = { PATH: process.env.PATH }
  const mask = (secret: string) => masked.push(secret)
  return { ...(await signIn(access, { environment, mask, log: silent, clock: realClock })), masked }
}

/** A plugin that answers `statuses` in turn, one a run, and the last of them again and again. */
function plugin(name: string, ...statuses: object[]): { apiVersion: string; command: string } {
  const answers = statuses.map((status) => JSON.stringify({ kind: 'ExecCredential', apiVersion, status }))
  answers.forEach((answer, index) => {
    writeFileSync(join(folder, `${name}.${index}`), answer)
  })
  const command = join(folder, name)
  const script = [
    '#!/bin/sh',
    `n=$(cat "${command}.n" 2>/dev/null || echo 0)`,
    `[ $n -lt ${statuses.length - 1} ] && echo $((n + 1)) > "${command}.n"`,
    `cat "${command}.$n"`,
  ]
  writeFileSync(command, `${script.join('\n')}\n`)
  chmodSync(command, 0o755)
  return { apiVersion, command }
}

test('a token file goes before a token, and a token before a plugin', async () => {
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, 'from-file')
  const exec = { apiVersion, command: '/no/such/program' }
  const byFile = await signedIn({ tokenFile, token: 'static', exec })
  expect(await byFile.auth.headers(never)).toEqual({ authorization: 'Bearer from-file' })
  const byToken = await signedIn({ token: 'static', exec })
  expect(await byToken.auth.headers(never)).toEqual({ authorization: 'Bearer static' })
})

test('nobody signs in with nothing', async () => {
  const { auth, cert } = await signedIn({})
  expect(await auth.headers(never)).toEqual({})
  expect(cert).toBeUndefined()
})

test('the certificate of a plugin is used for the connections', async () => {
  const exec = plugin('certificate', { clientCertificateData: 'CERT', clientKeyData: 'KEY' })
  const { auth, cert, key, masked } = await signedIn({ exec })
  expect({ cert, key }).toEqual({ cert: 'CERT', key: 'KEY' })
  expect(await auth.headers(never)).toEqual({})
  expect(masked).toEqual(['KEY'])
})

test('what a plugin is told by the kubeconfig and is a secret by its name is masked before it runs', async () => {
  const exec = {
    ...plugin('told', { token: 'one' }),
    args: [
      '--login',
      'spn',
      '--client-secret',
      'from-args',
      '--password=from-one-arg',
      '--token-file',
      '/a/file',
    ],
    env: [
      { name: 'AAD_CLIENT_SECRET', value: 'from-env' },
      { name: 'USE_TOKENS', value: 'true' },
      { name: 'HOME', value: '/a/folder' },
    ],
  }
  expect((await signedIn({ exec })).masked).toEqual(['from-env', 'from-args', 'from-one-arg', 'one'])
})

test('a plugin whose token was refused is run again, and each token is masked', async () => {
  const exec = plugin('tokens', { token: 'one' }, { token: 'two' })
  const { auth, masked } = await signedIn({ exec })
  const first = await auth.headers(never)
  expect(first).toEqual({ authorization: 'Bearer one' })
  auth.refused?.(first)
  expect(await auth.headers(never)).toEqual({ authorization: 'Bearer two' })
  expect(new Set(masked)).toEqual(new Set(['one', 'two']))
})

test('a plugin that gives no token any more is an error', async () => {
  const exec = plugin('dries-up', { token: 'one' }, { clientCertificateData: 'C', clientKeyData: 'K' })
  const { auth } = await signedIn({ exec })
  auth.refused?.(await auth.headers(never))
  const error = await rejection(auth.headers(never))
  expect(error).toMatchObject({ name: 'UserError', message: expect.stringContaining('now gives none') })
})

test('an auth-provider that Kubernetes has removed is refused', async () => {
  const error = await rejection(signedIn({ authProvider: { name: 'gcp' } }))
  expect(error).toMatchObject({ name: 'UserError', message: expect.stringContaining('auth-provider gcp') })
})
