import { addressFromHex } from './address.ts'
import { type Field, fieldReader, integerWithin } from './fields.ts'
import { parseFramed } from './framed.ts'
import { podsOf } from './parse-pods.ts'
import { quoted } from './plain-text.ts'
import { PROBE_FORMAT } from './probe.sh.ts'
import {
  COUNTERS,
  type Counter,
  INTEGER_SYSCTLS,
  type IntegerSysctl,
  isKnown,
  type Measured,
  type PortTuple,
  type Reading,
  type Sample,
} from './reading.ts'

/** `lost` is for an answer in which not one value could be read; `why` is a sentence. */
export type ParsedReading = { reading: Reading } | { lost: string }

export interface ParseOptions {
  /** Whether the probe was told to read twice; a second read that is missing is then unknown, not absent. */
  secondRead: boolean
  /** Whether the probe was told to look into the pods of its node. */
  podDetail?: boolean
  /** How the container ended if not in peace, e.g. `OOMKilled, exit code 137`: it goes into the reasons. */
  ended?: string
}

/**
 * The reading in a probe's answer. Strict a value, lenient an answer: each value that is missing, malformed,
 * reported twice or out of its bounds is unknown with the reason, and never touches another. Never throws.
 */
export function parseReading(message: string, options: ParseOptions): ParsedReading {
  const framed = parseFramed(message, PROBE_FORMAT)
  if (framed === undefined) return { lost: `the probe answered in another format than ${PROBE_FORMAT}` }
  const reading = readingOf(fieldReader(framed, options.ended), options)
  if (measuredIn(reading).some(isKnown)) return { reading }
  return { lost: nothingRead(message, options.ended) }
}

/** All measured values of a reading, in no particular order. */
export function measuredIn(reading: Reading): Measured<unknown>[] {
  const samples = [reading.first, ...(reading.second ? [reading.second] : [])]
  return [
    reading.kernel,
    reading.memoryKb,
    reading.localPortRange,
    reading.reservedPorts,
    reading.tcpInUse,
    reading.busiestTuples,
    ...Object.values(reading.sysctls),
    ...samples.flatMap(({ counters, ...levels }) => [...Object.values(levels), ...Object.values(counters)]),
  ]
}

function readingOf(field: Field, { secondRead, podDetail = false }: ParseOptions): Reading {
  const sysctl = (name: IntegerSysctl) =>
    field(name, `/proc/sys/${name.replaceAll('.', '/')}`, integerWithin(0, 0xffff_ffff))
  const localPortRange = field('node.port-range', '/proc/sys/net/ipv4/ip_local_port_range', portRange)
  const size = isKnown(localPortRange) ? localPortRange.value.last - localPortRange.value.first + 1 : 65535
  return {
    kernel: field('node.kernel', '/proc/sys/kernel/osrelease', (text) => kernelForm.exec(text)?.[0]),
    memoryKb: field('node.memory-kb', '/proc/meminfo', integerWithin(1, Number.MAX_SAFE_INTEGER)),
    sysctls: record(INTEGER_SYSCTLS, sysctl),
    localPortRange,
    reservedPorts: field(
      'node.reserved-ports',
      '/proc/sys/net/ipv4/ip_local_reserved_ports',
      integerWithin(0, size),
    ),
    tcpInUse: field('node.tcp-in-use', '/proc/net/sockstat', integerWithin(0, 0xffff_ffff)),
    first: sampleOf(field, 'a'),
    ...(secondRead && { second: sampleOf(field, 'b') }),
    busiestTuples: tuplesOf(field),
    ...(podDetail && podsOf(field)),
  }
}

const kernelForm = /^[0-9A-Za-z._+~-]{1,64}$/

function sampleOf(field: Field, tag: 'a' | 'b'): Sample {
  const counter = (name: Counter) =>
    field(`${tag}.${name}`, counterSource(name), integerWithin(0, Number.MAX_SAFE_INTEGER))
  return {
    uptimeSeconds: field(`${tag}.uptime`, '/proc/uptime', seconds),
    conntrackCount: field(
      `${tag}.level.conntrack-count`,
      '/proc/sys/net/netfilter/nf_conntrack_count',
      integerWithin(0, 0xffff_ffff),
    ),
    timeWait: field(`${tag}.level.time-wait`, '/proc/net/sockstat', integerWithin(0, 0xffff_ffff)),
    counters: record(COUNTERS, counter),
  }
}

function counterSource(name: Counter): string {
  if (name.startsWith('conntrack.')) return '/proc/net/stat/nf_conntrack'
  return name.startsWith('TcpExt.') ? '/proc/net/netstat' : '/proc/net/snmp'
}

/** All or none: with one of them missing nobody knows which tuple is the busiest. */
function tuplesOf(field: Field): Measured<PortTuple[]> {
  const source = '/proc/net/tcp or tcp6'
  const found = field('tuples.found', source, integerWithin(0, 5))
  if (!isKnown(found)) return found
  const tuples: PortTuple[] = []
  for (let index = 1; index <= found.value; index++) {
    const tuple = field(`tuples.${index}`, source, portTuple)
    if (!isKnown(tuple)) return tuple
    tuples.push(tuple.value)
  }
  const distinct = new Set(tuples.map((t) => `${t.localAddress} ${t.remoteAddress} ${t.remotePort}`))
  if (distinct.size < tuples.length) return { unknown: 'the probe reported one destination twice' }
  return { value: tuples.sort((a, b) => b.ports - a.ports) }
}

const tupleForm = /^((?:[0-9A-F]{8}){1,4}):((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4}):(\d{1,5}):(\d{1,5})$/

function portTuple(text: string): PortTuple | undefined {
  const [, local = '', remote = '', port = '', portCount, waitCount] = tupleForm.exec(text) ?? []
  const [localAddress, remoteAddress] = [addressFromHex(local), addressFromHex(remote)]
  const [ports, timeWait] = [Number(portCount), Number(waitCount)]
  if (localAddress === undefined || remoteAddress === undefined) return undefined
  if (!(ports >= 1 && ports <= 65535 && timeWait <= ports)) return undefined
  return { localAddress, remoteAddress, remotePort: Number.parseInt(port, 16), ports, timeWait }
}

function portRange(text: string): { first: number; last: number } | undefined {
  const [, from, to] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? []
  const [first, last] = [Number(from), Number(to)]
  return first >= 1 && last <= 65535 && first <= last ? { first, last } : undefined
}

function seconds(text: string): number | undefined {
  return /^\d{1,12}(\.\d{1,9})?$/.test(text) ? Number(text) : undefined
}

function record<K extends string, V>(keys: readonly K[], make: (key: K) => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<K, V>
}

function nothingRead(message: string, ended: string | undefined): string {
  const how = ended ? ` (${ended})` : ''
  if (message.trim() === '') return `the probe ended without an answer${how}`
  return `the probe could not read anything${how}: ${quoted(message)}`
}
