import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { parseReading } from '../../src/node/parse.ts'
import { probeScript } from '../../src/node/probe.sh.ts'
import {
  type Counter,
  type IntegerSysctl,
  isKnown,
  type Measured,
  type Reading,
} from '../../src/node/reading.ts'
import { procOfSample, sampleNames, samplesFolder } from '../support/sample-proc.ts'
import { runScript, type Shell, shells } from '../support/shells.ts'

interface Expected {
  tw_sockstat: number
  ct: Record<string, number>
  tcp_counters: Record<string, number>
  util_pct: number
  busiest?: { tuple: string; ports: number; range: number; pct: number }
  [sysctl: `net/${string}`]: string
}

const conntrackColumns: Record<string, Counter> = {
  drop: 'conntrack.drop',
  early_drop: 'conntrack.early_drop',
  insert_failed: 'conntrack.insert_failed',
  chainlength: 'conntrack.chain_too_long',
  clashres: 'conntrack.clash_resolve',
  invalid: 'conntrack.invalid',
  search_restart: 'conntrack.search_restart',
}

async function replay(shell: Shell, sample: string): Promise<Reading> {
  await using proc = await procOfSample(sample)
  const { stdout } = await runScript(shell, probeScript({ sampleSeconds: 0 }), { proc: proc.path })
  const parsed = parseReading(stdout, { secondRead: false })
  if ('lost' in parsed) throw new Error(parsed.lost)
  return parsed.reading
}

function known<T>(measured: Measured<T>): T {
  if (!isKnown(measured)) throw new Error(measured.unknown)
  return measured.value
}

describe.each(shells())('a sample replayed through the probe with $name', (shell) => {
  describe.each(sampleNames)('%s', (sample) => {
    let reading: Reading
    let expected: Expected
    beforeAll(async () => {
      reading = await replay(shell, sample)
      expected = JSON.parse(await readFile(join(samplesFolder, sample, 'expected.json'), 'utf8'))
    })

    test('gives the recorded TIME-WAIT sockets', () => {
      expect(known(reading.first.timeWait)).toBe(expected.tw_sockstat)
    })

    test('gives the recorded conntrack entries and the share that they use', () => {
      const count = known(reading.first.conntrackCount)
      expect(count).toBe(Number(expected['net/netfilter/nf_conntrack_count']))
      const used = (100 * count) / known(reading.sysctls['net.netfilter.nf_conntrack_max'])
      expect(used).toBeCloseTo(expected.util_pct, 1)
    })

    test('gives every recorded conntrack counter', () => {
      const told = Object.entries(conntrackColumns).map(([column, name]) => [
        column,
        known(reading.first.counters[name]),
      ])
      const { entries: _, ...counters } = expected.ct
      expect(Object.fromEntries(told)).toEqual(counters)
    })

    test('gives every recorded TCP counter', () => {
      const told = Object.keys(expected.tcp_counters).map((name) => {
        return [name, known(reading.first.counters[name.replace(':', '.') as Counter])]
      })
      expect(Object.fromEntries(told)).toEqual(expected.tcp_counters)
    })

    test('gives every recorded sysctl', () => {
      const recorded = Object.keys(expected).filter((key) => key.startsWith('net/'))
      const told = recorded.map((key) => {
        if (key.endsWith('nf_conntrack_count')) return [key, String(known(reading.first.conntrackCount))]
        if (key.endsWith('ip_local_port_range')) {
          const { first, last } = known(reading.localPortRange)
          return [key, `${first} ${last}`]
        }
        return [key, String(known(reading.sysctls[key.replaceAll('/', '.') as IntegerSysctl]))]
      })
      expect(Object.fromEntries(told)).toEqual(
        Object.fromEntries(recorded.map((key) => [key, expected[key as `net/${string}`]])),
      )
    })

    test('gives the busiest destination and the share of the ports that it takes', () => {
      // The table of this one was not recorded: unknown, and not "no sockets".
      if (!existsSync(join(samplesFolder, sample, 'tcp')))
        return expect(isKnown(reading.busiestTuples)).toBe(false)
      const [busiest] = known(reading.busiestTuples)
      if (expected.busiest === undefined) return expect(busiest).toBeUndefined()
      const { first, last } = known(reading.localPortRange)
      expect(busiest?.ports).toBe(expected.busiest.ports)
      expect(last - first + 1).toBe(expected.busiest.range)
      expect((100 * (busiest?.ports ?? 0)) / (last - first + 1)).toBeCloseTo(expected.busiest.pct, 1)
      const [local, remote] = expected.busiest.tuple.split('>')
      expect(busiest && hexOf(busiest.localAddress)).toBe(local)
      expect(busiest && `${hexOf(busiest.remoteAddress)}:${hexPort(busiest.remotePort)}`).toBe(remote)
    })
  })
})

test('three thousand TIME-WAIT sockets are seen per family in the tuples too', async () => {
  const [shell] = shells()
  if (!shell) throw new Error('no shell')
  const tuples = known((await replay(shell, 'tw-3000')).busiestTuples)
  expect(tuples).toEqual([
    {
      localAddress: '10.224.0.4',
      remoteAddress: '10.224.0.100',
      remotePort: 8080,
      ports: 2800,
      timeWait: 2800,
    },
    { localAddress: 'fd99::4', remoteAddress: 'fd99::100', remotePort: 8080, ports: 200, timeWait: 200 },
  ])
})

/** The way of /proc/net/tcp to write an IPv4 address, made from the text by other means than the parser's. */
function hexOf(address: string): string {
  const bytes = address.split('.').map((byte) => Number(byte).toString(16).toUpperCase().padStart(2, '0'))
  return bytes.reverse().join('')
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0')
}
