import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { textTable, wrap } from '../../src/report/text/layout.ts'
import { COLOURS } from '../../src/report/text/styles.ts'
import { textSummary, verdictLine } from '../../src/report/text/text.ts'
import { expectGolden } from '../support/golden.ts'
import { SAMPLES, type SampleName } from './sample-reports.ts'

const names = Object.keys(SAMPLES) as SampleName[]

describe.each(names)('the text of the sample %s', (name) => {
  test('is the golden one', () => {
    expectGolden(`texts/${name}.txt`, `${textSummary(SAMPLES[name]()).join('\n')}\n`)
  })

  test('keeps to the width, but for lines that are to be pasted', () => {
    const pasted = /^ {4,}\S/
    for (const width of [80, 120]) {
      const long = textSummary(SAMPLES[name](), { width }).filter((line) => line.length > width)
      expect(long.filter((line) => !pasted.test(line))).toEqual([])
    }
  })

  test('is the same with colours, but for the colours', () => {
    const coloured = textSummary(SAMPLES[name](), { styles: COLOURS }).join('\n')
    expect(coloured).toContain('\u001B[')
    expect(stripVTControlCharacters(coloured)).toBe(textSummary(SAMPLES[name]()).join('\n'))
  })

  test('has no control characters of the cluster in it', () => {
    const lines = textSummary(SAMPLES[name]())
    expect(lines.filter((line) => /[\p{Cc}\u202E]/u.test(line))).toEqual([])
  })
})

test('the brief form is the verdict and what to do', () => {
  const lines = textSummary(SAMPLES.critical(), { form: 'brief' })
  expect(lines).toContain('What to do next')
  expect(lines).not.toContain('Checks')
})

test('the verdict is one line', () => {
  expect(verdictLine(SAMPLES.healthy())).toBe('Healthy: all 12 nodes of prod-weu are within all thresholds')
  expect(verdictLine(SAMPLES.hostile())).not.toMatch(/[\r\n]/)
})

test('wrapping loses no character and keeps to the width', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), fc.integer({ min: 20, max: 60 }), (text, width) => {
      const lines = wrap(text, width, '  ')
      expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
      expect(lines.filter((line) => line.length > width)).toEqual([])
    }),
  )
})

test('a table drops its optional columns, the last first, before it becomes too wide', () => {
  const columns = [
    { title: 'A', flexible: true },
    { title: 'B', optional: true },
    { title: 'C', optional: true },
  ]
  const rows = [[{ text: 'word '.repeat(20).trim() }, { text: 'b'.repeat(10) }, { text: 'c'.repeat(10) }]]
  const titles = (width: number) => textTable(columns, rows, width, (text) => text)[0]?.split(/ +/)
  expect(titles(80)).toEqual(['A', 'B', 'C'])
  expect(titles(59)).toEqual(['A', 'B'])
  expect(titles(47)).toEqual(['A'])
})
