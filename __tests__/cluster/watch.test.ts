import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import type { Clock } from '../../src/cluster/clock.ts'
import { KubeError, type ObjectMeta } from '../../src/cluster/kube-api.ts'
import { listAll } from '../../src/cluster/list.ts'
import { type CollectionEvent, watchCollection } from '../../src/cluster/watch.ts'
import { apiFor, closeAll, instantClock, rejection } from './support/api.ts'
import { type Authority, createAuthority, type KeyPair } from './support/certificates.ts'
import { httpsServer, json, type TestServer } from './support/servers.ts'

interface Pod {
  metadata: ObjectMeta
}

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

type Answer = (response: ServerResponse) => void

const pod = (name: string, resourceVersion: string, uid = name): Pod => ({
  metadata: { name, namespace: 'x', uid, resourceVersion },
})
const list =
  (version: string, ...items: Pod[]): Answer =>
  (response) =>
    json(response, 200, { metadata: { resourceVersion: version }, items })
const refuse =
  (code: number, reason: string): Answer =>
  (response) =>
    json(response, code, { kind: 'Status', code, reason, message: reason })
/** A watch that tells `events` and then stays open, ends, or is cut. */
const tell =
  (end: 'stay' | 'end' | 'cut', ...events: [string, object][]): Answer =>
  (response) => {
    const lines = events.map(([type, object]) => `${JSON.stringify({ type, object })}\n`)
    response.writeHead(200)
    response.write(lines.join('') || '\n', () => {
      if (end === 'end') response.end()
      if (end === 'cut') response.socket?.destroy()
    })
  }

/** A server that gives each of `answers` in turn, and what watching it tells until `until` of its events. */
async function watching(
  answers: Answer[],
  until: number,
  clock: Clock & { waits: number[] } = instantClock(),
) {
  const left = [...answers]
  const server = await httpsServer(pair, (_request, response) => {
    const answer = left.shift()
    if (answer === undefined) throw new Error('one request more than the test knows of')
    answer(response)
  })
  servers.push(server)
  const api = apiFor(server.url, { ca: authority.ca }, { clock })
  const controller = new AbortController()
  const lost: string[] = []
  const events: string[] = []
  const run = (async () => {
    const watch = watchCollection<Pod>(api, {
      path: '/api/v1/namespaces/x/pods',
      query: { labelSelector: 'run=1' },
      signal: controller.signal,
      timeoutSeconds: 60,
      clock,
      onLost: (error) => lost.push(error.message),
    })
    for await (const event of watch) {
      events.push(describe(event))
      if (events.length === until) break
    }
  })()
  return { run, events, lost, server, controller, clock }
}

function describe(event: CollectionEvent<Pod>): string {
  if (event.type === 'SYNCED') return 'SYNCED'
  return `${event.type} ${event.object.metadata.name}@${event.object.metadata.resourceVersion}`
}

test('it tells what is there, says so, and then tells what happens', async () => {
  const { run, events, server } = await watching(
    [
      list('5', pod('a', '1'), pod('b', '3')),
      tell('stay', ['MODIFIED', pod('a', '6')], ['DELETED', pod('b', '7')]),
    ],
    5,
  )
  await run
  expect(events).toEqual(['ADDED a@1', 'ADDED b@3', 'SYNCED', 'MODIFIED a@6', 'DELETED b@7'])
  expect(server.requests).toEqual([
    'GET /api/v1/namespaces/x/pods?labelSelector=run%3D1&limit=500',
    'GET /api/v1/namespaces/x/pods?labelSelector=run%3D1&watch=true&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=60',
  ])
})

test('a watch that the server ended goes on from the last version, bookmarks included, without a wait', async () => {
  const { run, events, server, clock } = await watching(
    [
      list('5'),
      tell('end', ['ADDED', pod('a', '6')], ['BOOKMARK', { metadata: { resourceVersion: '9' } }]),
      tell('stay', ['ADDED', pod('b', '10')]),
    ],
    3,
  )
  await run
  expect(events).toEqual(['SYNCED', 'ADDED a@6', 'ADDED b@10'])
  expect(server.requests[2]).toContain('resourceVersion=9&')
  expect(clock.waits).toEqual([])
})

test('a lost connection is resumed after a wait, from the last version', async () => {
  const { run, events, server, clock, lost } = await watching(
    [
      list('5'),
      tell('cut', ['ADDED', pod('a', '6')]),
      (response) => response.socket?.destroy(),
      refuse(503, 'ServiceUnavailable'),
      refuse(429, 'TooManyRequests'),
      tell('stay', ['ADDED', pod('b', '7')]),
    ],
    3,
  )
  await run
  expect(events).toEqual(['SYNCED', 'ADDED a@6', 'ADDED b@7'])
  expect(server.requests.slice(2).every((line) => line.includes('resourceVersion=6&'))).toBe(true)
  expect(clock.waits).toEqual([300, 600, 1200, 2400])
  expect(lost).toHaveLength(4)
})

test.each([
  ['an event', tell('end', ['ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }])],
  ['a status', refuse(410, 'Gone')],
])(
  'a history that is gone, told by %s, is made up for by a list of which only the differences are told',
  async (_name, gone) => {
    const { run, events, server, clock } = await watching(
      [
        list('5', pod('same', '1'), pod('changed', '2'), pod('vanished', '3'), pod('reborn', '4', 'first')),
        gone,
        list('9', pod('same', '1'), pod('changed', '6'), pod('reborn', '7', 'second'), pod('new', '8')),
        tell('stay', ['MODIFIED', pod('new', '10')]),
      ],
      12,
    )
    await run
    expect(events.slice(5)).toEqual([
      'DELETED vanished@3',
      'MODIFIED changed@6',
      'DELETED reborn@4',
      'ADDED reborn@7',
      'ADDED new@8',
      'SYNCED',
      'MODIFIED new@10',
    ])
    expect(server.requests[3]).toContain('resourceVersion=9&')
    expect(clock.waits).toEqual([])
  },
)

test('a history that is gone again and again does not make it spin', async () => {
  const gone = refuse(410, 'Gone')
  const { run, clock } = await watching(
    [list('5'), gone, list('5'), gone, list('5'), gone, list('6'), tell('stay', ['ADDED', pod('a', '7')])],
    5,
  )
  await run
  expect(clock.waits).toEqual([600, 1200])
})

test('a server that ends each watch at once does not make it spin', async () => {
  const { run, clock, lost } = await watching(
    [list('5'), tell('end'), tell('end'), tell('stay', ['ADDED', pod('a', '6')])],
    2,
  )
  await run
  expect(clock.waits).toEqual([300, 600])
  expect(lost[0]).toBe('WATCH /api/v1/namespaces/x/pods: the server ends the watch at once')
})

test('what time cannot cure is thrown', async () => {
  const { run } = await watching([list('5'), refuse(403, 'Forbidden')], 9)
  expect(await rejection(run)).toMatchObject({ status: 403, reason: 'Forbidden' })
})

test('an event without a version is no object of Kubernetes', async () => {
  const { run } = await watching([list('5'), tell('stay', ['ADDED', { metadata: { name: 'x' } }])], 9)
  expect(await rejection(run)).toBeInstanceOf(KubeError)
})

test('the signal ends it with its reason, in a quiet watch as well as in a wait', async () => {
  const reason = new Error('deadline')
  const quiet = await watching([list('5'), tell('stay')], 9)
  while (quiet.server.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  quiet.controller.abort(reason)
  expect(await rejection(quiet.run)).toBe(reason)

  const outage = await watching([list('5'), (response) => response.socket?.destroy()], 9, {
    ...instantClock(),
    sleep: async (_ms, signal) => {
      outage.controller.abort(reason)
      signal?.throwIfAborted()
    },
  })
  expect(await rejection(outage.run)).toBe(reason)
})

test('a list is read page by page, and again from its beginning when it became too old on the way', async () => {
  const page =
    (next: string | undefined, ...items: Pod[]): Answer =>
    (response) =>
      json(response, 200, { metadata: { resourceVersion: '5', continue: next }, items })
  const answers = [
    page('c1', pod('a', '1')),
    refuse(410, 'Expired'),
    page('c2', pod('a', '2')),
    page('', pod('b', '3')),
  ]
  const server = await httpsServer(pair, (_request, response) => answers.shift()?.(response))
  servers.push(server)
  const { items } = await listAll<Pod>(apiFor(server.url, { ca: authority.ca }), { path: '/p' })
  expect(items.map((each) => each.metadata.resourceVersion)).toEqual(['2', '3'])
  expect(server.requests).toEqual([
    'GET /p?limit=500',
    'GET /p?limit=500&continue=c1',
    'GET /p?limit=500',
    'GET /p?limit=500&continue=c2',
  ])
})

test('an answer that is no list is refused', async () => {
  const server = await httpsServer(pair, (_request, response) => json(response, 200, { items: {} }))
  servers.push(server)
  const error = await rejection(listAll(apiFor(server.url, { ca: authority.ca }), { path: '/p' }))
  expect((error as Error).message).toBe('GET /p: the answer is not a list')
})
