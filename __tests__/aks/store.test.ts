import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { KubeObject, Pod } from './objects.ts'
import type { StatusError } from './status.ts'
import { MemoryStore } from './store.ts'
import type { StoreEvent } from './store-types.ts'

function pod(name: string, labels: Record<string, string> = {}, nodeName?: string): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'a', labels },
    spec: { containers: [{ name: 'main', image: 'x:1' }], ...(nodeName && { nodeName }) },
    status: {},
  }
}

function refusal(act: () => unknown): StatusError {
  try {
    act()
  } catch (error) {
    return error as StatusError
  }
  throw new Error('nothing was refused')
}

function collect(store: MemoryStore, options: object, from?: string): { seen: string[]; stop: () => void } {
  const seen: string[] = []
  const stop = store.watch('pods', { ...options, ...(from && { from }) }, ({ type, object }) => {
    seen.push(`${type} ${object.metadata.name}`)
  })
  return { seen, stop }
}

describe('the store', () => {
  test('fills in what the server owns and counts versions through all resources', () => {
    const store = new MemoryStore()
    const first = store.create('pods', pod('one'))
    const second = store.create('configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'c', namespace: 'a' },
    } as KubeObject)
    expect(first.metadata).toMatchObject({ uid: expect.any(String), generation: 1 })
    expect(first.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect(Number(second.metadata.resourceVersion)).toBe(Number(first.metadata.resourceVersion) + 1)
  })

  test('makes a new name for each object with generateName', () => {
    const store = new MemoryStore()
    const names = [1, 2, 3].map(
      () =>
        store.create('pods', { ...pod(''), metadata: { name: '', generateName: 'x-', namespace: 'a' } })
          .metadata.name,
    )
    expect(new Set(names).size).toBe(3)
    for (const name of names) expect(name).toMatch(/^x-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  })

  test('refuses a second object of the same name', () => {
    const store = new MemoryStore()
    store.create('pods', pod('one'))
    const error = refusal(() => store.create('pods', pod('one')))
    expect([error.code, error.reason, error.message]).toEqual([
      409,
      'AlreadyExists',
      'pods "one" already exists',
    ])
  })

  test('refuses an update that was made from an old version', () => {
    const store = new MemoryStore()
    const old = store.create('pods', pod('one'))
    store.patch('pods', 'a', 'one', { metadata: { labels: { x: '1' } } })
    const error = refusal(() =>
      store.update('pods', { ...old, metadata: { ...old.metadata, labels: { x: '2' } } }),
    )
    expect(error.code).toBe(409)
    expect(error.message).toBe(
      'Operation cannot be fulfilled on pods "one": the object has been modified; please apply your changes to the latest version and try again',
    )
    expect(store.get('pods', 'a', 'one')?.metadata.labels).toEqual({ x: '1' })
  })

  test('writes nothing when nothing changes', () => {
    const store = new MemoryStore()
    store.create('pods', pod('one', { x: '1' }))
    const before = store.resourceVersion
    store.patch('pods', 'a', 'one', { metadata: { labels: { x: '1' } } })
    expect(store.resourceVersion).toBe(before)
  })

  test('hands out objects that cannot be changed in place', () => {
    const store = new MemoryStore()
    const stored = store.create('pods', pod('one'))
    expect(() => {
      stored.spec.containers.push({ name: 'evil', image: 'x' })
    }).toThrow(TypeError)
  })

  test('keeps a deleted pod of a node until the kubelet says that it has ended', () => {
    const store = new MemoryStore()
    store.create('pods', pod('one', {}, 'node-1'))
    const going = store.delete('pods', 'a', 'one', { gracePeriodSeconds: 5 })
    expect(going.metadata).toMatchObject({
      deletionGracePeriodSeconds: 5,
      deletionTimestamp: expect.any(String),
    })
    expect(store.get('pods', 'a', 'one')).toBeDefined()
    store.delete('pods', 'a', 'one', { gracePeriodSeconds: 0 })
    expect(store.get('pods', 'a', 'one')).toBeUndefined()
  })

  test('deletes a pod at once that is bound to no node or has ended', () => {
    const store = new MemoryStore()
    store.create('pods', pod('unbound'))
    store.create('pods', pod('ended', {}, 'node-1'))
    store.patch('pods', 'a', 'ended', { status: { phase: 'Succeeded' } })
    store.deleteCollection('pods', { namespace: 'a' })
    expect(store.list('pods')).toEqual([])
  })

  test('refuses a delete that was meant for another object of that name', () => {
    const store = new MemoryStore()
    const { uid } = store.create('pods', pod('one')).metadata
    const error = refusal(() => store.delete('pods', 'a', 'one', { preconditions: { uid: 'other' } }))
    expect(error.code).toBe(409)
    expect(error.message).toContain(
      `Precondition failed: UID in precondition: other, UID in object meta: ${uid}`,
    )
  })
})

describe('a watch of the store', () => {
  test('tells every listener the same order when a listener writes', () => {
    const store = new MemoryStore()
    store.watch('pods', {}, ({ type, object }) => {
      if (type === 'ADDED') store.patch('pods', 'a', object.metadata.name, { status: { phase: 'Running' } })
    })
    const { seen } = collect(store, {})
    store.create('pods', pod('one'))
    expect(seen).toEqual(['ADDED one', 'MODIFIED one'])
  })

  test('sees objects come into its selector and leave it', () => {
    const store = new MemoryStore()
    const { seen } = collect(store, { labelSelector: 'x=1' })
    store.create('pods', pod('one', { x: '0' }))
    store.patch('pods', 'a', 'one', { metadata: { labels: { x: '1' } } })
    store.patch('pods', 'a', 'one', { status: { phase: 'Running' } })
    store.patch('pods', 'a', 'one', { metadata: { labels: { x: '2' } } })
    store.delete('pods', 'a', 'one')
    expect(seen).toEqual(['ADDED one', 'MODIFIED one', 'DELETED one'])
  })

  test('tells the version of the change when an object leaves the selector', () => {
    const store = new MemoryStore()
    const events: StoreEvent[] = []
    store.create('pods', pod('one', { x: '1' }))
    store.watch('pods', { labelSelector: 'x=1' }, (event) => events.push(event))
    store.patch('pods', 'a', 'one', { metadata: { labels: { x: '2' } } })
    expect(events[0]?.type).toBe('DELETED')
    expect(events[0]?.object.metadata).toMatchObject({
      labels: { x: '1' },
      resourceVersion: store.resourceVersion,
    })
  })

  test('of one node sees only its pods, from when they are bound', () => {
    const store = new MemoryStore()
    const { seen, stop } = collect(store, { fieldSelector: 'spec.nodeName=node-1' })
    store.create('pods', pod('other', {}, 'node-2'))
    store.create('pods', pod('late'))
    store.patch('pods', 'a', 'late', { spec: { nodeName: 'node-1' } })
    stop()
    store.delete('pods', 'a', 'late', { gracePeriodSeconds: 0 })
    expect(seen).toEqual(['ADDED late'])
  })

  test('resumes after a version without a gap', () => {
    const store = new MemoryStore()
    store.create('pods', pod('one'))
    const from = store.resourceVersion
    store.create('pods', pod('two'))
    store.delete('pods', 'a', 'one')
    const { seen } = collect(store, {}, from)
    store.create('pods', pod('three'))
    expect(seen).toEqual(['ADDED two', 'DELETED one', 'ADDED three'])
  })

  test('of a version that is forgotten is refused as expired', () => {
    const store = new MemoryStore({ watchHistory: 4 })
    const from = store.resourceVersion
    for (let count = 0; count < 10; count++) store.create('pods', pod(`p${count}`))
    const error = refusal(() => store.watch('pods', { from }, () => {}))
    expect([error.code, error.reason]).toEqual([410, 'Expired'])
    expect(error.message).toMatch(/^too old resource version: 1000 \(\d+\)$/)
  })

  test('shows the past state that a page of a list belongs to', () => {
    const store = new MemoryStore()
    store.create('pods', pod('one'))
    store.create('pods', pod('two'))
    const at = Number(store.resourceVersion)
    store.delete('pods', 'a', 'one')
    store.patch('pods', 'a', 'two', { metadata: { labels: { x: '1' } } })
    store.create('pods', pod('three'))
    const past = store
      .versionsAt('pods', at)
      .map(({ object }) => [object.metadata.name, object.metadata.labels])
    expect(past).toEqual([
      ['one', {}],
      ['two', {}],
    ])
  })
})

describe('the history of the store', () => {
  const change = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    act: fc.constantFrom('write', 'delete'),
    label: fc.constantFrom('0', '1'),
  })
  const states = (store: MemoryStore, labelSelector?: string) =>
    store.list('pods', labelSelector ? { labelSelector } : {}).map(({ metadata }) => metadata)

  function play(
    store: MemoryStore,
    { name, act, label }: { name: string; act: string; label: string },
  ): void {
    const known = store.get('pods', 'a', name)
    if (act === 'delete') {
      if (known) store.delete('pods', 'a', name)
    } else if (known) store.patch('pods', 'a', name, { metadata: { labels: { x: label } } })
    else store.create('pods', pod(name, { x: label }))
  }

  test('leads from any past state to the present one, also through a selector', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), fc.nat(30), (changes, cut) => {
        const store = new MemoryStore()
        for (const one of changes.slice(0, cut)) play(store, one)
        const from = store.resourceVersion
        const replayed = new Map(states(store, 'x=1').map((metadata) => [metadata.name, metadata]))
        for (const one of changes.slice(cut)) play(store, one)
        store.watch('pods', { from, labelSelector: 'x=1' }, ({ type, object: { metadata } }) => {
          expect(replayed.has(metadata.name)).toBe(type !== 'ADDED')
          if (type === 'DELETED') replayed.delete(metadata.name)
          else replayed.set(metadata.name, metadata)
        })
        const byName = [...replayed.values()].sort((left, right) => left.name.localeCompare(right.name))
        expect(byName).toEqual(states(store, 'x=1'))
      }),
    )
  })

  test('shows every past state as it was', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        const store = new MemoryStore()
        const seen: { at: number; state: unknown }[] = []
        for (const one of changes) {
          play(store, one)
          seen.push({ at: Number(store.resourceVersion), state: states(store) })
        }
        for (const { at, state } of seen) {
          expect(store.versionsAt('pods', at).map(({ object }) => object.metadata)).toEqual(state)
        }
      }),
    )
  })
})
