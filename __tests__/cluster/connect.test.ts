import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type ConnectDeps, type Connection, type ConnectOptions, connect } from '../../src/cluster/connect.ts'
import { UserError } from '../../src/errors.ts'
import { silent } from '../../src/log.ts'
import { type SmallAks, startAks } from '../aks/aks.ts'
import { instantClock, rejection } from './support/api.ts'
import { type Authority, createAuthority } from './support/certificates.ts'
import {
  type ConnectProxy,
  closedPort,
  connectProxy,
  httpsServer,
  type TestServer,
} from './support/servers.ts'

let aks: SmallAks
let folder: string
let accepted: Set<string>
let masked: string[]
const connections: Connection[] = []
const servers: TestServer[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ach-connect-'))
  aks = await startAks({
    nodes: [],
    hostNames: ['aks.example'],
    users: [{ name: 'admin', groups: ['system:masters'] }, { name: 'nobody' }],
    authenticate: (token) =>
      accepted.has(token) ? { name: 'entra', groups: ['system:masters'] } : undefined,
  })
})
beforeEach(() => {
  accepted = new Set()
  masked = []
})
afterEach(async () => {
  await Promise.all(connections.splice(0).map(({ api }) => api.close()))
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})
afterAll(async () => {
  await aks.stop()
  rmSync(folder, { recursive: true, force: true })
})

type Deps = Partial<ConnectDeps>

async function connected(kubeconfig: string, options: Partial<ConnectOptions> = {}, deps: Deps = {}) {
  const environment = { HOME: folder, PATH: process.env.PATH, ...deps.environment }
  const mask = (secret: string) => masked.push(secret)
  const connection = await connect({ kubeconfig, context: '', ...options }, { mask, ...deps, environment })
  connections.push(connection)
  return connection
}

async function refused(kubeconfig: string, options: Partial<ConnectOptions> = {}, deps: Deps = {}) {
  const clock = instantClock()
  const error = await rejection(connected(kubeconfig, options, { clock, ...deps }))
  if (!(error instanceof UserError)) throw error
  return Object.assign(error, { waits: clock.waits })
}

/** The kubeconfig of the small AKS with another user section, which has one key. */
function withUser(user: Record<string, unknown>): string {
  const [section = ''] = Object.entries(user).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
  return aks.kubeconfig().replace(/token: \S+/, section)
}

const nodes = { method: 'GET', path: '/api/v1/nodes' } as const

describe('a cluster is reached', () => {
  test('with a token, and its version and address are facts', async () => {
    const { api, facts } = await connected(aks.kubeconfig())
    expect(facts).toEqual({ server: aks.server, name: 'small-aks', kubernetesVersion: 'v1.34.1' })
    expect(await api.request(nodes)).toMatchObject({ kind: 'NodeList' })
    expect(masked).toHaveLength(1)
    expect(aks.kubeconfig()).toContain(masked[0])
  })

  test('with a client certificate', async () => {
    const { api } = await connected(aks.kubeconfig('admin', { credential: 'certificate' }))
    expect(await api.request(nodes)).toMatchObject({ kind: 'NodeList' })
    expect(aks.requests.at(-1)?.user).toBe('admin')
  })

  test('when the first attempts meet a server in trouble', async () => {
    aks.misbehave({ match: { path: /^\/version/, times: 1 }, do: { status: 503 } })
    aks.misbehave({ match: { path: /^\/version/, times: 1 }, do: 'reset' })
    const clock = instantClock()
    await connected(aks.kubeconfig(), {}, { clock })
    expect(clock.waits).toEqual([500, 1000])
  })

  test('by a user who may not even see the version', async () => {
    const message = 'forbidden: User "x" cannot get path "/version"'
    const body = { kind: 'Status', code: 403, reason: 'Forbidden', message }
    const restore = aks.misbehave({ match: { path: /^\/version/ }, do: { status: 403, body } })
    const { facts } = await connected(aks.kubeconfig())
    restore()
    expect(facts).toEqual({ server: aks.server, name: 'small-aks' })
  })

  test('with a token of Entra ID instead of the user, renewed when it ends in mid-run', async () => {
    accepted = new Set(['first'])
    const given = ['first', 'second']
    const told: (string | undefined)[] = []
    const tokenSource = async (_signal: AbortSignal, refusedToken?: string) => {
      told.push(refusedToken)
      return { token: given.shift() ?? 'none', expiresAt: Date.now() + 3_600_000 }
    }
    const { api } = await connected(withUser({ exec: { command: 'never-run' } }), { tokenSource })
    accepted = new Set(['second'])
    const all = await Promise.all(Array.from({ length: 20 }, () => api.request(nodes)))
    expect(all).toHaveLength(20)
    expect(told).toEqual([undefined, 'first'])
    expect(masked).toEqual(expect.arrayContaining(['first', 'second']))
  })

  test('for a kubeconfig that names kubelogin, without that program and without a question', async () => {
    accepted = new Set(['entra-token'])
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1beta1',
      command: 'kubelogin',
      args: ['get-token', '--login', 'devicecode', '--server-id', 'server-app'],
      interactiveMode: 'Always',
    }
    const sections: unknown[] = []
    const azureTokens = async (section: unknown) => {
      sections.push(section)
      return async () => ({ token: 'entra-token', expiresAt: Date.now() + 3_600_000 })
    }
    await connected(withUser({ exec }), {}, { azureTokens })
    expect(sections).toEqual([exec])
    const error = await refused(withUser({ exec }))
    expect(error.message).toContain('there is no Azure identity')
  })

  test('with the token of an exec plugin, which runs once for all calls', async () => {
    accepted = new Set(['from-plugin'])
    const apiVersion = 'client.authentication.k8s.io/v1'
    const command = join(folder, 'plugin')
    const answer = { kind: 'ExecCredential', apiVersion, status: { token: 'from-plugin' } }
    writeFileSync(command, `#!/bin/sh\necho run >> "${folder}/runs"\necho '${JSON.stringify(answer)}'\n`)
    chmodSync(command, 0o755)
    const { api } = await connected(withUser({ exec: { apiVersion, command } }))
    await Promise.all(Array.from({ length: 10 }, () => api.request(nodes)))
    expect(readFileSync(join(folder, 'runs'), 'utf8')).toBe('run\n')
    expect(masked).toContain('from-plugin')
  })
})

describe('a cluster that is not reached is told with what to do', () => {
  test('when nothing listens: all attempts within the time there is', async () => {
    const server = `https://127.0.0.1:${await closedPort()}`
    const error = await refused(aks.kubeconfig('admin', { server }), { hint: 'ARM says: stopped.' })
    expect(error.message).toBe(
      `The API server ${server} cannot be reached: the connection was refused (ECONNREFUSED).`,
    )
    expect(error.next).toMatch(/^ARM says: stopped\. Check host and port/)
    expect(error.waits).toEqual([500, 1000, 2000])
  })

  test('when it does not answer: within the time there is', async () => {
    const restore = aks.misbehave({ match: { path: /^\/version/ }, do: 'hang' })
    const started = Date.now()
    const error = await refused(aks.kubeconfig(), {}, { firstCallMs: 400 })
    restore()
    expect(error.message).toContain('no answer in time (DEADLINE)')
    expect(error.next).toContain('authorized IP ranges')
    expect(Date.now() - started).toBeLessThan(3000)
  })

  test('when the name does not resolve', async () => {
    const error = await refused(aks.kubeconfig('admin', { server: 'https://aks.invalid' }))
    expect(error.message).toContain('its host name does not resolve')
    expect(error.next).toContain('private cluster')
  })

  test('when the credentials are not taken', async () => {
    const error = await refused(withUser({ token: 'wrong' }))
    expect(error.message).toBe('The API server does not accept the credentials (401 Unauthorized).')
    expect(error.waits).toEqual([])
  })

  test('when another authority is expected', async () => {
    const other: Authority = createAuthority()
    const ca = Buffer.from(other.ca).toString('base64')
    const kubeconfig = aks
      .kubeconfig()
      .replace(/certificate-authority-data: \S+/, `certificate-authority-data: ${ca}`)
    expect((await refused(kubeconfig)).message).toContain('not signed by a trusted authority')
    other.remove()
  })

  test('when something else than an API server answers', async () => {
    const authority = createAuthority()
    const server = await httpsServer(authority.sign('IP:127.0.0.1'), (_request, response) =>
      response.end('<html>Please log in</html>'),
    )
    servers.push(server)
    const ca = Buffer.from(authority.ca).toString('base64')
    const kubeconfig = aks
      .kubeconfig('admin', { server: server.url.origin })
      .replace(/certificate-authority-data: \S+/, `certificate-authority-data: ${ca}`)
    expect((await refused(kubeconfig)).message).toContain('is not the API server of a cluster')
    authority.remove()
  })
})

describe('a proxy', () => {
  const behindProxy = () =>
    aks.kubeconfig('admin', { server: aks.server.replace('127.0.0.1', 'aks.example') })
  let proxy: ConnectProxy

  beforeEach(async () => {
    proxy = await connectProxy({ authorization: `Basic ${Buffer.from('me:pa55').toString('base64')}` })
    servers.push(proxy)
  })

  test('of HTTPS_PROXY is used, and its password masked', async () => {
    const environment = { HTTPS_PROXY: `http://me:pa55@127.0.0.1:${proxy.port}` }
    const { facts } = await connected(behindProxy(), {}, { environment })
    expect(facts.kubernetesVersion).toBe('v1.34.1')
    expect(proxy.targets).toEqual([new URL(aks.server.replace('127.0.0.1', 'aks.example')).host])
    expect(masked).toContain('pa55')
  })

  test('of HTTPS_PROXY that is dead makes it fail, which proves that it is used', async () => {
    const HTTPS_PROXY = `http://127.0.0.1:${await closedPort()}`
    const error = await refused(behindProxy(), {}, { environment: { HTTPS_PROXY } })
    expect(error.message).toBe(
      `The proxy ${HTTPS_PROXY} cannot be reached: the connection was refused (ECONNREFUSED).`,
    )
  })

  test('is passed by where NO_PROXY says so', async () => {
    const environment = { HTTPS_PROXY: `http://127.0.0.1:${await closedPort()}`, NO_PROXY: '.example' }
    const error = await refused(behindProxy(), {}, { environment })
    expect(error.message).toContain('aks.example')
    expect(error.message).toContain('does not resolve')
  })

  test('of the kubeconfig goes before the environment', async () => {
    const proxyUrl = `http://me:pa55@127.0.0.1:${proxy.port}`
    const kubeconfig = behindProxy().replace(/( +)server:/, `$1proxy-url: ${proxyUrl}\n$1server:`)
    await connected(kubeconfig, {}, { environment: { HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '*' } })
    expect(proxy.targets).toHaveLength(1)
  })
})

test('a later refusal is explained with the right that is missing', async () => {
  const { api, explain } = await connected(aks.kubeconfig('nobody'))
  const path = '/api/v1/namespaces/kube-system/pods'
  const error = explain(await rejection(api.request({ method: 'POST', path, body: { kind: 'Pod' } })))
  expect(error).toBeInstanceOf(UserError)
  expect((error as UserError).message).toBe('The user "nobody" lacks the right pods/create in "kube-system".')
})

test('insecure-skip-tls-verify is warned of', async () => {
  const warnings: string[] = []
  const kubeconfig = aks
    .kubeconfig()
    .replace(/certificate-authority-data: \S+/, 'insecure-skip-tls-verify: true')
  await connected(kubeconfig, {}, { log: { ...silent, warning: (text) => warnings.push(text) } })
  expect(warnings).toEqual([expect.stringContaining('insecure-skip-tls-verify')])
})
