import { PROBE_FORMAT } from '../../src/node/probe.sh.ts'
import {
  COUNTERS,
  INTEGER_SYSCTLS,
  type Measured,
  type PortTuple,
  type Reading,
  type Sample,
} from '../../src/node/reading.ts'

/**
 * The answer that a probe would give which read what `reading` says: for tests and benchmarks that need an
 * answer without a node. A value that is unknown because it is not published is written so; an unknown of
 * any other reason is left out.
 */
export function formatReading(reading: Reading): string {
  const lines = [
    ...formatSample('a', reading.first),
    group('node', {
      kernel: text(reading.kernel),
      'memory-kb': text(reading.memoryKb),
      'tcp-in-use': text(reading.tcpInUse),
      'port-range': text(reading.localPortRange, ({ first, last }) => `${first}-${last}`),
      'reserved-ports': text(reading.reservedPorts),
    }),
    ...INTEGER_SYSCTLS.map((name) => {
      const cut = name.lastIndexOf('.')
      return group(name.slice(0, cut), { [name.slice(cut + 1)]: text(reading.sysctls[name]) })
    }),
    tuplesLine(reading.busiestTuples),
    ...(reading.second ? formatSample('b', reading.second) : []),
  ].filter((line) => line !== '')
  return `${[PROBE_FORMAT, ...lines, `end ${lines.length + 1}`].join('\n')}\n`
}

function formatSample(tag: string, sample: Sample): string[] {
  return [
    group(tag, { uptime: text(sample.uptimeSeconds) }),
    group(`${tag}.level`, {
      'conntrack-count': text(sample.conntrackCount),
      'time-wait': text(sample.timeWait),
    }),
    ...COUNTERS.map((name) => {
      const [kind, column = ''] = name.split('.')
      return group(`${tag}.${kind}`, { [column]: text(sample.counters[name]) })
    }),
  ]
}

function tuplesLine(tuples: Measured<PortTuple[]>): string {
  if ('unknown' in tuples) return group('tuples', { found: text<unknown>(tuples) })
  const entries = tuples.value.map((tuple, index) => {
    const port = tuple.remotePort.toString(16).toUpperCase().padStart(4, '0')
    const ends = `${hexAddress(tuple.localAddress)}:${hexAddress(tuple.remoteAddress)}:${port}`
    return [String(index + 1), `${ends}:${tuple.ports}:${tuple.timeWait}`]
  })
  return group('tuples', { found: String(tuples.value.length), ...Object.fromEntries(entries) })
}

function group(name: string, values: Record<string, string | undefined>): string {
  const pairs = Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}=${value}`],
  )
  return pairs.length === 0 ? '' : `${name}${pairs.join('')}`
}

function text<T>(measured: Measured<T>, write: (value: T) => string = String): string | undefined {
  if ('value' in measured) return write(measured.value)
  if (measured.unknown.includes('there is no')) return '!absent'
  return measured.unknown.includes('may not read') ? '!denied' : undefined
}

/** An address as the kernel's tables have it: 32-bit words, each with its bytes turned round. */
export function hexAddress(address: string): string {
  const bytes = address.includes(':') ? ipv6Bytes(address) : address.split('.').map(Number)
  const hex = bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
  return Array.from({ length: hex.length / 4 }, (_, word) =>
    hex
      .slice(4 * word, 4 * word + 4)
      .reverse()
      .join(''),
  ).join('')
}

function ipv6Bytes(address: string): number[] {
  const [head = '', tail] = address.split('::')
  const [left, right] = [head.split(':').filter(Boolean), (tail ?? '').split(':').filter(Boolean)]
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right].map((part) =>
    Number.parseInt(part, 16),
  )
  return groups.flatMap((value) => [value >> 8, value & 255])
}
