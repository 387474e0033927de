import { describe, expect, test } from '@jest/globals'
import { jsonPatch, mergePatch, strategicPatch } from './patch.ts'

describe('a merge patch', () => {
  test('merges maps, replaces lists and deletes what is null', () => {
    const target = { a: { b: 1, c: [1, 2] }, d: 1 }
    expect(mergePatch(target, { a: { c: [3] }, d: null, e: 2 })).toEqual({ a: { b: 1, c: [3] }, e: 2 })
    expect(target).toEqual({ a: { b: 1, c: [1, 2] }, d: 1 })
  })
})

describe('a strategic merge patch', () => {
  const pod = {
    containers: [
      { name: 'a', image: 'x:1', env: [{ name: 'E', value: '1' }] },
      { name: 'b', image: 'y:1' },
    ],
  }

  test('merges lists by their key', () => {
    const patch = {
      containers: [
        { name: 'a', image: 'x:2' },
        { name: 'c', image: 'z:1' },
      ],
    }
    expect(strategicPatch(pod, patch)).toEqual({
      containers: [
        { name: 'a', image: 'x:2', env: [{ name: 'E', value: '1' }] },
        { name: 'b', image: 'y:1' },
        { name: 'c', image: 'z:1' },
      ],
    })
  })

  test('deletes and replaces where it says so', () => {
    expect(strategicPatch(pod, { containers: [{ name: 'b', $patch: 'delete' }] })).toEqual({
      containers: [pod.containers[0]],
    })
    expect(strategicPatch(pod, { containers: [{ $patch: 'replace' }, { name: 'c' }] })).toEqual({
      containers: [{ name: 'c' }],
    })
    expect(strategicPatch({ m: { a: 1 } }, { m: { $patch: 'replace', b: 2 } })).toEqual({ m: { b: 2 } })
  })

  test('tells service ports by port and container ports by containerPort', () => {
    const service = { ports: [{ port: 80, protocol: 'TCP', nodePort: 30000 }] }
    expect(strategicPatch(service, { ports: [{ port: 80, targetPort: 8080 }] })).toEqual({
      ports: [{ port: 80, protocol: 'TCP', nodePort: 30000, targetPort: 8080 }],
    })
    const container = { ports: [{ containerPort: 80, protocol: 'TCP' }] }
    expect(strategicPatch(container, { ports: [{ containerPort: 81 }] })).toEqual({
      ports: [{ containerPort: 80, protocol: 'TCP' }, { containerPort: 81 }],
    })
  })

  test('replaces lists without a key as a whole', () => {
    expect(strategicPatch({ args: ['a', 'b'] }, { args: ['c'] })).toEqual({ args: ['c'] })
  })
})

describe('a JSON patch', () => {
  test('adds, replaces, removes, moves and copies', () => {
    const operations = [
      { op: 'add', path: '/list/-', value: 3 },
      { op: 'replace', path: '/a~1b', value: 'new' },
      { op: 'remove', path: '/gone' },
      { op: 'move', from: '/list/0', path: '/first' },
      { op: 'copy', from: '/first', path: '/second' },
      { op: 'test', path: '/second', value: 1 },
    ]
    expect(jsonPatch({ list: [1, 2], 'a/b': 'old', gone: true }, operations)).toEqual({
      list: [2, 3],
      'a/b': 'new',
      first: 1,
      second: 1,
    })
  })

  test('is refused when a test fails or a path is not there', () => {
    expect(() => jsonPatch({ a: 1 }, [{ op: 'test', path: '/a', value: 2 }])).toThrow(/rejected our request/)
    expect(() => jsonPatch({ a: 1 }, [{ op: 'remove', path: '/b' }])).toThrow(/no such path/)
  })
})
