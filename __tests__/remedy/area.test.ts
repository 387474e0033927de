import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Area, areasText, parseAreas, parseSelector, termsOf } from '../../src/remedy/area.ts'
import { matches } from '../../src/remedy/cluster-nodes.ts'

const linux = { 'kubernetes.io/os': 'linux' }
const served = (text: string, labels: Record<string, string>, leftOut: string[] = []) =>
  matches(
    { metadata: { name: 'a', labels: { ...linux, ...labels } } },
    termsOf(parseAreas(text) ?? [], leftOut),
  )

describe('the nodes that a text means', () => {
  test('a pool is known by the label of AKS, of old AKS, or of node auto-provisioning', () => {
    for (const label of ['kubernetes.azure.com/agentpool', 'agentpool', 'karpenter.sh/nodepool']) {
      expect(served('pool np1', { [label]: 'np1' })).toBe(true)
      expect(served('pool np1', { [label]: 'np2' })).toBe(false)
    }
  })

  test('nodes without a pool have none of these labels', () => {
    expect(served('nodes without a pool', {})).toBe(true)
    expect(served('nodes without a pool', { agentpool: 'np1' })).toBe(false)
  })

  test('several areas are served together, each with its own condition', () => {
    const text = 'node b; pool np1 where tier=web'
    expect(served(text, { agentpool: 'np1', tier: 'web' })).toBe(true)
    expect(served(text, { agentpool: 'np1', tier: 'db' })).toBe(false)
    expect(served(text, { 'kubernetes.io/hostname': 'b' })).toBe(true)
  })

  test('Windows and virtual nodes, and those that are left out, are never served', () => {
    expect(served('all nodes', { 'kubernetes.io/os': 'windows' })).toBe(false)
    expect(served('all nodes', { type: 'virtual-kubelet' })).toBe(false)
    expect(served('all nodes', { 'kubernetes.io/hostname': 'a' }, ['a'])).toBe(false)
    expect(served('all nodes', { 'kubernetes.io/hostname': 'b' }, ['a'])).toBe(true)
  })

  test.each(['', 'everything', 'pool', 'pool np1; nonsense', 'pool np1 where a in b', 'pool $(x)'])(
    '%j is no area',
    (text) => expect(parseAreas(text)).toBeUndefined(),
  )
})

describe('a label selector', () => {
  test('is read as kubectl does', () => {
    expect(parseSelector('a=b, c==d,e!=f,g in (h, i),j notin (k),l,!m')).toEqual([
      { key: 'a', operator: 'In', values: ['b'] },
      { key: 'c', operator: 'In', values: ['d'] },
      { key: 'e', operator: 'NotIn', values: ['f'] },
      { key: 'g', operator: 'In', values: ['h', 'i'] },
      { key: 'j', operator: 'NotIn', values: ['k'] },
      { key: 'l', operator: 'Exists' },
      { key: 'm', operator: 'DoesNotExist' },
    ])
  })

  test.each(['a=b c', 'a in b', '=b', 'a={b}', 'a;b'])('%j is refused with what is allowed', (text) => {
    expect(() => parseSelector(text)).toThrow(/is not a condition on labels/)
  })
})

const area: fc.Arbitrary<Area> = fc.record({
  of: fc.oneof(
    fc.constant({ kind: 'all' as const }),
    fc.constant({ kind: 'no-pool' as const }),
    fc.record({
      kind: fc.constantFrom('pool' as const, 'node' as const),
      name: fc.stringMatching(/^[a-z0-9]{1,12}$/),
    }),
  ),
  where: fc.constantFrom('', 'tier=web', 'a in (b,c),!d'),
})

test('what is written of areas is read back as the same', () => {
  fc.assert(
    fc.property(fc.array(area, { minLength: 1, maxLength: 6 }), (areas) => {
      const text = areasText(areas)
      expect(areasText(parseAreas(text) ?? [])).toBe(text)
      if (text !== 'all nodes')
        expect(parseAreas(text)).toHaveLength(new Set(areas.map((one) => areasText([one]))).size)
    }),
  )
})
