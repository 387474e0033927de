import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parseManagedCluster } from '../../src/azure/managed-cluster.ts'
import { chooseRoute, hintOnReach } from '../../src/azure/private.ts'
import { reach } from '../../src/azure/reach.ts'
import { startProxy, type TestProxy } from './proxy.ts'

const NAME = { subscriptionId: 's', resourceGroup: 'rg', name: 'shop' }
const SERVER = 'https://shop-1.privatelink.westeurope.azmk8s.invalid:443'

function clusterWith(access: Record<string, unknown>) {
  return parseManagedCluster(NAME, { properties: { apiServerAccessProfile: access } })
}

const open = clusterWith({ enablePrivateCluster: false })
const closed = clusterWith({ enablePrivateCluster: true })
const sealed = clusterWith({ enablePrivateCluster: true, disableRunCommand: true })

describe('the way to a cluster', () => {
  test('is direct for a public one, without a look', async () => {
    const look = () => Promise.reject(new Error('nobody must look'))
    await expect(chooseRoute({ mode: 'auto', cluster: open, server: SERVER }, look)).resolves.toMatchObject({
      route: 'direct',
    })
  })

  test('is direct for a private one that can be reached from here', async () => {
    const look = async () => ({ reachable: true }) as const
    await expect(chooseRoute({ mode: 'auto', cluster: closed, server: SERVER }, look)).resolves.toMatchObject(
      { route: 'direct' },
    )
  })

  test('is run command for a private one that cannot, and says why', async () => {
    await expect(chooseRoute({ mode: 'auto', cluster: closed, server: SERVER })).resolves.toEqual({
      route: 'run-command',
      why: expect.stringMatching(
        /is private and its API server shop-1\.privatelink\..* cannot be reached from here: (its name does not resolve|no name server)/,
      ),
    })
  })

  test('is run command without a look when the user wants that', async () => {
    const look = () => Promise.reject(new Error('nobody must look'))
    await expect(
      chooseRoute({ mode: 'run-command', cluster: open, server: '' }, look),
    ).resolves.toMatchObject({ route: 'run-command' })
  })

  test.each([
    ['direct', closed, /set private-cluster: run-command/],
    ['auto', sealed, /--enable-run-command/],
    ['direct', sealed, /--enable-run-command/],
  ] as const)(
    'is none with %s and nothing open: within seconds the three ways out are told',
    async (mode, cluster, third) => {
      const started = Date.now()
      const tried = chooseRoute({ mode, cluster, server: SERVER })
      await expect(tried).rejects.toMatchObject({
        name: 'UserError',
        message: expect.stringMatching(/The cluster shop cannot be reached/),
        next: expect.stringMatching(
          new RegExp(
            `three ways out:\\n.*1\\. .*self-hosted runner.*\\n.*2\\. .*\\n.*3\\. .*${third.source}`,
          ),
        ),
      })
      expect(Date.now() - started).toBeLessThan(9000)
    },
  )

  test('is none when run command is wanted and disabled', async () => {
    const tried = chooseRoute({ mode: 'run-command', cluster: sealed, server: '' })
    await expect(tried).rejects.toThrow(/run command is disabled/)
  })
})

describe('a look whether a server can be reached', () => {
  let proxy: TestProxy
  let server: string
  const listener = createServer((socket) => socket.destroy())

  beforeAll(async () => {
    proxy = await startProxy()
    await new Promise<void>((resolve) => {
      listener.listen(0, '127.0.0.1', resolve)
    })
    const address = listener.address()
    server = `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  })

  afterAll(async () => {
    await proxy.stop()
    listener.close()
  })

  test('finds one that listens', async () => {
    await expect(reach(server, { timeoutMs: 2000 })).resolves.toEqual({ reachable: true })
  })

  test('finds one through a proxy, with the user and password in its address', async () => {
    const url = new URL(proxy.url.replace('//', '//me:pass@'))
    await expect(reach(server, { timeoutMs: 2000, proxy: url })).resolves.toEqual({ reachable: true })
    expect(proxy.tunnels).toEqual([
      { target: server.replace('https://', ''), authorization: `Basic ${btoa('me:pass')}` },
    ])
  })

  test('says that the proxy does not let it through', async () => {
    proxy.refuse = 403
    await expect(reach(server, { timeoutMs: 2000, proxy: new URL(proxy.url) })).resolves.toEqual({
      reachable: false,
      why: expect.stringMatching(/the proxy 127\.0\.0\.1:\d+ answers 403/),
    })
  })

  test('says that the connection is refused', async () => {
    await expect(reach('https://127.0.0.1:9', { timeoutMs: 2000 })).resolves.toEqual({
      reachable: false,
      why: 'it refuses the connection',
    })
  })

  test('ends with the reason of a caller who gives up', async () => {
    const gone = AbortSignal.abort(new Error('cancelled'))
    await expect(reach(server, { timeoutMs: 2000, signal: gone })).rejects.toThrow('cancelled')
  })

  test('ends in time when a proxy says nothing', async () => {
    proxy.refuse = 'silent'
    await expect(reach(server, { timeoutMs: 100, proxy: new URL(proxy.url) })).resolves.toEqual({
      reachable: false,
      why: 'no connection in time',
    })
  })
})

describe('what ARM knows about an API server that does not answer', () => {
  test('is that the cluster is private', () => {
    expect(hintOnReach(closed)).toMatch(/is private/)
  })

  test('is the list of addresses that it lets in', () => {
    expect(hintOnReach(clusterWith({ authorizedIPRanges: ['10.0.0.0/8', '1.2.3.4/32'] }))).toMatch(
      /only these addresses: 10\.0\.0\.0\/8, 1\.2\.3\.4\/32/,
    )
  })

  test('is nothing for an open one', () => {
    expect(hintOnReach(open)).toBeUndefined()
  })
})
