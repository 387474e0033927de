import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readKubeconfig } from '../../src/cluster/kubeconfig.ts'
import { UserError } from '../../src/errors.ts'
import { rejection } from './support/api.ts'
import { type Authority, createAuthority, type KeyPair } from './support/certificates.ts'

let folder: string
let authority: Authority
let client: KeyPair
let masked: string[]

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ach-kubeconfig-'))
  authority = createAuthority()
  client = authority.sign('DNS:me')
})
beforeEach(() => {
  masked = []
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
  authority.remove()
})

const base64 = (text: string) => Buffer.from(text).toString('base64')

interface Parts {
  name?: string
  cluster?: Record<string, unknown>
  user?: Record<string, unknown>
  current?: string | undefined
}

/** A kubeconfig with one context, as JSON, which is YAML too. */
function config({ name = 'one', cluster = {}, user = { token: 't-secret' }, current = name }: Parts = {}) {
  return JSON.stringify({
    'current-context': current,
    clusters: [{ name: `c-${name}`, cluster: { server: `https://${name}.example:443`, ...cluster } }],
    contexts: [{ name, context: { cluster: `c-${name}`, user: `u-${name}` } }],
    users: [{ name: `u-${name}`, user }],
  })
}

const read = (kubeconfig: string, context = '', environment: Record<string, string> = {}) =>
  readKubeconfig({ kubeconfig, context }, { HOME: folder, ...environment }, (secret) => masked.push(secret))

async function refused(kubeconfig: string, context = '', environment: Record<string, string> = {}) {
  const error = await rejection(read(kubeconfig, context, environment))
  if (!(error instanceof UserError)) throw error
  return error
}

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

describe('a kubeconfig is found', () => {
  test('as the content of the input', async () => {
    const access = await read(config())
    expect(access).toMatchObject({
      context: 'one',
      server: new URL('https://one.example'),
      skipVerify: false,
    })
    expect(access.user).toMatchObject({ name: 'u-one', token: 't-secret' })
  })

  test('at the path of the input, ~ included', async () => {
    const path = file('config-path', config())
    expect((await read(path)).context).toBe('one')
    expect((await read('~/config-path')).context).toBe('one')
  })

  test('in the files of KUBECONFIG, which are merged as kubectl does', async () => {
    const first = file('first', config({ name: 'a', current: '' }))
    const second = file('second', config({ name: 'b' }))
    const third = file('third', config({ name: 'a', user: { token: 'later' } }))
    const KUBECONFIG = ['', first, join(folder, 'absent'), second, third].join(delimiter)
    expect((await read('', '', { KUBECONFIG })).context).toBe('b')
    expect((await read('', 'a', { KUBECONFIG })).user.token).toBe('t-secret')
  })

  test('in ~/.kube/config', async () => {
    const home = join(folder, 'home')
    mkdirSync(join(home, '.kube'), { recursive: true })
    writeFileSync(join(home, '.kube', 'config'), config({ name: 'usual' }))
    expect((await read('', '', { HOME: home })).context).toBe('usual')
  })
})

describe('a kubeconfig is refused with what to do', () => {
  test('when there is none at all', async () => {
    const error = await refused('', '', { HOME: join(folder, 'nobody') })
    expect(error.message).toMatch(
      /^No kubeconfig: the input is empty, KUBECONFIG is not set, and .* does not exist\.$/,
    )
    expect(error.next).toContain('cluster-name')
  })

  test('when the path names nothing', async () => {
    expect((await refused('no/such/file')).message).toBe('The kubeconfig no/such/file does not exist.')
  })

  test('when the path is a folder', async () => {
    expect((await refused(folder)).message).toMatch(/cannot be read: .*EISDIR/)
  })

  test('when none of the files in KUBECONFIG exists', async () => {
    const error = await refused('', '', { KUBECONFIG: ['/no/a', '/no/b'].join(delimiter) })
    expect(error.message).toBe('None of the files in KUBECONFIG exists: /no/a, /no/b.')
  })

  test('when it is base64', async () => {
    expect((await refused(base64(config()))).message).toContain('looks like base64')
  })

  test.each([
    [
      'not YAML',
      'users:\n- token: "s3cret\n',
      /^The kubeconfig is not YAML \(the kubeconfig input, line \d+\): [^\n]+\.$/,
    ],
    ['a list', '- clusters\n- users\n', /neither clusters nor contexts/],
    ['a page of HTML', '<html>\n<b>Log in</b></html>\n', /neither clusters nor contexts/],
    ['a Secret', 'apiVersion: v1\nkind: Secret\ndata: {}\n', /neither clusters nor contexts/],
  ])('when it is %s', async (_name, text, message) => {
    const error = await refused(text)
    expect(error.message).toMatch(message)
    expect(error.cause).toBeUndefined()
    expect(error.message + error.next).not.toContain('s3cret')
  })

  test('when the file is empty', async () => {
    expect((await refused(file('empty', ' \n'))).message).toMatch(/^The kubeconfig is empty \(.*empty\)\.$/)
  })

  test('when it has no such context: those that it has are listed, the nearest first', async () => {
    const names = ['dev-north', 'prod-west', 'prod-east']
    const KUBECONFIG = names.map((name) => file(`c-${name}`, config({ name }))).join(delimiter)
    const error = await refused('', 'prod-wset', { KUBECONFIG })
    expect(error.message).toMatch(/^The kubeconfig has no context "prod-wset"/)
    expect(error.next).toBe('It has: prod-west, prod-east, dev-north. Name one of them in the input context.')
  })

  test('when its current context is missing, or there is none', async () => {
    const gone = await refused(config({ current: 'old' }))
    expect(gone.message).toContain('names the current context "old", which it does not have')
    expect((await refused(config({ current: '' }))).message).toContain('has no current-context')
  })

  test('when the cluster or the user of the context is missing', async () => {
    const noServer = await refused(config({ cluster: { server: undefined } }))
    expect(noServer.message).toContain('names the cluster "c-one", but the kubeconfig has none of that name')
    const noUser = await refused(config().replace('"name":"u-one"', '"name":"u-two"'))
    expect(noUser.message).toContain('names the user "u-one", but the kubeconfig has none of that name')
  })

  test.each(['http://one.example', 'one.example:6443', 'ftp://one', 'not an address'])(
    'when the server is %s',
    async (server) => {
      expect((await refused(config({ cluster: { server } }))).message).toMatch(
        /^The server of the cluster c-one/,
      )
    },
  )

  test('when the authority cannot be read or is no certificate', async () => {
    const absent = await refused(config({ cluster: { 'certificate-authority': '/no/ca.pem' } }))
    expect(absent.message).toMatch(/certificate authority of the cluster c-one cannot be read: .*ENOENT/)
    expect(absent.next).toContain('--flatten')
    const garbage = await refused(config({ cluster: { 'certificate-authority-data': 'AAAA' } }))
    expect(garbage.message).toContain('is not base64 of PEM')
    const broken = base64('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
    const noCertificate = await refused(config({ cluster: { 'certificate-authority-data': broken } }))
    expect(noCertificate.message).toContain('is no certificate')
  })

  test('when the proxy-url is of a kind that is not supported', async () => {
    const error = await refused(config({ cluster: { 'proxy-url': 'socks5://p:1080' } }))
    expect(error.message).toContain('proxy-url of the cluster c-one')
    expect(error.message).toContain('a SOCKS proxy')
  })

  test('when the user has a password', async () => {
    const error = await refused(config({ user: { username: 'admin', password: 'pa55' } }))
    expect(error.message).toContain('has a password')
    expect(masked).toContain('pa55')
  })

  test('when the client certificate has expired, is alone, or is not of the key', async () => {
    const pair = (cert: string, key?: string) => ({
      'client-certificate-data': base64(cert),
      ...(key && { 'client-key-data': base64(key) }),
    })
    const expired = authority.sign('DNS:me', -1)
    expect((await refused(config({ user: pair(expired.cert, expired.key) }))).message).toContain(
      'has expired',
    )
    expect((await refused(config({ user: pair(client.cert) }))).message).toContain('without its key')
    const other = authority.sign('DNS:you')
    expect((await refused(config({ user: pair(client.cert, other.key) }))).message).toContain(
      'does not belong',
    )
    const broken = base64('-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----\n')
    const unreadable = await refused(config({ user: { ...pair(client.cert), 'client-key-data': broken } }))
    expect(unreadable.message).toContain('cannot be read')
    expect(unreadable.cause).toBeUndefined()
  })
})

test('whatever a kubeconfig holds, it is read or refused with what to do', async () => {
  const value = fc.oneof(
    fc.constantFrom<unknown>(null, true, 7, '', 'text', 'https://a.example', [], {}, [1], { a: 1 }, 'AAAA'),
    fc.jsonValue(),
  )
  const keys = <K extends string>(...names: K[]) =>
    fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] })
  const cluster = keys(
    'certificate-authority-data',
    'tls-server-name',
    'proxy-url',
    'insecure-skip-tls-verify',
  )
  const user = keys(
    'token',
    'tokenFile',
    'exec',
    'auth-provider',
    'client-key-data',
    'as',
    'as-groups',
    'username',
  )
  await fc.assert(
    fc.asyncProperty(fc.oneof(cluster, value), fc.oneof(user, value), async (oneCluster, oneUser) => {
      const parts = {
        cluster: oneCluster as Record<string, unknown>,
        user: oneUser as Record<string, unknown>,
      }
      const outcome = await read(config(parts)).catch((error: unknown) => error)
      if (outcome instanceof UserError) return
      expect(outcome).toMatchObject({ context: 'one', server: expect.any(URL) })
      for (const secret of masked) expect(secret).not.toBe('')
    }),
    { numRuns: 500 },
  )
})

describe('what a context says is read:', () => {
  test('authority, name of the certificate, proxy and client certificate, from data or files beside the file', async () => {
    file('ca.pem', authority.ca)
    file('me.pem', client.cert)
    file('me.key', client.key)
    const path = file(
      'with-files',
      config({
        cluster: { 'certificate-authority': 'ca.pem', 'tls-server-name': 'k8s', 'proxy-url': 'http://p:1' },
        user: { 'client-certificate': 'me.pem', 'client-key-data': base64(client.key) },
      }),
    )
    const access = await read(path)
    expect(access.ca?.toString()).toBe(authority.ca)
    expect(access.serverName).toBe('k8s')
    expect(access.proxy?.href).toBe('http://p:1/')
    expect(access.user.cert?.toString()).toBe(client.cert)
    expect(access.user.key?.toString()).toBe(client.key)
    expect(masked).toEqual([base64(client.key), client.key.trim()])
  })

  test('data before a file, as kubectl does', async () => {
    const cluster = {
      'certificate-authority': '/no/ca.pem',
      'certificate-authority-data': base64(authority.ca),
    }
    expect((await read(config({ cluster }))).ca?.toString()).toBe(authority.ca)
  })

  test('plain http where insecure-skip-tls-verify asks for it', async () => {
    const cluster = { server: 'http://one.example:8080', 'insecure-skip-tls-verify': true }
    expect((await read(config({ cluster }))).server.href).toBe('http://one.example:8080/')
  })

  test('a token file relative to the kubeconfig, and whom to act as', async () => {
    const user = { tokenFile: 'tokens/t', as: 'auditor', 'as-uid': '7', 'as-groups': ['a', 'b'] }
    const access = await read(file('with-token-file', config({ user })))
    expect(access.user.tokenFile).toBe(join(folder, 'tokens/t'))
    expect(access.user.headers).toEqual({
      'impersonate-user': 'auditor',
      'impersonate-uid': '7',
      'impersonate-group': ['a', 'b'],
    })
  })

  test('every secret is masked before it is used', async () => {
    await read(config({ user: { token: 'abc\n' } }))
    expect(masked).toEqual(['abc'])
  })
})
