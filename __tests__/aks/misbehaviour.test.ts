import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { startAks } from './aks.ts'
import { type Client, clientOf, podNamed } from './test-client.ts'
import type { SmallAks } from './types.ts'

const pods = '/api/v1/namespaces/kube-system/pods'

let aks: SmallAks
let client: Client

beforeEach(async () => {
  aks = await startAks({ nodes: [] })
  client = clientOf(aks)
})

afterEach(async () => {
  client.close()
  await aks.stop()
})

describe('misbehaving', () => {
  test('answers with 429 and Retry-After for as often as it is told', async () => {
    aks.misbehave({ match: { path: /\/pods/, times: 1 }, do: { status: 429, retryAfter: 2 } })
    const first = await client.call('GET', pods)
    expect([first.status, first.headers['retry-after']]).toEqual([429, '2'])
    expect((await client.call('GET', pods)).status).toBe(200)
  })

  test('can do what was asked and lose the answer', async () => {
    aks.misbehave({ match: { method: 'POST', times: 1 }, do: 'lost-answer' })
    await expect(client.call('POST', pods, podNamed('one'))).rejects.toThrow(/hang up|reset/)
    expect((await client.call('GET', `${pods}/one`)).status).toBe(200)
  })

  test('can cut the connection before it does anything, or in the middle of the answer', async () => {
    aks.misbehave({ match: { method: 'POST', times: 1 }, do: 'reset' })
    aks.misbehave({ match: { method: 'GET', times: 1 }, do: 'half-body' })
    await expect(client.call('POST', pods, podNamed('one'))).rejects.toThrow(/hang up|reset/)
    await expect(client.call('GET', '/api/v1/nodes')).rejects.toThrow(/aborted|reset|hang up/)
    expect(aks.store.list('pods')).toEqual([])
  })

  test('spares the first requests when the rule says so', async () => {
    aks.misbehave({ match: { path: /\/nodes/, skip: 1, times: 1 }, do: { status: 500 } })
    const statuses: number[] = []
    for (let count = 0; count < 3; count++) statuses.push((await client.call('GET', '/api/v1/nodes')).status)
    expect(statuses).toEqual([200, 500, 200])
  })

  test('goes away, refuses connections, and comes back on the same port', async () => {
    const watch = await client.watch(`${pods}?watch=1`)
    await aks.goAway()
    expect(await watch.ended).toBe('cut')
    await expect(client.call('GET', pods)).rejects.toThrow(/ECONNREFUSED/)
    await aks.comeBack()
    expect((await client.call('GET', pods)).status).toBe(200)
  })

  test('goes away for a time and comes back by itself', async () => {
    aks.misbehave({ match: { method: 'POST', times: 1 }, do: { goAwayForMs: 50 } })
    await expect(client.call('POST', pods, podNamed('one'))).rejects.toThrow(/hang up|reset/)
    let status = 0
    while (status === 0)
      status = await client.call('GET', pods).then(
        (reply) => reply.status,
        () => 0,
      )
    expect(status).toBe(200)
    expect(aks.store.list('pods')).toEqual([])
  })

  test('can say that a version is gone, to lists and in watches', async () => {
    aks.misbehave({ match: { times: 2 }, do: 'gone' })
    const list = await client.call<{ reason: string }>('GET', `${pods}?resourceVersion=5`)
    expect([list.status, list.body.reason]).toEqual([410, 'Expired'])
    const watch = await client.watch(`${pods}?watch=1&resourceVersion=5`)
    expect(await watch.ended).toBe('end')
    expect(watch.events).toMatchObject([{ type: 'ERROR', object: { code: 410, reason: 'Expired' } }])
  })

  test('can end all watches when a request comes', async () => {
    const watch = await client.watch(`${pods}?watch=1`)
    aks.misbehave({ match: { method: 'POST' }, do: 'close-watches' })
    expect((await client.call('POST', pods, podNamed('one'))).status).toBe(201)
    expect(await watch.ended).toBe('end')
  })

  test('never answers what it lets hang, and stops all the same', async () => {
    const forget = aks.misbehave({ match: {}, do: 'hang' })
    const hanging = client.call('GET', pods)
    const lost = expect(hanging).rejects.toThrow(/hang up|reset/)
    await aks.events.once('request')
    forget()
    expect((await client.call('GET', pods)).status).toBe(200)
    await aks.stop()
    await lost
  })

  test('does not come back any more once it is stopped, whoever lets it, so that the process can end', async () => {
    aks.misbehave({ match: { method: 'POST', times: 1 }, do: { goAwayForMs: 50 } })
    const lost = client.call('POST', pods, podNamed('b')).catch(() => 'lost')
    await aks.events.once('request')
    const comingBack = aks.goAway().then(() => aks.comeBack())
    await aks.stop()
    await comingBack
    await aks.comeBack()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await lost).toBe('lost')
    await expect(client.call('GET', pods)).rejects.toThrow(/ECONNREFUSED/)
  })

  test('can cut a number of connections as they arrive', async () => {
    aks.misbehave({ match: { times: 1 }, do: { cutConnections: 1 } })
    await expect(client.call('GET', pods)).rejects.toThrow(/hang up|reset/)
    await expect(client.call('GET', pods)).rejects.toThrow(/ECONNRESET|disconnected|hang up/)
    expect((await client.call('GET', pods)).status).toBe(200)
  })

  test('remembers every request with its user and its answer', async () => {
    await client.call('GET', `${pods}?limit=1`)
    expect(aks.requests.at(-1)).toMatchObject({
      user: 'admin',
      method: 'GET',
      path: pods,
      query: { limit: '1' },
      userAgent: 'bed-test/1',
      status: 200,
    })
  })
})
