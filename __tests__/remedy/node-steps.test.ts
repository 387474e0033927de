import { expect, test } from '@jest/globals'
import { memoryImpact } from '../../src/remedy/memory.ts'
import { sizesOf } from '../../src/remedy/node-steps.ts'
import { BUCKETS, MAX, type Need, stepsForNode } from '../../src/remedy/sysctl-targets.ts'
import { read } from '../support/readings.ts'

const wanted = { conntrackMax: 262_144, twReuse: 1, maxTwBuckets: 2_000_000 }

test.each([
  ['131072', /^262144 tracked connections take/],
  ['0', undefined],
])('a node with a maximum of %s is told the memory of a table that it will have', (max, told) => {
  const node = read('a', { sysctls: { [MAX]: Number(max), [BUCKETS]: 16_384 } })
  const impact = memoryImpact(
    sizesOf(stepsForNode('sysctl', node, new Set<Need>(['conntrack']), wanted), [node]),
  )
  expect(impact).toEqual(told === undefined ? [] : [expect.stringMatching(told)])
})
