import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { startAks } from './aks.ts'
import { type Client, clientOf, podNamed } from './test-client.ts'
import type { SmallAks } from './types.ts'

const pods = '/api/v1/namespaces/kube-system/pods'

let aks: SmallAks
let client: Client

beforeEach(async () => {
  aks = await startAks({ nodes: [], watchHistory: 8 })
  client = clientOf(aks)
})

afterEach(async () => {
  client.close()
  await aks.stop()
})

async function version(): Promise<string> {
  const { body } = await client.call<{ metadata: { resourceVersion: string } }>('GET', pods)
  return body.metadata.resourceVersion
}

function names(events: { type: string; object: { metadata: { name: string } } }[]): string[] {
  return events.map(({ type, object }) => `${type} ${object.metadata.name}`)
}

describe('a watch over HTTPS', () => {
  test('without a version begins with what there is', async () => {
    await client.call('POST', pods, podNamed('one'))
    const watch = await client.watch(`${pods}?watch=true`)
    await watch.count(1)
    await client.call('POST', pods, podNamed('two'))
    expect(names(await watch.count(2))).toEqual(['ADDED one', 'ADDED two'])
    watch.stop()
  })

  test('from the version of a list sees what came after, in order and nothing twice', async () => {
    await client.call('POST', pods, podNamed('one'))
    const from = await version()
    await client.call('POST', pods, podNamed('two'))
    const watch = await client.watch(`${pods}?watch=1&resourceVersion=${from}`)
    await client.call('DELETE', `${pods}/one`)
    expect(names(await watch.count(2))).toEqual(['ADDED two', 'DELETED one'])
    watch.stop()
  })

  test('sends whole objects with kind, and versions that grow', async () => {
    const watch = await client.watch(`${pods}?watch=1`)
    await client.call('POST', pods, podNamed('one'))
    await client.call('DELETE', `${pods}/one`)
    const [added, deleted] = await watch.count(2)
    expect(added?.object).toMatchObject({ kind: 'Pod', apiVersion: 'v1', metadata: { name: 'one' } })
    expect(Number(deleted?.object.metadata.resourceVersion)).toBeGreaterThan(
      Number(added?.object.metadata.resourceVersion),
    )
    watch.stop()
  })

  test('honours a label selector', async () => {
    const watch = await client.watch(`${pods}?watch=1&labelSelector=${encodeURIComponent('run=a')}`)
    await client.call('POST', pods, podNamed('other', { run: 'b' }))
    await client.call('POST', pods, podNamed('mine', { run: 'a' }))
    expect(names(await watch.count(1))).toEqual(['ADDED mine'])
    watch.stop()
  })

  test('of a version that is too old gets 200 and one ERROR event with 410, then ends', async () => {
    const from = await version()
    for (let count = 0; count < 20; count++) await client.call('POST', pods, podNamed(`p${count}`))
    const watch = await client.watch(`${pods}?watch=1&resourceVersion=${from}`)
    expect(await watch.ended).toBe('end')
    expect(watch.events).toHaveLength(1)
    expect(watch.events[0]).toMatchObject({
      type: 'ERROR',
      object: {
        kind: 'Status',
        code: 410,
        reason: 'Expired',
        message: expect.stringMatching(/^too old resource version: /),
      },
    })
  })

  test('gets bookmarks with the newest version only when it asked for them', async () => {
    const asked = await client.watch(
      `${pods}?watch=1&allowWatchBookmarks=true&resourceVersion=${await version()}`,
    )
    const plain = await client.watch(`${pods}?watch=1&resourceVersion=${await version()}`)
    await client.call('POST', '/api/v1/namespaces/default/pods', podNamed('elsewhere'))
    aks.sendBookmarks()
    const [bookmark] = await asked.count(1)
    expect(bookmark?.type).toBe('BOOKMARK')
    expect(bookmark?.object.metadata.resourceVersion).toBe(aks.store.resourceVersion)
    await client.call('POST', pods, podNamed('one'))
    expect(names(await plain.count(1))).toEqual(['ADDED one'])
    asked.stop()
    plain.stop()
  })

  test('with sendInitialEvents marks the end of the first state', async () => {
    await client.call('POST', pods, podNamed('one'))
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
    const watch = await client.watch(`${pods}?${query}`)
    const [first, mark] = await watch.count(2)
    expect(first?.object.metadata.name).toBe('one')
    expect(mark?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
    watch.stop()
  })

  test('ends in good order after timeoutSeconds', async () => {
    const watch = await client.watch(`${pods}?watch=1&timeoutSeconds=1`)
    expect(await watch.ended).toBe('end')
  })

  test('ends in good order when the server closes its watches', async () => {
    const watch = await client.watch(`${pods}?watch=1`)
    aks.closeWatches()
    expect(await watch.ended).toBe('end')
  })

  test('can break off in the middle after some events', async () => {
    aks.misbehave({ match: { watch: true, times: 1 }, do: { cutAfterEvents: 2 } })
    const watch = await client.watch(`${pods}?watch=1`)
    for (const name of ['one', 'two', 'three']) await client.call('POST', pods, podNamed(name))
    expect(await watch.ended).toBe('cut')
    expect(names(watch.events)).toEqual(['ADDED one', 'ADDED two'])
  })

  test('tells the test when it begins and when the client has gone', async () => {
    const started = aks.events.once('watch-started')
    const ended = aks.events.once('watch-ended')
    const watch = await client.watch(`${pods}?watch=1`)
    const [request] = await started
    expect(request.path).toBe(pods)
    watch.stop()
    expect((await ended)[0]).toBe(request)
  })
})
