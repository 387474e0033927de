import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { NodeResult } from '../../../src/node/reading.ts'
import { hasAll, updateBody } from '../../../src/remedy/node-pool/bodies.ts'
import { OS_SETTINGS } from '../../../src/remedy/node-pool/os-settings.ts'
import { settingSteps, type WantedConfig, wantedValues } from '../../../src/remedy/node-pool/wanted.ts'
import type { Need } from '../../../src/remedy/sysctl-targets.ts'
import { bodyProblems } from '../../aks/azure/agent-pool-schema.ts'
import { read } from '../../support/readings.ts'

const both = new Set<Need>(['conntrack', 'time-wait'])
const usual: WantedConfig = {
  conntrackMax: 262_144,
  twReuse: 1,
  maxTwBuckets: 2_000_000,
  extra: {},
  unsafeSysctls: [],
}

interface OnNode {
  max?: number
  buckets?: number
  tw?: number
  cores?: number
}

function node({ max = 131_072, buckets = 65_536, tw = 262_144, cores = 4 }: OnNode = {}): NodeResult {
  const sysctls = {
    'net.netfilter.nf_conntrack_max': max,
    'net.netfilter.nf_conntrack_buckets': buckets,
    'net.ipv4.tcp_max_tw_buckets': tw,
  }
  return read('aks-np1-0', { sysctls }, { cores })
}

function steps(properties: Record<string, unknown>, nodes: NodeResult[], wanted: Partial<WantedConfig> = {}) {
  return settingSteps({ name: 'np1', properties, nodes }, both, { ...usual, ...wanted })
}

function toOf(all: ReturnType<typeof steps>): Record<string, [string, string | null]> {
  return Object.fromEntries(all.map(({ setting, intent, to }) => [setting, [intent, to]]))
}

const sysctls = (values: Record<string, unknown>) => ({ linuxOSConfig: { sysctls: values } })

describe('the settings of a pool', () => {
  test('are what is asked for, with buckets that go with the maximum', () => {
    expect(toOf(steps({}, [node()]))).toEqual({
      netNetfilterNfConntrackBuckets: ['change', '65536'],
      netNetfilterNfConntrackMax: ['change', '262144'],
      netIpv4TcpTwReuse: ['change', 'true'],
      netIpv4TcpMaxTwBuckets: ['change', '1440000'],
    })
  })

  test('say what they are clamped from', () => {
    const step = steps({}, [node()]).find(({ setting }) => setting === 'netIpv4TcpMaxTwBuckets')
    expect(step?.why).toContain('clamped from 2000000 to 1440000, as AKS takes 8000 to 1440000')
  })

  test('are no less than what kube-proxy sets for the cores of the nodes', () => {
    const max = steps({}, [node({ cores: 16 })]).find(
      ({ setting }) => setting === 'netNetfilterNfConntrackMax',
    )
    expect(max).toMatchObject({ to: '524288' })
    expect(max?.why).toContain('raised from 262144 to what kube-proxy sets for 16 cores')
  })

  test('are no less than what a node has now, as far as AKS goes', () => {
    expect(toOf(steps({}, [node({ max: 1_048_576 }), node()]))).toMatchObject({
      netNetfilterNfConntrackMax: ['change', '1048576'],
      netNetfilterNfConntrackBuckets: ['change', '262144'],
    })
    const beyond = steps({}, [node({ max: 4_194_304 })])
    expect(toOf(beyond)).toMatchObject({ netNetfilterNfConntrackMax: ['change', '2097152'] })
    expect(beyond[1]?.why).toContain('nodes that have 4194304 now have it until they are replaced')
  })

  test('are left alone where the pool has as much or more', () => {
    const properties = sysctls({
      netNetfilterNfConntrackMax: 1_000_000,
      netNetfilterNfConntrackBuckets: 524_288,
      netIpv4TcpTwReuse: true,
      netIpv4TcpMaxTwBuckets: 1_440_000,
    })
    const all = steps(properties, [node({ max: 1_000_000, buckets: 524_288 })])
    expect(new Set(all.map(({ intent }) => intent))).toEqual(new Set(['skip']))
  })

  test('say when the pool has it and its nodes do not', () => {
    const all = steps(sysctls({ netNetfilterNfConntrackMax: 262_144 }), [node({ max: 131_072 })])
    expect(all[1]).toMatchObject({ intent: 'skip' })
    expect(all[1]?.why).toContain('yet 1 of its nodes have less (131072)')
  })

  test('never ask for false, nor for 2, which AKS cannot be told', () => {
    const reuse = (properties: Record<string, unknown>) =>
      toOf(steps(properties, [node()], { twReuse: 2 })).netIpv4TcpTwReuse
    expect(reuse({})).toEqual(['skip', '2'])
    expect(reuse(sysctls({ netIpv4TcpTwReuse: true }))).toEqual(['refuse', '2'])
  })

  test('join what the kubelet lets pods set with what it let them', () => {
    const properties = { kubeletConfig: { allowedUnsafeSysctls: ['kernel.sem'], podMaxPids: 100 } }
    const all = settingSteps({ name: 'np1', properties, nodes: [] }, new Set<Need>(), {
      ...usual,
      unsafeSysctls: ['net.*'],
    })
    expect(toOf(all)).toEqual({ allowedUnsafeSysctls: ['change', 'kernel.sem net.*'] })
    const pool = { name: 'np1', path: '', etag: '', state: 'Succeeded', properties }
    expect(updateBody(pool, wantedValues(all, 'np1')).properties).toEqual({
      kubeletConfig: { allowedUnsafeSysctls: ['kernel.sem', 'net.*'], podMaxPids: 100 },
    })
  })
})

describe('whatever a pool has and whatever is asked for,', () => {
  const size = fc.integer({ min: 1, max: 8_000_000 })
  const config = fc.record(
    {
      netNetfilterNfConntrackMax: fc.integer({ min: 131_072, max: 2_097_152 }),
      netNetfilterNfConntrackBuckets: fc.integer({ min: 65_536, max: 524_288 }),
      netIpv4TcpMaxTwBuckets: fc.integer({ min: 8000, max: 1_440_000 }),
      netIpv4TcpTwReuse: fc.boolean(),
      netCoreSomaxconn: fc.integer({ min: 4096, max: 3_240_000 }),
    },
    { requiredKeys: [] },
  )
  const asked = fc.record({
    conntrackMax: fc.integer({ min: 131_072, max: 4_194_304 }),
    twReuse: fc.constantFrom(1, 2),
    maxTwBuckets: fc.integer({ min: 8000, max: 2_000_000 }),
    extra: fc.record({ netCoreSomaxconn: fc.integer({ min: 4096, max: 3_240_000 }) }, { requiredKeys: [] }),
    unsafeSysctls: fc.constantFrom<string[]>([], ['net.*']),
  })
  const onNode = fc.record({ max: size, buckets: size, tw: size, cores: fc.integer({ min: 1, max: 128 }) })

  test('nothing is lowered, and what is sent is what AKS takes', () => {
    fc.assert(
      fc.property(config, asked, fc.array(onNode, { maxLength: 3 }), (present, wanted, nodes) => {
        const properties = { count: nodes.length, ...sysctls(present) }
        const all = steps(properties, nodes.map(node), wanted)
        const values = wantedValues(all, 'np1')
        const pool = { name: 'np1', path: '', etag: '', state: 'Succeeded', properties }
        const body = updateBody(pool, values)
        expect(bodyProblems(body)).toEqual([])
        expect(hasAll(body.properties, values)).toBe(true)
        const after = (body.properties.linuxOSConfig as { sysctls: Record<string, unknown> }).sysctls
        for (const [name, value] of Object.entries(present)) {
          const known = OS_SETTINGS[name]
          if (known?.kind === 'number') expect(after[name]).toBeGreaterThanOrEqual(Number(value))
        }
        expect(values.netIpv4TcpTwReuse).not.toBe(false)
      }),
    )
  })

  test('a pool that has been changed is as wanted', () => {
    fc.assert(
      fc.property(config, asked, (present, wanted) => {
        const first = steps(sysctls(present), [], wanted)
        const pool = { name: 'np1', path: '', etag: '', state: 'Succeeded', properties: sysctls(present) }
        const { properties } = updateBody(pool, wantedValues(first, 'np1'))
        const again = steps(properties, [], wanted)
        expect(again.filter(({ intent }) => intent === 'change')).toEqual([])
      }),
    )
  })
})
