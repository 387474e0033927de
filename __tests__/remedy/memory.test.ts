import { describe, expect, test } from '@jest/globals'
import { bucketsFit, memoryImpact } from '../../src/remedy/memory.ts'

const gib = 2 ** 20

describe('what a larger table costs', () => {
  test('262144 entries take 64 MiB, 98 MiB with NAT, and are no matter for 16 GiB', () => {
    const lines = memoryImpact([
      { node: 'a', memoryKb: 16 * gib, conntrack: { max: 262_144, buckets: 65_536 } },
    ])
    expect(lines).toEqual([
      '262144 tracked connections take 64 MiB of kernel memory, 97 MiB when all are translated by NAT; it is taken as connections come, not when the limit is raised (0.6 % of 16 GiB).',
    ])
  })

  test('a table that can fill a tenth of the memory is warned of, with the names of the nodes', () => {
    const conntrack = { max: 2_097_152, buckets: 524_288 }
    const lines = memoryImpact([
      { node: 'small', memoryKb: 4 * gib, conntrack },
      { node: 'large', memoryKb: 64 * gib, conntrack },
    ])
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^Large for the memory of small: 2097152 tracked connections take 512 MiB/)
    expect(lines[0]).toMatch(/\(19 % of 4 GiB\)\.$/)
  })

  test('warnings come first, one line for each size', () => {
    const lines = memoryImpact([
      { node: 'a', memoryKb: 16 * gib, conntrack: { max: 262_144, buckets: 65_536 } },
      { node: 'b', memoryKb: 4 * gib, maxTwBuckets: 2_000_000 },
    ])
    expect(lines.map((line) => line.slice(0, 29))).toEqual([
      'Large for the memory of b: 20',
      '262144 tracked connections ta',
    ])
    expect(lines[0]).toContain('578 MiB')
  })

  test('unknown memory is said and not taken for enough', () => {
    const lines = memoryImpact([{ node: 'a', memoryKb: undefined, maxTwBuckets: 262_144 }])
    expect(lines[0]).toMatch(/The memory of the nodes is not known\.$/)
  })
})

test('buckets fit when they take no more than a twentieth of the memory, of 4 GiB when it is not known', () => {
  expect(bucketsFit(4_194_304, gib)).toBe(true)
  expect(bucketsFit(6_710_886, gib)).toBe(true)
  expect(bucketsFit(6_710_887, gib)).toBe(false)
  expect(bucketsFit(26_843_545, undefined)).toBe(true)
  expect(bucketsFit(26_843_546, undefined)).toBe(false)
})
