import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { measuredIn, parseReading } from '../../src/node/parse.ts'
import { PROBE_FORMAT } from '../../src/node/probe.sh.ts'
import {
  COUNTERS,
  INTEGER_SYSCTLS,
  isKnown,
  type Measured,
  type PortTuple,
  type Reading,
  type Sample,
} from '../../src/node/reading.ts'
import { formatReading } from '../support/format-reading.ts'

const integer = (max: number) => fc.nat({ max }).map((value): Measured => ({ value }))
const counter = fc.oneof(
  integer(0xffff_ffff),
  fc.maxSafeNat().map((value): Measured => ({ value })),
)

const sample: fc.Arbitrary<Sample> = fc.record({
  uptimeSeconds: fc.nat().map((hundredths): Measured => ({ value: hundredths / 100 })),
  conntrackCount: integer(0xffff_ffff),
  timeWait: integer(0xffff_ffff),
  counters: fc.record(Object.fromEntries(COUNTERS.map((name) => [name, counter]))) as unknown as fc.Arbitrary<
    Sample['counters']
  >,
})

const address = fc.oneof(
  fc.ipV4(),
  fc.constantFrom('::', '::1', 'fd99::4', '2001:db8:0:1:0:2:3:4', 'fe80::1:0:0:1', '1:2:3:4:5:6:7:8'),
)

const tuple: fc.Arbitrary<PortTuple> = fc
  .record({
    localAddress: address,
    remoteAddress: address,
    remotePort: fc.nat({ max: 65535 }),
    ports: fc.integer({ min: 1, max: 65535 }),
    share: fc.nat({ max: 100 }),
  })
  .map(({ share, ...rest }) => ({ ...rest, timeWait: Math.floor((rest.ports * share) / 100) }))

const tuples = fc
  .uniqueArray(tuple, {
    maxLength: 5,
    selector: (t) => `${t.localAddress} ${t.remoteAddress} ${t.remotePort}`,
  })
  .map((list): Measured<PortTuple[]> => ({ value: list.sort((a, b) => b.ports - a.ports) }))

const readingWith = (second: fc.Arbitrary<Sample> | undefined): fc.Arbitrary<Reading> =>
  fc.record({
    kernel: fc.stringMatching(/^[0-9A-Za-z._+~-]{1,64}$/).map((value): Measured<string> => ({ value })),
    memoryKb: fc.integer({ min: 1 }).map((value): Measured => ({ value })),
    sysctls: fc.record(
      Object.fromEntries(INTEGER_SYSCTLS.map((name) => [name, integer(0xffff_ffff)])),
    ) as unknown as fc.Arbitrary<Reading['sysctls']>,
    localPortRange: fc.constant({ value: { first: 1, last: 65535 } }),
    reservedPorts: integer(65535),
    tcpInUse: integer(0xffff_ffff),
    first: sample,
    ...(second && { second }),
    busiestTuples: tuples,
  })

function readingFrom(message: string, secondRead = false): Reading {
  const parsed = parseReading(message, { secondRead })
  if ('lost' in parsed) throw new Error(parsed.lost)
  return parsed.reading
}

function reasonOf(measured: Measured<unknown>): string {
  if (isKnown(measured)) throw new Error(`known: ${JSON.stringify(measured.value)}`)
  return measured.unknown
}

const small = `${PROBE_FORMAT}
a uptime=10.00
a.conntrack drop=1 early_drop=2
a.level conntrack-count=55 time-wait=7
tuples found=1 1=0100630A:0200630A:1F90:70:50
end 5
`

describe('any reading', () => {
  test('with one read comes back from its text as it was', () => {
    fc.assert(
      fc.property(readingWith(undefined), (reading) => {
        expect(parseReading(formatReading(reading), { secondRead: false })).toEqual({ reading })
      }),
      { numRuns: 60 },
    )
  })

  test('with two reads comes back from its text as it was', () => {
    fc.assert(
      fc.property(readingWith(sample), (reading) => {
        const message = formatReading(reading)
        if (message.length > 4096) return
        expect(parseReading(message, { secondRead: true })).toEqual({ reading })
      }),
      { numRuns: 60 },
    )
  })

  test('that is cut off anywhere, at either end, keeps true values or none', () => {
    fc.assert(
      fc.property(readingWith(undefined), fc.nat(), fc.nat(), (reading, from, to) => {
        const message = formatReading(reading)
        const [start, end] = [from % message.length, to % message.length]
        const parsed = parseReading(message.slice(start, end), { secondRead: false })
        if ('lost' in parsed) return
        const [told, truth] = [measuredIn(parsed.reading), measuredIn(reading)]
        told.forEach((measured, index) => {
          if (isKnown(measured)) expect(measured).toEqual(truth[index])
        })
      }),
      { numRuns: 200 },
    )
  })
})

describe('any text', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 5000 }),
    fc
      .array(
        fc.constantFrom(
          ...small.split(/(?<=[\n= ])/),
          '\u0000',
          '\r',
          '-1',
          '1e9',
          '0x1',
          '١',
          '9'.repeat(30),
        ),
      )
      .map((parts) => parts.join('')),
  )

  test('is read without throwing, and never makes a zero that it does not contain', () => {
    fc.assert(
      fc.property(text, fc.boolean(), (message, secondRead) => {
        const parsed = parseReading(message, { secondRead })
        if ('lost' in parsed) return expect(parsed.lost).not.toBe('')
        for (const measured of measuredIn(parsed.reading)) {
          if (!isKnown(measured)) expect(measured.unknown).not.toBe('')
          else if (measured.value === 0) expect(message).toMatch(/=0/)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('of 4096 bytes of rubbish loses the node with a reason on one line', () => {
    const parsed = parseReading('\u0007\u001b[31mrubbish\n'.repeat(400), { secondRead: true })
    expect(parsed).toEqual({ lost: expect.stringMatching(/^the probe could not read anything: "[ -~…]+"$/) })
  })
})

describe('one bad value', () => {
  test.each([
    ['is missing', 'time-wait=7', '', 'the probe did not report it'],
    ['is empty', 'time-wait=7', 'time-wait=', 'the probe did not report it'],
    ['is negative', 'time-wait=7', 'time-wait=-7', 'the probe reported a value that cannot be'],
    ['is a fraction', 'time-wait=7', 'time-wait=7.5', 'the probe reported a value that cannot be'],
    ['is an exponent', 'time-wait=7', 'time-wait=1e3', 'the probe reported a value that cannot be'],
    ['is out of range', 'time-wait=7', 'time-wait=4294967296', 'the probe reported a value that cannot be'],
    ['comes twice', 'time-wait=7', 'time-wait=7 time-wait=8', 'the probe reported it twice'],
    ['may not be read', 'time-wait=7', 'time-wait=!denied', 'the probe may not read /proc/net/sockstat'],
  ])('that %s is unknown with the reason', (_how, good, bad, reason) => {
    const message = small.replace(` ${good}`, bad && ` ${bad}`)
    const reading = readingFrom(message)
    expect(reasonOf(reading.first.timeWait)).toBe(reason)
    expect(reading.first.uptimeSeconds).toEqual({ value: 10 })
    expect(reading.first.counters['conntrack.drop']).toEqual({ value: 1 })
  })

  test('that the kernel does not publish names the file', () => {
    const reading = readingFrom(small.replace('drop=1', 'drop=!absent'))
    expect(reasonOf(reading.first.counters['conntrack.drop'])).toBe(
      'the kernel does not publish it: there is no /proc/net/stat/nf_conntrack',
    )
    expect(reading.first.counters['conntrack.early_drop']).toEqual({ value: 2 })
  })

  test('larger than can be counted exactly is unknown and not rounded', () => {
    const reading = readingFrom(small.replace('drop=1', 'drop=18446744073709551615'))
    expect(reasonOf(reading.first.counters['conntrack.drop'])).toBe(
      'the probe reported a value that cannot be',
    )
  })

  test('that tells one destination twice makes the tuples unknown, as one of the two is wrong', () => {
    const [, told = ''] = / 1=(\S+)/.exec(small) ?? []
    const twice = small.replace(/found=\d+ 1=\S+/, `found=2 1=${told} 2=${told.replace(/\d+:\d+$/, '3:2')}`)
    expect(reasonOf(readingFrom(twice).busiestTuples)).toBe('the probe reported one destination twice')
  })

  test('in one tuple makes the tuples unknown, as the busiest may be missing', () => {
    const reading = readingFrom(small.replace(':70:50', ':70:71'))
    expect(reasonOf(reading.busiestTuples)).toBe('the probe reported a value that cannot be')
  })
})

describe('an answer', () => {
  test('whose end is missing keeps what came before and says how the container ended', () => {
    const message = small.slice(0, small.indexOf('tuples'))
    const parsed = parseReading(message, { secondRead: true, ended: 'OOMKilled, exit code 137' })
    if ('lost' in parsed) throw new Error(parsed.lost)
    expect(parsed.reading.first.timeWait).toEqual({ value: 7 })
    const reason = "the probe's answer is not complete (OOMKilled, exit code 137)"
    expect(reasonOf(parsed.reading.busiestTuples)).toBe(reason)
    expect(parsed.reading.second && reasonOf(parsed.reading.second.timeWait)).toBe(reason)
  })

  test('that ends inside a number does not give half of the number', () => {
    const reading = readingFrom(small.slice(0, small.indexOf('time-wait=7')).concat('time-wait=7'))
    expect(reasonOf(reading.first.timeWait)).toBe("the probe's answer is not complete")
  })

  test('with names that are not known is read as if they were not there', () => {
    const more = small.replace('end 5', 'future thing=1\nend 6')
    expect(readingFrom(more)).toEqual(readingFrom(small))
  })

  test('in another format version is not read at all', () => {
    const parsed = parseReading(small.replace(PROBE_FORMAT, 'ach-probe 2'), { secondRead: false })
    expect(parsed).toEqual({ lost: 'the probe answered in another format than ach-probe 1' })
  })

  test('without a word is lost with how the container ended', () => {
    expect(parseReading('', { secondRead: false, ended: 'Error, exit code 127' })).toEqual({
      lost: 'the probe ended without an answer (Error, exit code 127)',
    })
  })

  test('of one read has no second sample', () => {
    expect(readingFrom(small)).not.toHaveProperty('second')
  })
})
