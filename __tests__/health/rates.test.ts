import { describe, expect, test } from '@jest/globals'
import { growthOf, highest, numberOf, type Window, windowOf } from '../../src/health/rates.ts'
import type { Counter } from '../../src/node/reading.ts'
import { reading, type SampleOverrides, sample, unknown } from '../support/readings.ts'

function window(counter: Counter, before: number, after: number, seconds = 2): Window {
  return {
    first: sample({ counters: { [counter]: before } }),
    second: sample({ counters: { [counter]: after } }),
    seconds,
  }
}

describe('the window', () => {
  const between = (first: SampleOverrides, second: SampleOverrides) => {
    const found = windowOf(sample(first), sample(second))
    return 'value' in found ? found.value.seconds : found.unknown
  }

  test('is as long as the node measured it, to the hundredth', () => {
    expect(between({ uptimeSeconds: 1000.1 }, { uptimeSeconds: 1002.17 })).toBe(2.07)
  })

  test('is unknown when the node restarted in between', () => {
    expect(between({ uptimeSeconds: 1000 }, { uptimeSeconds: 12 })).toContain('the node restarted')
  })

  test('is unknown when no time passed', () => {
    expect(between({ uptimeSeconds: 1000 }, { uptimeSeconds: 1000 })).toContain('no time passed')
  })

  test('is unknown without one of the uptimes, with the reason', () => {
    expect(between({ uptimeSeconds: unknown('cut off') }, {})).toBe('uptime: cut off')
    expect(between({}, { uptimeSeconds: unknown('cut off') })).toBe('uptime: cut off')
  })
})

describe('the growth of a counter', () => {
  test('is the difference, however large the total', () => {
    expect(growthOf(window('conntrack.drop', 1393, 1395), 'conntrack.drop')).toEqual({ value: 2 })
    expect(growthOf(window('conntrack.drop', 1393, 1393), 'conntrack.drop')).toEqual({ value: 0 })
  })

  test('goes on over the 32-bit wrap of one CPU', () => {
    const wrapped = window('conntrack.drop', 2 ** 32 - 3, 5)
    expect(growthOf(wrapped, 'conntrack.drop')).toEqual({ value: 8 })
    const sumOfTwo = window('conntrack.drop', 7e9, 7e9 - 2 ** 32 + 40)
    expect(growthOf(sumOfTwo, 'conntrack.drop')).toEqual({ value: 40 })
  })

  test('is unknown when a wrap would mean more than a node can lose: the counter was set back', () => {
    expect(growthOf(window('conntrack.drop', 1000, 5), 'conntrack.drop')).toEqual({
      unknown: 'conntrack.drop went back from 1,000 to 5 between the two reads',
    })
  })

  test('of a counter with 64 bits never wraps', () => {
    const counter = 'TcpExt.TCPTimeWaitOverflow'
    expect(growthOf(window(counter, 2 ** 32 - 3, 5), counter)).toHaveProperty('unknown')
  })

  test('is unknown with the reason when either read is', () => {
    const lost: Window = {
      first: sample(),
      second: sample({ counters: { 'conntrack.drop': unknown('cut off') } }),
      seconds: 2,
    }
    expect(growthOf(lost, 'conntrack.drop')).toEqual({ unknown: 'conntrack.drop: cut off' })
    const swapped = { ...lost, first: lost.second, second: lost.first }
    expect(growthOf(swapped, 'conntrack.drop')).toEqual({ unknown: 'conntrack.drop: cut off' })
  })
})

test.each([Number.NaN, Number.POSITIVE_INFINITY, -1])('%d is not a measured number', (value) => {
  expect(numberOf({ value }, 'nf_conntrack_max')).toEqual({
    unknown: `nf_conntrack_max reads ${value}, which is no such number`,
  })
})

describe('the highest read of a gauge', () => {
  const timeWait = (first: SampleOverrides, second: SampleOverrides | null) =>
    highest(reading({ first, second }), (read) => read.timeWait, 'TIME-WAIT sockets')

  test('is the worse of two', () => {
    expect(timeWait({ timeWait: 90 }, { timeWait: 110 })).toEqual({ value: 110 })
    expect(timeWait({ timeWait: 110 }, { timeWait: 90 })).toEqual({ value: 110 })
  })

  test('is the only one where the other failed or was not asked for', () => {
    expect(timeWait({ timeWait: unknown() }, { timeWait: 90 })).toEqual({ value: 90 })
    expect(timeWait({ timeWait: 90 }, null)).toEqual({ value: 90 })
  })

  test('is unknown when no read succeeded', () => {
    expect(timeWait({ timeWait: unknown('denied') }, {})).toEqual({ unknown: 'TIME-WAIT sockets: denied' })
  })
})
