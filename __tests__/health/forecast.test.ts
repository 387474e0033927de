import { expect, test } from '@jest/globals'
import { forecast } from '../../src/health/forecast.ts'

test('a table that grows is full when its free entries are used at the pace seen', () => {
  expect(forecast(100_000, 102_000, 131_072, 2)).toEqual({
    entriesPerSecond: 1000,
    significant: true,
    secondsUntilFull: 29.072,
  })
})

test('what steady traffic does by chance is no growth', () => {
  expect(forecast(100_000, 100_100, 131_072, 2)).toEqual({ entriesPerSecond: 50, significant: false })
})

test('a handful of entries is no growth, however small the table', () => {
  expect(forecast(0, 9, 100, 2).significant).toBe(false)
  expect(forecast(0, 10, 100, 2).significant).toBe(true)
})

test('a table that empties has a pace and no end', () => {
  expect(forecast(102_000, 100_000, 131_072, 2)).toEqual({ entriesPerSecond: -1000, significant: false })
})

test('there is no forecast for a full table, for none, or beyond an hour', () => {
  expect(forecast(130_000, 131_072, 131_072, 2)).not.toHaveProperty('secondsUntilFull')
  expect(forecast(0, 5000, 0, 2)).not.toHaveProperty('secondsUntilFull')
  expect(forecast(0, 20, 131_072, 2)).not.toHaveProperty('secondsUntilFull')
})
