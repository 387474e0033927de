import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { evaluate } from '../../src/health/evaluate.ts'
import type { CheckId, Finding, Status } from '../../src/health/finding.ts'
import type { NodeResult } from '../../src/node/reading.ts'
import type { Step } from '../../src/remedy/remedy.ts'
import {
  BUCKETS,
  bucketsFor,
  LIMITS,
  MAX,
  MAX_TW_BUCKETS,
  type Need,
  needsByNode,
  stepsForNode,
  TW_REUSE,
  WRITTEN,
  type WrittenSysctl,
} from '../../src/remedy/sysctl-targets.ts'
import { input } from '../health/support.ts'
import { read, unknown, unread } from '../support/readings.ts'

const wanted = { conntrackMax: 262_144, twReuse: 1, maxTwBuckets: 2_000_000 }
const both = new Set<Need>(['conntrack', 'time-wait'])

function finding(check: CheckId, status: Status, node: string): Finding {
  const subject = { kind: 'node', name: node, pool: 'np1' } as const
  return { check, status, subject, summary: '', evidence: {}, decides: true }
}

/** setting → [intent, from, to] of the steps of one node. */
function brief(steps: Step[]) {
  return Object.fromEntries(steps.map(({ setting, intent, from, to }) => [setting, [intent, from, to]]))
}

describe('which breach needs which sysctls', () => {
  test.each<[CheckId, Need]>([
    ['conntrack-usage', 'conntrack'],
    ['conntrack-drops', 'conntrack'],
    ['conntrack-buckets', 'conntrack'],
    ['time-wait', 'time-wait'],
    ['time-wait-overflow', 'time-wait'],
    ['tw-reuse', 'time-wait'],
    ['port-usage', 'time-wait'],
  ])('%s needs %s', (check, need) => {
    for (const status of ['warning', 'critical'] as const) {
      expect(needsByNode([finding(check, status, 'a')], 'breached', [read('a')]).get('a')).toEqual(
        new Set([need]),
      )
    }
  })

  test('what is ok, unknown or not made needs nothing', () => {
    const findings = (['ok', 'unknown', 'not-made'] as const).map((status) =>
      finding('conntrack-usage', status, 'a'),
    )
    expect(needsByNode(findings, 'breached', [read('a')]).get('a')).toEqual(new Set())
  })

  test('a breach of one node leaves the others alone', () => {
    const needs = needsByNode([finding('time-wait', 'critical', 'a')], 'breached', [read('a'), read('b')])
    expect(needs.get('b')).toEqual(new Set())
  })

  test('with the scope all every node needs everything', () => {
    expect(needsByNode([], 'all', [read('a'), read('b')])).toEqual(
      new Map([
        ['a', both],
        ['b', both],
      ]),
    )
  })
})

describe('the steps of one node', () => {
  test('raise buckets, then the maximum, then reuse, then the TIME-WAIT limit', () => {
    const node = read('a', { sysctls: { [BUCKETS]: 16_384, [TW_REUSE]: 2 } })
    const steps = stepsForNode('sysctl', node, both, wanted)
    expect(steps.map(({ setting }) => setting)).toEqual([...WRITTEN])
    expect(brief(steps)).toEqual({
      [BUCKETS]: ['change', '16384', '65536'],
      [MAX]: ['change', '131072', '262144'],
      [TW_REUSE]: ['change', '2', '1'],
      [MAX_TW_BUCKETS]: ['change', '131072', '2000000'],
    })
  })

  test('a node with 16 cores and 524288 entries is not lowered', () => {
    const node = read('a', { sysctls: { [MAX]: 524_288, [BUCKETS]: 131_072 } }, { cores: 16 })
    expect(brief(stepsForNode('sysctl', node, both, wanted))).toMatchObject({
      [BUCKETS]: ['skip', '131072', '131072'],
      [MAX]: ['skip', '524288', '524288'],
    })
  })

  test('a node with 16 cores gets what kube-proxy would set, and the plan says why', () => {
    const steps = stepsForNode('sysctl', read('a', {}, { cores: 16 }), both, wanted)
    expect(brief(steps)).toMatchObject({
      [BUCKETS]: ['change', '65536', '131072'],
      [MAX]: ['change', '131072', '524288'],
    })
    expect(steps.find(({ setting }) => setting === MAX)?.why).toBe(
      'raised from 262144 to what kube-proxy sets for 16 cores',
    )
  })

  test('buckets follow a maximum that is larger than the wanted one', () => {
    const node = read('a', { sysctls: { [MAX]: 1_048_576, [BUCKETS]: 65_536 } })
    expect(brief(stepsForNode('sysctl', node, both, wanted))).toMatchObject({
      [BUCKETS]: ['change', '65536', '262144'],
      [MAX]: ['skip', '1048576', '1048576'],
    })
  })

  test('a maximum of 0 is no limit and is left', () => {
    const node = read('a', { sysctls: { [MAX]: 0, [BUCKETS]: 16_384 } })
    expect(brief(stepsForNode('sysctl', node, both, wanted))).toMatchObject({
      [MAX]: ['skip', '0', '0'],
      [BUCKETS]: ['change', '16384', '65536'],
    })
  })

  test('a value that was not read is wanted all the same, and the plan says that it is not known', () => {
    const node = read('a', { sysctls: { [MAX]: unknown('not printed by the probe') } })
    const max = stepsForNode('sysctl', node, both, wanted).find(({ setting }) => setting === MAX)
    expect(max).toMatchObject({ intent: 'change', from: undefined, to: '262144' })
    expect(max?.why).toContain('not printed by the probe')
  })

  test('all is refused on a node that was not read, with the reason, if it was asked for', () => {
    const steps = stepsForNode('sysctl', unread('a'), both, wanted)
    expect(steps.map(({ setting, from, to, intent }) => [setting, from, to, intent])).toEqual([
      [BUCKETS, undefined, '65536', 'refuse'],
      [MAX, undefined, '262144', 'refuse'],
      [TW_REUSE, undefined, '1', 'refuse'],
      [MAX_TW_BUCKETS, undefined, '2000000', 'refuse'],
    ])
    expect(steps[0]?.why).toContain('The kubelet did not start the pod within 60 s.')
    expect(stepsForNode('sysctl', unread('a'), new Set(), wanted)).toEqual([])
  })

  test('buckets that would take too much memory at once are refused, with the maximum that needs them', () => {
    const node = read('a', { memoryKb: 4_194_304 })
    const steps = stepsForNode('sysctl', node, both, { ...wanted, conntrackMax: 2_000_000_000 })
    expect(brief(steps)).toMatchObject({
      [BUCKETS]: ['refuse', '65536', '500000256'],
      [MAX]: ['refuse', '131072', '2000000000'],
    })
    expect(steps[0]?.why).toContain('would take 3.7 GiB at once, more than 5 % of the memory of the node')
  })
})

const sizes = fc.record({
  [BUCKETS]: fc.integer({ min: 1, max: 2 ** 22 }),
  [MAX]: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 ** 24 })),
  [TW_REUSE]: fc.integer({ min: 0, max: 2 }),
  [MAX_TW_BUCKETS]: fc.integer({ min: 0, max: 2 ** 22 }),
})
const asked = fc.record({
  conntrackMax: fc.integer({ min: 1, max: 2 ** 24 }),
  twReuse: fc.constantFrom(1, 2),
  maxTwBuckets: fc.integer({ min: 1, max: 2 ** 22 }),
})
const cores = fc.option(fc.integer({ min: 1, max: 256 }), { nil: undefined })

function nodeWith(sysctls: Partial<Record<WrittenSysctl, number>>, ofCores: number | undefined): NodeResult {
  const made = read('a', { sysctls, memoryKb: 256 * 2 ** 20 })
  if (ofCores !== undefined) return { ...made, node: { ...made.node, cores: ofCores } }
  const { cores: _cores, ...node } = made.node
  return { ...made, node }
}

function written(steps: Step[], before: Record<WrittenSysctl, number>): Record<WrittenSysctl, number> {
  const values = { ...before }
  for (const { setting, to, intent } of steps) {
    if (intent === 'change') values[setting as WrittenSysctl] = Number(to)
  }
  return values
}

describe('for any node and any wish', () => {
  test('no size is lowered, 0 stays no limit, and the kernel takes every value', () => {
    fc.assert(
      fc.property(sizes, asked, cores, (before, wish, ofCores) => {
        const values = written(stepsForNode('sysctl', nodeWith(before, ofCores), both, wish), before)
        for (const size of [BUCKETS, MAX, MAX_TW_BUCKETS] as const) {
          expect(values[size]).toBeGreaterThanOrEqual(before[size])
        }
        if (before[MAX] === 0) expect(values[MAX]).toBe(0)
        for (const sysctl of WRITTEN) {
          expect(values[sysctl]).toBeLessThanOrEqual(Math.max(LIMITS[sysctl].most, before[sysctl]))
        }
      }),
    )
  })

  test('the wish, the cores and the ratio of four are met', () => {
    fc.assert(
      fc.property(sizes, asked, cores, (before, wish, ofCores) => {
        const values = written(stepsForNode('sysctl', nodeWith(before, ofCores), both, wish), before)
        if (before[MAX] !== 0) {
          expect(values[MAX]).toBe(Math.max(before[MAX], wish.conntrackMax, 32_768 * (ofCores ?? 0)))
        }
        expect(values[BUCKETS] * 4).toBeGreaterThanOrEqual(values[MAX])
        expect(values[TW_REUSE]).toBe(wish.twReuse)
        expect(values[MAX_TW_BUCKETS]).toBeGreaterThanOrEqual(wish.maxTwBuckets)
      }),
    )
  })

  test('planning on the result of a plan changes nothing', () => {
    fc.assert(
      fc.property(sizes, asked, cores, (before, wish, ofCores) => {
        const values = written(stepsForNode('sysctl', nodeWith(before, ofCores), both, wish), before)
        const again = stepsForNode('sysctl', nodeWith(values, ofCores), both, wish)
        expect(again.filter(({ intent }) => intent === 'change')).toEqual([])
      }),
    )
  })

  test('the buckets of a maximum are whole pages', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: LIMITS[MAX].most }), (max) => {
        expect(bucketsFor(max) % 512).toBe(0)
        expect(bucketsFor(max)).toBeGreaterThan(0)
      }),
    )
  })
})

test('a node at 85 % of 131072 does not breach the checks any more with what is planned for it', () => {
  const busy = { first: { conntrackCount: 111_412 } }
  const before = read('a', { ...busy, sysctls: { [TW_REUSE]: 1 } })
  const needs = needsByNode(evaluate(input([before])), 'breached', [before])
  const steps = stepsForNode('sysctl', before, needs.get('a') ?? new Set(), wanted)
  expect(brief(steps)).toEqual({
    [BUCKETS]: ['skip', '65536', '65536'],
    [MAX]: ['change', '131072', '262144'],
  })
  const now = read('a', { ...busy, sysctls: { [TW_REUSE]: 1, [MAX]: 262_144 } })
  const usage = evaluate(input([now])).find(({ check }) => check === 'conntrack-usage')
  expect(usage).toMatchObject({ status: 'ok' })
  expect(usage?.value).toBeLessThan(70)
})
