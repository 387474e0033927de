import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { staticToken } from '../../src/cluster/authenticator.ts'
import type { HttpOptions } from '../../src/cluster/http.ts'
import { type KubeApi, type KubeCall, KubeError, type WatchEvent } from '../../src/cluster/kube-api.ts'
import { apiFor, closeAll, instantClock, rejection } from './support/api.ts'
import { type Authority, createAuthority, type KeyPair } from './support/certificates.ts'
import { type Handler, httpsServer, json, type TestServer } from './support/servers.ts'

const servers: TestServer[] = []
let authority: Authority
let pair: KeyPair

beforeAll(() => {
  authority = createAuthority()
  pair = authority.sign('IP:127.0.0.1')
})
afterEach(async () => {
  await closeAll()
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})
afterAll(() => authority.remove())

/** A server with `handler`, and the client under test for it. */
async function serve(handler: Handler, options: Partial<HttpOptions> = {}, path = '') {
  const server = await httpsServer(pair, handler)
  servers.push(server)
  const clock = instantClock()
  const api = apiFor(new URL(server.url.origin + path), { ca: authority.ca }, { clock, ...options })
  return { server, api, clock }
}

const status = (code: number, reason: string, message = `it is ${reason}`) => ({
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  code,
  reason,
  message,
})

const nodes: KubeCall = { method: 'GET', path: '/api/v1/nodes' }
const create: KubeCall = { method: 'POST', path: '/api/v1/namespaces/x/pods', body: { kind: 'Pod' } }

async function refused(api: KubeApi, call: KubeCall): Promise<KubeError> {
  const error = await rejection(api.request(call))
  expect(error).toBeInstanceOf(KubeError)
  return error as KubeError
}

describe('a request', () => {
  test('carries path, query, body, media type and token, and resolves with the parsed answer', async () => {
    let seen: unknown
    const { server, api } = await serve(
      (request, response) => {
        let body = ''
        request.on('data', (chunk) => {
          body += chunk
        })
        request.on('end', () => {
          const { authorization, 'content-type': type, accept } = request.headers
          seen = { authorization, type, accept, body }
          json(response, 201, { kind: 'Pod', future: { field: 1 } })
        })
      },
      { auth: staticToken('t0ken') },
    )
    const path = '/api/v1/namespaces/x/pods/p'
    const query = { fieldManager: 'a b', force: true, absent: undefined }
    const body = { spec: null }
    const contentType = 'application/merge-patch+json'
    const answer = await api.request({ method: 'PATCH', path, query, body, contentType })
    expect(answer).toEqual({ kind: 'Pod', future: { field: 1 } })
    expect(server.requests).toEqual([`PATCH ${path}?fieldManager=a+b&force=true`])
    expect(seen).toEqual({
      authorization: 'Bearer t0ken',
      type: 'application/merge-patch+json',
      accept: 'application/json',
      body: '{"spec":null}',
    })
  })

  test('acts as whom the kubeconfig says, with a header for each group', async () => {
    let raw: string[] = []
    const headers = { 'impersonate-user': 'auditor', 'impersonate-group': ['a', 'b'] }
    const { api } = await serve(
      (request, response) => {
        raw = request.rawHeaders
        json(response, 200, {})
      },
      { headers },
    )
    await api.request(nodes)
    const groups = raw.filter((_each, index) => raw[index - 1]?.toLowerCase() === 'impersonate-group')
    expect(groups).toEqual(['a', 'b'])
    expect(raw).toContain('auditor')
  })

  test('keeps the path below which the server serves', async () => {
    const { server, api } = await serve(
      (_request, response) => json(response, 200, {}),
      {},
      '/k8s/clusters/c-1/',
    )
    await api.request(nodes)
    expect(server.requests).toEqual(['GET /k8s/clusters/c-1/api/v1/nodes'])
  })

  test('shares kept connections with others: 300 calls, 50 at a time, over at most 64', async () => {
    const { server, api } = await serve((_request, response) => json(response, 200, {}))
    let next = 0
    const worker = async () => {
      while (next++ < 300) await api.request(nodes)
    }
    await Promise.all(Array.from({ length: 50 }, worker))
    expect(server.requests).toHaveLength(300)
    expect(server.connections).toBeLessThanOrEqual(64)
  })

  test('that is refused rejects with the status, the reason and the message of the server', async () => {
    const { api, server } = await serve((_request, response) =>
      json(response, 403, status(403, 'Forbidden', 'nodes is forbidden')),
    )
    const error = await refused(api, nodes)
    expect(error).toMatchObject({
      status: 403,
      reason: 'Forbidden',
      transient: false,
      call: 'GET /api/v1/nodes',
    })
    expect(error.message).toBe('GET /api/v1/nodes: 403 Forbidden: nodes is forbidden')
    expect(server.requests).toHaveLength(1)
  })

  test("that a proxy's page answers is told without its markup, and a redirect is not followed", async () => {
    const { api } = await serve((_request, response) => {
      response.writeHead(302, { location: 'https://login.example/' })
      response.end('<html><body><h1>Log in</h1></body></html>')
    })
    expect((await refused(api, nodes)).message).toBe('GET /api/v1/nodes: 302 Found: Log in')
  })

  test.each([
    ['is empty', ''],
    ['is not JSON', '<html>hello</html>'],
    ['is JSON but no object', '[1, 2]'],
    ['is cut off', '{"items": [1'],
  ])('whose answer %s is refused once and for all', async (_name, text) => {
    const { api, server } = await serve((_request, response) => response.end(text))
    const error = await refused(api, nodes)
    expect(error.message).toMatch(/^GET \/api\/v1\/nodes: the answer is (empty|not a JSON object)/)
    expect(error.transient).toBe(false)
    expect(server.requests).toHaveLength(1)
  })

  test('that deletes ends with its status, however much the server tells of what it deleted', async () => {
    const { api } = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const piece = Buffer.alloc(2 ** 20, ' ')
      const more = () => {
        while (!response.destroyed && response.write(piece));
      }
      response.on('drain', more)
      more()
    })
    await expect(api.request({ method: 'DELETE', path: '/api/v1/namespaces/x/pods' })).resolves.toEqual({})
  })

  test('whose answer is larger than may be is given up without reading the rest', async () => {
    let sent = 0
    const { api } = await serve((_request, response) => {
      const megabyte = Buffer.alloc(2 ** 20, 0x20)
      const more = () => {
        while (sent < 200 && !response.destroyed) {
          sent++
          if (!response.write(megabyte)) return response.once('drain', more)
        }
        return response
      }
      more()
    })
    expect((await refused(api, create)).message).toBe(
      'POST /api/v1/namespaces/x/pods: the answer is larger than 4 MiB',
    )
    expect(sent).toBeLessThan(60)
  })
})

describe('a request is sent again', () => {
  /** Answers with each of `codes` in turn, then with 200. */
  const failing = (codes: number[], headers: Record<string, string> = {}): Handler => {
    const left = [...codes]
    return (_request, response) => {
      const code = left.shift()
      if (code === undefined) json(response, 200, { ok: true })
      else json(response, code, status(code, 'Whatever'), headers)
    }
  }

  test('after 429 and 5xx, each wait twice the one before up to a limit', async () => {
    const { api, clock } = await serve(failing([429, 500, 502, 503, 504, 500]))
    expect(await api.request(nodes)).toEqual({ ok: true })
    expect(clock.waits).toEqual([300, 600, 1200, 2400, 4800, 5000])
  })

  test('with as little as half of each wait, by chance', async () => {
    const clock = { ...instantClock(), random: () => 0 }
    const { api } = await serve(failing([500, 500]), { clock })
    await api.request(nodes)
    expect(clock.waits).toEqual([150, 300])
  })

  test('no more than seven times in all', async () => {
    const { api, server } = await serve(failing(Array(20).fill(503)))
    expect((await refused(api, nodes)).status).toBe(503)
    expect(server.requests).toHaveLength(7)
  })

  test('no sooner than Retry-After asks for, which is bounded', async () => {
    const { api, clock } = await serve(failing([429], { 'retry-after': '7' }))
    await api.request(nodes)
    expect(clock.waits).toEqual([7000])
    const long = await serve(failing([429], { 'retry-after': '86400' }))
    await long.api.request(nodes)
    expect(long.clock.waits).toEqual([30_000])
  })

  test('after the connection was lost, also when that happens to fifty calls at once', async () => {
    let broken = 100
    const { api } = await serve((request, response) => {
      if (broken-- > 0) request.socket.destroy()
      else json(response, 200, { ok: true })
    })
    const answers = await Promise.all(Array.from({ length: 50 }, () => api.request(nodes)))
    expect(answers).toHaveLength(50)
  })

  test('after it had no answer in time', async () => {
    let calls = 0
    const { api } = await serve((_request, response) => {
      if (++calls > 1) json(response, 200, { ok: true })
    })
    expect(await api.request({ ...nodes, timeoutMs: 1500 })).toEqual({ ok: true })
  })

  test('not where it changes something, unless the caller says that it is safe', async () => {
    const once = await serve(failing([503]))
    expect((await refused(once.api, create)).transient).toBe(true)
    expect(once.server.requests).toHaveLength(1)
    const again = await serve(failing([503]))
    expect(await again.api.request({ ...create, retry: true })).toEqual({ ok: true })
  })

  test('not where the caller says that it shall not be', async () => {
    const { api, server } = await serve(failing([503]))
    await refused(api, { ...nodes, retry: false })
    expect(server.requests).toHaveLength(1)
  })

  test('not after the caller has ended it, whose reason is what it rejects with', async () => {
    const { api, server } = await serve(() => {})
    const controller = new AbortController()
    const reason = new Error('enough')
    const pending = rejection(api.request({ ...nodes, signal: controller.signal }))
    while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort(reason)
    expect(await pending).toBe(reason)
    expect(await rejection(api.request({ ...nodes, signal: controller.signal }))).toBe(reason)
    expect(server.requests).toHaveLength(1)
  })
})

describe('after a 401', () => {
  const tokens = (...valid: string[]): Handler => {
    return (request, response) => {
      if (valid.includes(String(request.headers.authorization))) json(response, 200, { ok: true })
      else json(response, 401, status(401, 'Unauthorized', 'Unauthorized'))
    }
  }

  test('the call is repeated once with a renewed token, also a write', async () => {
    let token = 'old'
    const told: unknown[] = []
    const auth = {
      headers: async () => ({ authorization: token }),
      refused: (used: Record<string, string>) => {
        told.push(used)
        token = 'new'
      },
    }
    const { api, server } = await serve(tokens('new'), { auth })
    expect(await api.request(create)).toEqual({ ok: true })
    expect(told).toEqual([{ authorization: 'old' }])
    expect(server.requests).toHaveLength(2)
  })

  test('a token that is refused again is an error', async () => {
    const auth = { headers: async () => ({ authorization: 'bad' }), refused: () => {} }
    const { api, server } = await serve(tokens('good'), { auth })
    expect(await refused(api, nodes)).toMatchObject({ status: 401, reason: 'Unauthorized', transient: false })
    expect(server.requests).toHaveLength(2)
  })

  test('a fixed token is not tried twice', async () => {
    const { api, server } = await serve(tokens('good'), { auth: staticToken('bad') })
    await refused(api, nodes)
    expect(server.requests).toHaveLength(1)
  })

  test('a token that cannot be had is told as it is, not as a failure of the connection', async () => {
    const trouble = Object.assign(new Error('no login'), { code: 'ECONNREFUSED' })
    const { api } = await serve(tokens(), { auth: { headers: () => Promise.reject(trouble) } })
    expect(await rejection(api.request(nodes))).toBe(trouble)
  })
})

describe('a watch', () => {
  const event = (name: string, rv: string) =>
    `${JSON.stringify({ type: 'ADDED', object: { metadata: { name, resourceVersion: rv } } })}\n`

  async function collect(events: AsyncIterable<WatchEvent<unknown>>): Promise<WatchEvent<unknown>[]> {
    const all: WatchEvent<unknown>[] = []
    for await (const each of events) all.push(each)
    return all
  }

  test('tells events as they come, however the stream is cut into pieces', async () => {
    const bytes = Buffer.from(event('äöü-1', '1') + event('b', '2'))
    const { api, server } = await serve((_request, response) => {
      let at = 0
      const next = () => {
        if (at === bytes.length) return response.end()
        return response.write(bytes.subarray(at, ++at), () => setImmediate(next))
      }
      next()
    })
    const events = await collect(api.watch({ path: '/api/v1/pods', query: { timeoutSeconds: 5 } }))
    expect(events.map((each) => (each.object as { metadata: { name: string } }).metadata.name)).toEqual([
      'äöü-1',
      'b',
    ])
    expect(server.requests).toEqual(['GET /api/v1/pods?timeoutSeconds=5&watch=true'])
  })

  test('that is refused rejects with the status', async () => {
    const { api } = await serve((_request, response) => json(response, 410, status(410, 'Expired')))
    const error = await rejection(collect(api.watch({ path: '/api/v1/pods' })))
    expect(error).toMatchObject({ status: 410, reason: 'Expired' })
  })

  test('whose connection is lost rejects as transient, and the half event is not told', async () => {
    const { api } = await serve((_request, response) => {
      response.write(`${event('a', '1')}{"type":"ADD`, () => response.socket?.destroy())
    })
    const seen: unknown[] = []
    const error = await rejection(
      (async () => {
        for await (const each of api.watch({ path: '/api/v1/pods' })) seen.push(each.type)
      })(),
    )
    expect(error).toMatchObject({ status: undefined, transient: true })
    expect(seen).toEqual(['ADDED'])
  })

  test.each([
    ['is not JSON', 'garbage\n'],
    ['is no event', '{"kind":"Pod"}\n'],
    ['has an unknown type', '{"type":"EXPLODED","object":{}}\n'],
    ['has no end', `{"type":"ADDED","object":"${'x'.repeat(5 * 2 ** 20)}`],
  ])('with an event that %s is given up', async (_name, text) => {
    const { api } = await serve((_request, response) => response.write(text))
    const error = await rejection(collect(api.watch({ path: '/api/v1/pods' })))
    expect(error).toBeInstanceOf(KubeError)
    expect(error).toMatchObject({ transient: false })
  })

  test('ends with the reason of the signal, also while nothing happens', async () => {
    const controller = new AbortController()
    const { api } = await serve((_request, response) => {
      response.write(event('a', '1'))
    })
    const reason = new Error('enough')
    const pending = rejection(
      (async () => {
        for await (const _each of api.watch({ path: '/p', signal: controller.signal }))
          controller.abort(reason)
      })(),
    )
    expect(await pending).toBe(reason)
  })

  test('that the caller leaves closes its connection', async () => {
    let closed: () => void = () => {}
    const gone = new Promise<void>((resolve) => {
      closed = resolve
    })
    const { api } = await serve((_request, response) => {
      response.on('close', closed)
      response.write(event('a', '1'))
    })
    for await (const _each of api.watch({ path: '/api/v1/pods' })) break
    await gone
  })
})
