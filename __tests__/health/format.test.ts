import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  clip,
  count,
  duration,
  mebibytes,
  names,
  percent,
  perSecond,
  plural,
  ratio,
} from '../../src/health/format.ts'

describe('percent', () => {
  test.each([
    [0, '0.0 %'],
    [85.2, '85.2 %'],
    [80, '80.0 %'],
    [100, '100.0 %'],
    [152.26, '152.3 %'],
  ])('prints %d with one decimal', (value, text) => {
    expect(percent(value, [70, 80])).toBe(text)
  })

  test('takes another decimal where one would reach a threshold that was not reached', () => {
    expect(percent(79.96, [70, 80])).toBe('79.96 %')
    expect(percent(79.9996, [70, 80])).toBe('79.9996 %')
  })

  test('takes another decimal where one would fall below a threshold that was reached', () => {
    expect(percent(72.54, [72.52])).toBe('72.54 %')
  })

  test('does not call a table full that is not, nor empty', () => {
    expect(percent(99.97)).toBe('99.97 %')
    expect(percent(0.02)).toBe('0.02 %')
  })

  test('reads back on the same side of every threshold, for any number', () => {
    const number = fc.double({ min: 0, max: 1000, noNaN: true })
    fc.assert(
      fc.property(number, fc.array(number, { maxLength: 3 }), (value, thresholds) => {
        const printed = Number(percent(value, thresholds).replace(' %', ''))
        for (const threshold of thresholds) expect(printed >= threshold).toBe(value >= threshold)
      }),
    )
  })
})

test('a count is grouped by thousands', () => {
  expect([0, 999, 1000, 131072, 1234567].map(count)).toEqual(['0', '999', '1,000', '131,072', '1,234,567'])
})

test('a ratio has a decimal only where it needs one, and stays on its side of a threshold', () => {
  expect(ratio(4, [4, 8])).toBe('4')
  expect(ratio(8.25, [4, 8])).toBe('8.3')
  expect(ratio(4.004, [4, 8])).toBe('4.004')
})

test('a rate above 0 is never printed as 0', () => {
  expect([0, 0.5, 0.02, 12, 1240.4].map((rate) => perSecond(rate))).toEqual([
    '0/s',
    '0.5/s',
    '0.02/s',
    '12/s',
    '1,240/s',
  ])
})

test('a duration is rounded down, so that it does not promise time that is not there', () => {
  expect([0.49, 2, 2.04, 59.9, 119, 150, 7199, 12000].map(duration)).toEqual([
    '0.4 s',
    '2 s',
    '2 s',
    '59 s',
    '119 s',
    '2 min',
    '119 min',
    '3 h 20 min',
  ])
})

test('memory is told in MiB', () => {
  expect(mebibytes(262144 * 256)).toBe('64 MiB')
  expect(mebibytes(1.5 * 2 ** 20)).toBe('1.5 MiB')
})

test('one is singular, all else plural', () => {
  expect([plural(1, 'node'), plural(0, 'node'), plural(2, 'entry', 'entries')]).toEqual([
    '1 node',
    '0 nodes',
    '2 entries',
  ])
})

test('long lists of names are counted', () => {
  expect(names(['a', 'b', 'c'])).toBe('a, b, c')
  expect(names(['a', 'b', 'c', 'd', 'e'], 2)).toBe('a, b and 3 more')
})

test('text from outside comes in one line of bounded length', () => {
  expect(clip('two\nlines\t here')).toBe('two lines here')
  expect(clip('x'.repeat(500), 20)).toBe(`${'x'.repeat(17)}...`)
})
