import { expect, test } from '@jest/globals'
import { DEFAULT_THRESHOLDS, problemsOf } from '../../src/health/thresholds.ts'

test('the defaults are consistent', () => {
  expect(problemsOf(DEFAULT_THRESHOLDS)).toEqual([])
})

test('a warning that equals critical is allowed', () => {
  expect(problemsOf({ ...DEFAULT_THRESHOLDS, timeWaitWarning: 500 })).toEqual([])
})

test('0 is a value for every threshold', () => {
  const zeros = Object.fromEntries(
    Object.keys(DEFAULT_THRESHOLDS).map((key) => [key, key === 'twReuseAllowed' ? [0] : 0]),
  )
  expect(problemsOf({ ...DEFAULT_THRESHOLDS, ...zeros })).toEqual([])
})

test('every pair whose warning is above critical is named, all at once', () => {
  const problems = problemsOf({
    ...DEFAULT_THRESHOLDS,
    conntrackWarningPercent: 90,
    timeWaitWarning: 501,
    bucketsWarningRatio: 9,
    portWarningPercent: 81,
  })
  expect(problems).toHaveLength(4)
  expect(problems[0]).toBe(
    'conntrack-warning-percent is 90, above conntrack-critical-percent, which is 80; ' +
      'a warning must not come later than critical.',
  )
})

test('what is no number from 0 up is named with its input', () => {
  expect(
    problemsOf({
      ...DEFAULT_THRESHOLDS,
      dropsCriticalPerSecond: Number.NaN,
      timeWaitCritical: Number.POSITIVE_INFINITY,
      bucketsWarningRatio: -1,
    }),
  ).toEqual([
    'time-wait-critical is Infinity; allowed is a number from 0 up.',
    'buckets-warning-ratio is -1; allowed is a number from 0 up.',
    'drops-critical-per-second is NaN; allowed is a number from 0 up.',
  ])
})

test('tw-reuse-allowed must name at least one value that the kernel knows', () => {
  expect(problemsOf({ ...DEFAULT_THRESHOLDS, twReuseAllowed: [] })).toEqual([
    'tw-reuse-allowed is empty; name at least one of 0, 1, 2.',
  ])
  expect(problemsOf({ ...DEFAULT_THRESHOLDS, twReuseAllowed: [1, 3] })).toEqual([
    'tw-reuse-allowed names 3; allowed are 0, 1, 2.',
  ])
})
