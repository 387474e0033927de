import tls from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { explainConnection } from '../../src/cluster/connection-errors.ts'
import { type KubeApi, KubeError } from '../../src/cluster/kube-api.ts'
import { apiFor, closeAll, rejection } from './support/api.ts'
import { type Authority, createAuthority, type KeyPair } from './support/certificates.ts'
import {
  closedPort,
  connectProxy,
  httpsServer,
  json,
  listen,
  rawServer,
  type TestServer,
} from './support/servers.ts'

const version = { method: 'GET', path: '/version', retry: false } as const
const servers: TestServer[] = []
let authority: Authority
let other: Authority
let pair: KeyPair

beforeAll(() => {
  authority = createAuthority()
  other = createAuthority('other-ca')
  pair = authority.sign('IP:127.0.0.1,DNS:aks.example')
})
afterEach(async () => {
  await closeAll()
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})
afterAll(() => {
  authority.remove()
  other.remove()
})

async function failing(api: KubeApi, timeoutMs = 5_000): Promise<KubeError> {
  const error = await rejection(api.request({ ...version, timeoutMs }))
  expect(error).toBeInstanceOf(KubeError)
  return error as KubeError
}

function running<T extends TestServer>(server: T): T {
  servers.push(server)
  return server
}

describe('a call that gets no answer says why', () => {
  test('when nothing listens on the port', async () => {
    const server = new URL(`https://127.0.0.1:${await closedPort()}`)
    const error = await failing(apiFor(server, {}))
    expect(error.message).toBe(`GET /version: ${server.origin}: the connection was refused (ECONNREFUSED)`)
    expect(error.transient).toBe(true)
  })

  test('when the name does not resolve, which is not tried again', async () => {
    const error = await failing(apiFor(new URL('https://aks.invalid:443'), {}))
    expect(error.message).toMatch(/its host name does not resolve \((ENOTFOUND|EAI_AGAIN)\)$/)
    const advice = explainConnection(error, { server: 'https://aks.invalid' })
    expect(advice?.next).toContain('private cluster')
  })

  test('when the connection is reset', async () => {
    const { port } = running(await rawServer((socket) => socket.on('data', () => socket.resetAndDestroy())))
    const error = await failing(apiFor(new URL(`https://127.0.0.1:${port}`), {}))
    expect(error.message).toContain('the connection was lost (ECONNRESET)')
    expect(error.transient).toBe(true)
  })

  test('when the server accepts and then says nothing', async () => {
    const { port } = running(await rawServer(() => {}))
    const error = await failing(apiFor(new URL(`https://127.0.0.1:${port}`), {}), 200)
    expect(error.message).toContain('no answer in time (DEADLINE)')
    expect(explainConnection(error, { server: 'x' })?.next).toContain('authorized IP ranges')
  })

  test('when the answer drips more slowly than the deadline allows', async () => {
    const server = running(
      await httpsServer(pair, (_request, response) => {
        const drip = setInterval(() => response.write(' '), 20)
        response.on('close', () => clearInterval(drip))
      }),
    )
    const error = await failing(apiFor(server.url, { ca: authority.ca }), 300)
    expect(error.message).toContain('no answer in time (DEADLINE)')
  })

  test('when the port does not speak TLS', async () => {
    const { port } = running(await rawServer((socket) => socket.write('220 mail ready\r\n')))
    const error = await failing(apiFor(new URL(`https://127.0.0.1:${port}`), {}))
    expect(error.message).toContain('it does not speak TLS on this port')
    expect(error.transient).toBe(false)
  })

  test('when what it sends is not HTTP', async () => {
    const server = tls.createServer(pair, (socket) =>
      socket.on('data', () => socket.write('garbage\r\n\r\n')),
    )
    const { port } = running(await listen(server))
    const error = await failing(apiFor(new URL(`https://127.0.0.1:${port}`), { ca: authority.ca }))
    expect(error.message).toContain('what it sends is not HTTP (HTTP)')
  })

  test('when the certificate has expired', async () => {
    const expired = authority.sign('IP:127.0.0.1', -1)
    const server = running(await httpsServer(expired, (_request, response) => json(response, 200, {})))
    const error = await failing(apiFor(server.url, { ca: authority.ca }))
    expect(error.message).toContain('its certificate is not valid at this time (CERT_HAS_EXPIRED)')
    expect(explainConnection(error, { server: 'x' })?.next).toContain('az aks rotate-certs')
  })

  test('when another authority signed the certificate', async () => {
    const server = running(await httpsServer(pair, (_request, response) => json(response, 200, {})))
    const error = await failing(apiFor(server.url, { ca: other.ca }))
    expect(error.message).toContain('not signed by a trusted authority (UNABLE_TO_VERIFY_LEAF_SIGNATURE)')
    expect(error.transient).toBe(false)
    expect(explainConnection(error, { server: 'x' })?.next).toContain('certificate-authority-data')
  })

  test('when the certificate is for another name, and not when that name is the one to expect', async () => {
    const elsewhere = authority.sign('DNS:aks.example')
    const server = running(await httpsServer(elsewhere, (_request, response) => json(response, 200, {})))
    const error = await failing(apiFor(server.url, { ca: authority.ca }))
    expect(error.message).toContain('its certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID)')
    await apiFor(server.url, { ca: authority.ca, serverName: 'aks.example' }).request(version)
    await apiFor(server.url, { skipVerify: true }).request(version)
  })

  test('when the server drops callers without the right client certificate', async () => {
    const strict = { ...pair, ca: authority.ca, askForClientCertificate: true }
    const server = running(await httpsServer(strict, (_request, response) => json(response, 200, {})))
    const wrong = await failing(apiFor(server.url, { ca: authority.ca, ...other.sign('DNS:me') }))
    expect(wrong.message).toContain('the connection was lost')
    await apiFor(server.url, { ca: authority.ca, ...authority.sign('DNS:me') }).request(version)
  })
})

describe('through a proxy', () => {
  const answers = () => httpsServer(pair, (_request, response) => json(response, 200, { gitVersion: 'v1' }))

  test('a call reaches a name that only the proxy knows', async () => {
    const server = running(await answers())
    const proxy = running(await connectProxy())
    const api = apiFor(new URL(`https://aks.example:${server.port}`), { ca: authority.ca, proxy: proxy.url })
    expect(await api.request(version)).toEqual({ gitVersion: 'v1' })
    expect(proxy.targets).toEqual([`aks.example:${server.port}`])
  })

  test('that is dead, the call fails and names the proxy, which proves that it is used', async () => {
    const server = running(await answers())
    const proxy = `http://127.0.0.1:${await closedPort()}`
    const api = apiFor(server.url, { ca: authority.ca, proxy: new URL(proxy) }, { proxy })
    const error = await failing(api)
    expect(error.message).toBe(`GET /version: proxy ${proxy}: the connection was refused (ECONNREFUSED)`)
    expect(server.requests).toEqual([])
    const advice = explainConnection(error, { server: server.url.origin, proxy })
    expect(advice?.message).toBe(
      `The proxy ${proxy} cannot be reached: the connection was refused (ECONNREFUSED).`,
    )
    expect(advice?.next).toContain('HTTPS_PROXY')
  })

  test('that hangs, the deadline ends the call', async () => {
    const { port } = running(await rawServer(() => {}))
    const api = apiFor(new URL('https://aks.example'), { proxy: new URL(`http://127.0.0.1:${port}`) })
    expect((await failing(api, 200)).message).toContain('no answer in time')
  })

  test('that closes the connection, the proxy is to blame', async () => {
    const { port } = running(await rawServer((socket) => socket.on('data', () => socket.destroy())))
    const proxy = `http://127.0.0.1:${port}`
    const error = await failing(apiFor(new URL('https://aks.example'), { proxy: new URL(proxy) }, { proxy }))
    expect(error.message).toContain(`proxy ${proxy}: the connection was lost`)
    expect(error.transient).toBe(true)
  })

  test('that wants credentials, the ones in its address are sent', async () => {
    const server = running(await answers())
    const authorization = `Basic ${Buffer.from('me:p@ss').toString('base64')}`
    const proxy = running(await connectProxy({ authorization }))
    const without = await failing(apiFor(server.url, { ca: authority.ca, proxy: proxy.url }))
    expect(without.message).toContain('the proxy refused to connect to it (407)')
    expect(explainConnection(without, { server: 'x' })?.next).toContain('credentials')
    const url = new URL(`http://me:p%40ss@127.0.0.1:${proxy.port}`)
    await apiFor(server.url, { ca: authority.ca, proxy: url }).request(version)
  })

  test('that forbids the host, its status is told', async () => {
    const proxy = running(await connectProxy({ status: 403 }))
    const error = await failing(apiFor(new URL('https://aks.example'), { proxy: proxy.url }))
    expect(error.message).toContain('(403)')
    expect(error.transient).toBe(false)
    expect(explainConnection(error, { server: 'x' })?.next).toContain('answered 403 to CONNECT')
  })

  test("over TLS, the cluster's authority does not vouch for the proxy", async () => {
    const server = running(await answers())
    const proxy = running(await connectProxy({ tls: other.sign('IP:127.0.0.1') }))
    const api = apiFor(server.url, { ca: other.ca, proxy: proxy.url }, { proxy: proxy.url.origin })
    const error = await failing(api)
    expect(error.message).toContain(
      `proxy ${proxy.url.origin}: its certificate is not signed by a trusted authority`,
    )
    expect(explainConnection(error, { server: 'x' })?.next).toContain('NODE_EXTRA_CA_CERTS')
  })

  test("the server's certificate is checked against the cluster's authority", async () => {
    const server = running(await answers())
    const proxy = running(await connectProxy())
    const error = await failing(
      apiFor(server.url, { ca: other.ca, proxy: proxy.url }, { proxy: proxy.url.origin }),
    )
    expect(error.message).toContain(
      `${server.url.origin} (through the proxy ${proxy.url.origin}): its certificate`,
    )
  })
})
