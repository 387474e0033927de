import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { nextSteps } from '../../src/health/advice.ts'
import type { CheckInput } from '../../src/health/check.ts'
import { evaluate } from '../../src/health/evaluate.ts'
import type { Policy, Thresholds } from '../../src/health/finding.ts'
import type { ServiceInfo } from '../../src/health/service.ts'
import { asides, judge, rankOf } from '../../src/health/verdict.ts'
import {
  COUNTERS,
  INTEGER_SYSCTLS,
  type Measured,
  type NodeResult,
  type Reading,
  type Sample,
} from '../../src/node/reading.ts'
import { node, outOfScope, read, unread } from '../support/readings.ts'

/** Any number that a node could make us read, sane or not. */
const number = fc.oneof(
  fc.nat({ max: 5000 }),
  fc.nat(),
  fc.constantFrom(0, -1, 0.5, 2 ** 32, Number.MAX_SAFE_INTEGER, Number.NaN, Number.POSITIVE_INFINITY),
)
const why = fc.constantFrom(
  'denied',
  '',
  'the kernel does not publish it: there is no such file',
  'x'.repeat(999),
)

function measured<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Measured<T>> {
  return fc.oneof(
    { weight: 4, arbitrary: value.map((known) => ({ value: known })) },
    { weight: 1, arbitrary: why.map((unknown) => ({ unknown })) },
  )
}

function recordOf<K extends string>(keys: readonly K[]): fc.Arbitrary<Record<K, Measured>> {
  return fc
    .array(measured(number), { minLength: keys.length, maxLength: keys.length })
    .map(
      (values) => Object.fromEntries(keys.map((key, index) => [key, values[index]])) as Record<K, Measured>,
    )
}

const sample: fc.Arbitrary<Sample> = fc.record({
  uptimeSeconds: measured(number),
  conntrackCount: measured(number),
  timeWait: measured(number),
  counters: recordOf(COUNTERS),
})
const tuple = fc.record({
  localAddress: fc.string(),
  remoteAddress: fc.string(),
  remotePort: number,
  ports: number,
  timeWait: number,
})
const reading: fc.Arbitrary<Reading> = fc
  .record(
    {
      kernel: measured(fc.string()),
      memoryKb: measured(number),
      sysctls: recordOf(INTEGER_SYSCTLS),
      localPortRange: measured(fc.record({ first: number, last: number })),
      reservedPorts: measured(number),
      tcpInUse: measured(number),
      first: sample,
      second: sample,
      busiestTuples: measured(fc.array(tuple, { maxLength: 5 })),
    },
    {
      requiredKeys: [
        'kernel',
        'memoryKb',
        'sysctls',
        'localPortRange',
        'reservedPorts',
        'tcpInUse',
        'first',
        'busiestTuples',
      ],
    },
  )
  .map((made) => made as Reading)

const anyNode = (name: string): fc.Arbitrary<NodeResult> =>
  fc.oneof(
    {
      weight: 3,
      arbitrary: reading.map((made) => ({ kind: 'read' as const, node: node(name), reading: made })),
    },
    { weight: 1, arbitrary: fc.constant(unread(name)) },
    { weight: 1, arbitrary: fc.constant(outOfScope(name)) },
  )
const nodes: fc.Arbitrary<NodeResult[]> = fc
  .tuple(fc.nat({ max: 4 }), fc.constantFrom('np1', ''))
  .chain(([size, pool]) =>
    fc
      .tuple(...Array.from({ length: size }, (_, index) => anyNode(`n${index}`)))
      .map((made) => made.map((result) => ({ ...result, node: { ...result.node, pool } }))),
  )

const limit = fc.oneof(fc.constant(0), fc.nat({ max: 600 }))
const thresholds: fc.Arbitrary<Thresholds> = fc.record({
  conntrackWarningPercent: limit,
  conntrackCriticalPercent: limit,
  timeWaitWarning: limit,
  timeWaitCritical: limit,
  bucketsWarningRatio: limit,
  bucketsCriticalRatio: limit,
  portWarningPercent: limit,
  portCriticalPercent: limit,
  twReuseAllowed: fc.uniqueArray(fc.constantFrom(0, 1, 2), { minLength: 1 }),
  dropsCriticalPerSecond: limit,
})
const services: fc.Arbitrary<Measured<ServiceInfo[]>> = measured(
  fc.array(
    fc.record({
      namespace: fc.constantFrom('default', 'web'),
      name: fc.string(),
      type: fc.constantFrom('LoadBalancer', 'NodePort'),
      policy: fc.constantFrom('Cluster', 'Local'),
      resourceVersion: fc.constant('1'),
    }),
    { maxLength: 3 },
  ),
)
const input: fc.Arbitrary<CheckInput> = fc.record({
  nodes,
  services,
  thresholds,
  sampleSeconds: fc.constantFrom(0, 2),
})
const policy: fc.Arbitrary<Policy> = fc.record({
  failOn: fc.constantFrom('critical', 'warning', 'never'),
  unknownNodesAllowed: fc.nat({ max: 5 }),
})

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
