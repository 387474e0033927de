import fc from 'fast-check'
import type { CheckInput } from '../../src/health/check.ts'
import type { Policy, Thresholds } from '../../src/health/finding.ts'
import type { ServiceInfo } from '../../src/health/service.ts'
import {
  COUNTERS,
  INTEGER_SYSCTLS,
  type Measured,
  type NodeResult,
  type Reading,
  type Sample,
} from '../../src/node/reading.ts'
import { node, outOfScope, unread } from '../support/readings.ts'

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
/** Thresholds, consistent or not; 0 comes often. */
export const thresholds: fc.Arbitrary<Thresholds> = fc.record({
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
/** Whatever the checks can be given. */
export const input: fc.Arbitrary<CheckInput> = fc.record({
  nodes,
  services,
  thresholds,
  sampleSeconds: fc.constantFrom(0, 2),
})
/** Any policy of a run. */
export const policy: fc.Arbitrary<Policy> = fc.record({
  failOn: fc.constantFrom('critical', 'warning', 'never'),
  unknownNodesAllowed: fc.nat({ max: 5 }),
})
