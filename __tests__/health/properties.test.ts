import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { nextSteps } from '../../src/health/advice.ts'
import { evaluate } from '../../src/health/evaluate.ts'
import { asides, judge, rankOf } from '../../src/health/verdict.ts'
import type { NodeResult } from '../../src/node/reading.ts'
import { outOfScope, read, unread } from '../support/readings.ts'
import { input, policy, thresholds } from './arbitraries.ts'

describe('whatever the nodes print', () => {
  test('all is evaluated, judged and advised, and findings are well-formed', () => {
    fc.assert(
      fc.property(input, policy, (given, rules) => {
        const findings = evaluate(given)
        const judgement = judge(findings, rules)
        expect(judgement.verdict === 'healthy' || judgement.reasons.length > 0).toBe(true)
        nextSteps(findings)
        asides(findings)
        for (const { value, threshold, evidence, summary } of findings) {
          expect(summary.length).toBeLessThan(2000)
          expect(summary).not.toContain('undefined')
          if (value !== undefined) expect(value).toBeGreaterThanOrEqual(0)
          for (const item of [value, threshold, ...Object.values(evidence)]) {
            if (typeof item === 'number') expect(Number.isFinite(item)).toBe(true)
          }
        }
      }),
    )
  })

  test('the order of nodes makes no difference', () => {
    fc.assert(
      fc.property(input, policy, (given, rules) => {
        const turned = { ...given, nodes: [...given.nodes].reverse() }
        expect(evaluate(turned)).toEqual(evaluate(given))
        expect(judge(evaluate(turned), rules)).toEqual(judge(evaluate(given), rules))
      }),
    )
  })

  test('nodes out of scope do not count', () => {
    fc.assert(
      fc.property(input, policy, (given, rules) => {
        fc.pre(given.nodes.some((result) => result.kind === 'read'))
        const more = { ...given, nodes: [...given.nodes, outOfScope('w')] }
        expect(judge(evaluate(more), rules)).toEqual(judge(evaluate(given), rules))
      }),
    )
  })

  test('a node more that is not read never makes a verdict healthy, unless that is allowed', () => {
    fc.assert(
      fc.property(input, policy, (given, rules) => {
        const more = { ...given, nodes: [...given.nodes, unread('gone')] }
        const { verdict } = judge(evaluate(more), rules)
        const missing = more.nodes.filter((result) => result.kind === 'unread').length
        if (missing > rules.unknownNodesAllowed)
          expect(rankOf(verdict)).toBeGreaterThanOrEqual(rankOf('unknown'))
        expect(rankOf(verdict)).toBeGreaterThanOrEqual(rankOf(judge(evaluate(given), rules).verdict))
      }),
    )
  })

  test('no node read is never healthy, whatever is allowed', () => {
    fc.assert(
      fc.property(input, policy, (given, rules) => {
        const none = { ...given, nodes: given.nodes.filter((result) => result.kind !== 'read') }
        expect(judge(evaluate(none), rules).verdict).toBe('unknown')
      }),
    )
  })
})

/** What happens on a node in the window, and how full things are; more of anything is worse. */
interface Load {
  entries: number
  timeWait: number
  ports: number
  fullTableDrops: number
  evictions: number
  chainRefusals: number
  lostClashes: number
  overflows: number
}

function loaded(name: string, load: Load): NodeResult {
  return read(name, {
    sysctls: { 'net.netfilter.nf_conntrack_max': 10_000 },
    first: { conntrackCount: load.entries, timeWait: load.timeWait },
    second: {
      counters: {
        'conntrack.drop': load.fullTableDrops + load.lostClashes,
        'conntrack.early_drop': load.evictions,
        'conntrack.insert_failed': load.chainRefusals + load.lostClashes,
        'conntrack.chain_too_long': load.chainRefusals,
        'TcpExt.TCPTimeWaitOverflow': load.overflows,
      },
    },
    localPortRange: { value: { first: 1, last: 1000 } },
    busiestTuples: {
      value: [
        {
          localAddress: '10.0.0.4',
          remoteAddress: '10.0.0.9',
          remotePort: 80,
          ports: load.ports,
          timeWait: 0,
        },
      ],
    },
  })
}

const load: fc.Arbitrary<Load> = fc.record({
  entries: fc.nat({ max: 12_000 }),
  timeWait: fc.nat({ max: 700 }),
  ports: fc.nat({ max: 1000 }),
  fullTableDrops: fc.nat({ max: 3 }),
  evictions: fc.nat({ max: 3 }),
  chainRefusals: fc.nat({ max: 3 }),
  lostClashes: fc.nat({ max: 3 }),
  overflows: fc.nat({ max: 3 }),
})

test('more load never makes the verdict better', () => {
  const key = fc.constantFrom(
    'entries',
    'timeWait',
    'ports',
    'fullTableDrops',
    'evictions',
    'chainRefusals',
    'lostClashes',
    'overflows',
  ) satisfies fc.Arbitrary<keyof Load>
  fc.assert(
    fc.property(
      load,
      load,
      key,
      fc.nat({ max: 5000 }),
      thresholds,
      policy,
      (a, b, which, by, limits, rules) => {
        const verdictOf = (first: Load) =>
          judge(
            evaluate({
              nodes: [loaded('a', first), loaded('b', b)],
              services: { value: [] },
              thresholds: limits,
            }),
            rules,
          )
        const before = verdictOf(a)
        const after = verdictOf({ ...a, [which]: a[which] + by })
        expect(rankOf(after.verdict)).toBeGreaterThanOrEqual(rankOf(before.verdict))
        if (before.fails) expect(after.fails).toBe(true)
      },
    ),
    { numRuns: 500 },
  )
})

test('a healthy verdict names no threshold that a value reached', () => {
  fc.assert(
    fc.property(load, thresholds, (only, limits) => {
      const findings = evaluate({
        nodes: [loaded('a', only)],
        services: { value: [] },
        thresholds: limits,
      })
      const { verdict } = judge(findings, { failOn: 'critical', unknownNodesAllowed: 0 })
      const reached =
        only.entries / 100 >= Math.min(limits.conntrackWarningPercent, limits.conntrackCriticalPercent) ||
        only.timeWait >= Math.min(limits.timeWaitWarning, limits.timeWaitCritical) ||
        only.ports / 10 >= Math.min(limits.portWarningPercent, limits.portCriticalPercent)
      if (reached) expect(verdict).not.toBe('healthy')
    }),
  )
})
