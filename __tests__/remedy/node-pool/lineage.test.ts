import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  isSame,
  lineageOf,
  lineageTags,
  successorName,
  tagsFit,
} from '../../../src/remedy/node-pool/lineage.ts'

const pool = (name: string, tags: Record<string, string> = {}) => ({
  name,
  etag: 'e-1',
  properties: { tags },
})
const uid = fc.uuid().map((value) => ({ uid: value }))

describe('the tags of a successor', () => {
  test('name the very pool that it replaces, whatever is left of its nodes', () => {
    fc.assert(
      fc.property(
        fc.array(uid, { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 0, max: 27 }),
        (nodes, left) => {
          const tags = lineageTags(pool('np1'), nodes)
          for (const value of Object.values(tags)) expect(value.length).toBeLessThanOrEqual(256)
          const lineage = lineageOf(pool('np1b', tags))
          if (lineage === undefined) throw new Error('the tags are not read')
          const kept = nodes.slice(Math.min(left, nodes.length - 1), 28)
          expect(isSame(lineage, { name: 'np1', etag: 'e-2' }, kept.length > 0 ? kept : nodes)).toBe(true)
        },
      ),
    )
  })

  test('do not name a pool of the same name with other nodes', () => {
    fc.assert(
      fc.property(fc.array(uid, { minLength: 1 }), fc.array(uid), (nodes, others) => {
        const lineage = lineageOf(pool('np1b', lineageTags(pool('np1'), nodes)))
        const known = new Set(nodes.map(({ uid }) => uid.slice(0, 8)))
        fc.pre(others.every(({ uid }) => !known.has(uid.slice(0, 8))))
        expect(lineage && isSame(lineage, { name: 'np1', etag: 'e-2' }, others)).toBe(false)
      }),
    )
  })

  test('know a pool by a node that was cordoned for the successor, when those that they name are gone', () => {
    const lineage = lineageOf(pool('np1b', lineageTags(pool('np1'), [{ uid: '11111111-0' }])))
    const now = { name: 'np1', etag: 'e-2' }
    const left = (cordonedFor?: string) => [{ uid: '22222222-0', cordonedFor }]
    expect(lineage && isSame(lineage, now, left('np1b'))).toBe(true)
    expect(lineage && isSame(lineage, now, left('np1c'))).toBe(false)
    expect(lineage && isSame(lineage, now, left())).toBe(false)
  })

  test('know a pool without nodes by its version, and no other', () => {
    const lineage = lineageOf(pool('np1b', lineageTags(pool('np1'), [])))
    expect(lineage && isSame(lineage, pool('np1'), [])).toBe(true)
    expect(lineage && isSame(lineage, { name: 'np1', etag: 'e-2' }, [])).toBe(false)
    const unknown = lineageOf(pool('np1b', lineageTags({ name: 'np1', etag: undefined }, [])))
    expect(unknown && isSame(unknown, { name: 'np1', etag: undefined }, [])).toBe(false)
  })

  test('are found in whatever case Azure gives them back', () => {
    const tags = Object.entries(lineageTags(pool('np1'), [])).map(([name, value]) => [
      name.toUpperCase(),
      value,
    ])
    expect(lineageOf(pool('np1b', Object.fromEntries(tags) as Record<string, string>))?.predecessor).toBe(
      'np1',
    )
  })

  test('must fit beside those of the pool', () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, 'x'])) as Record<
        string,
        string
      >
    expect(tagsFit(pool('np1', many(47)))).toBe(true)
    expect(tagsFit(pool('np1', many(48)))).toBe(false)
  })
})

describe('the name of a successor', () => {
  const successor = (name: string) => pool(name, { 'aks-connection-health-replaces': 'np1' })

  test('is that of the pool with a letter more', () => {
    expect(successorName(pool('np1'), ['np1'])).toBe('np1b')
  })

  test('goes on in the alphabet for a pool that was a successor itself', () => {
    expect(successorName(successor('np1b'), ['np1b'])).toBe('np1c')
    expect(successorName(successor('np1z'), ['np1z'])).toBe('np1a')
  })

  test('has at most twelve characters', () => {
    expect(successorName(pool('abcdefghijkl'), ['abcdefghijkl'])).toBe('abcdefghijkb')
  })

  test('is one that Azure takes and that nobody has', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9]{0,11}$/)
    fc.assert(
      fc.property(name, fc.array(name), fc.boolean(), (own, others, made) => {
        const taken = [own, ...others]
        const found = successorName(made ? successor(own) : pool(own), taken)
        if (found === undefined) return
        expect(found).toMatch(/^[a-z][a-z0-9]{0,11}$/)
        expect(taken).not.toContain(found)
      }),
    )
  })
})
