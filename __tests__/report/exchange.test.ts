import { describe, expect, test } from '@jest/globals'
import { unbalanced } from '../../scripts/gfm.ts'
import { CHECKS } from '../../src/health/finding.ts'
import { junit } from '../../src/report/junit.ts'
import { sarif } from '../../src/report/sarif.ts'
import { read, unread } from '../support/readings.ts'
import { report } from './sample-report.ts'
import { HOSTILE, SAMPLES, type SampleName } from './sample-reports.ts'

const names = (Object.keys(SAMPLES) as SampleName[]).filter((name) => name !== 'large-cluster')
const hot = (name: string, entries: number) => read(name, { first: { conntrackCount: entries } })

/** The elements of that name with their attributes, unescaped. */
function elements(xml: string, name: string): Record<string, string>[] {
  const unescaped = (value: string) =>
    value.replace(
      /&(amp|lt|gt|quot);/g,
      (_, entity: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"' })[entity] ?? '',
    )
  return [...xml.matchAll(new RegExp(`<${name}((?: [a-z]+="[^"<]*")*)/?>`, 'g'))].map(([, attributes = '']) =>
    Object.fromEntries(
      [...attributes.matchAll(/([a-z]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [
        key,
        unescaped(value),
      ]),
    ),
  )
}

describe('JUnit', () => {
  test.each(names)('of the sample %s is well-formed and counts its own cases', (name) => {
    const xml = junit(SAMPLES[name]())
    expect(unbalanced(xml.replace(/^<\?xml[^>]*\?>/, ''))).toEqual([])
    expect(xml.replace(/&(amp|lt|gt|quot);/g, '')).not.toContain('&')
    const [all] = elements(xml, 'testsuites')
    expect(Number(all?.tests)).toBe(elements(xml, 'testcase').length)
    expect(Number(all?.failures)).toBe(elements(xml, 'failure').length)
    expect(Number(all?.errors)).toBe(elements(xml, 'error').length)
    expect(Number(all?.skipped)).toBe(elements(xml, 'skipped').length)
  })

  test('a critical finding is a failure, an unread node an error, a warning as the policy says', () => {
    const nodes = [hot('a', 131_072), hot('b', 95_000), unread('c')]
    const lenient = junit(report(nodes))
    expect(elements(lenient, 'failure').map(({ type }) => type)).toEqual(['critical'])
    expect(elements(lenient, 'error').map(({ type }) => type)).toEqual(['unknown'])
    const strict = junit(report(nodes, { failOn: 'warning' }))
    expect(elements(strict, 'failure').map(({ type }) => type)).toEqual(['critical', 'warning'])
  })

  test('a run without a verdict has an error', () => {
    expect(elements(junit(SAMPLES.failure()), 'error').at(-1)?.message).toMatch(
      /^The user may not create pods/,
    )
  })

  test('a hostile name stays a name', () => {
    const xml = junit(SAMPLES.hostile())
    const cases = elements(xml, 'testcase').map((one) => one.name)
    expect(cases).toContain(HOSTILE[0])
    expect(xml).not.toContain('<h1>')
  })
})

interface Sarif {
  version: string
  runs: {
    tool: { driver: { rules: { id: string }[] } }
    invocations: { executionSuccessful: boolean }[]
    results: {
      ruleId: string
      ruleIndex: number
      level: string
      partialFingerprints: Record<string, string>
    }[]
  }[]
}

function parsed(name: SampleName): Sarif['runs'][number] {
  const { version, runs } = JSON.parse(sarif(SAMPLES[name]())) as Sarif
  expect(version).toBe('2.1.0')
  expect(runs).toHaveLength(1)
  return runs[0] ?? { tool: { driver: { rules: [] } }, invocations: [], results: [] }
}

describe('SARIF', () => {
  test.each(names)('of the sample %s has a rule for each result and no result twice', (name) => {
    const { tool, results } = parsed(name)
    expect(tool.driver.rules.map(({ id }) => id)).toEqual([...CHECKS])
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId)
    const prints = results.map(({ partialFingerprints }) => JSON.stringify(partialFingerprints))
    expect(new Set(prints).size).toBe(prints.length)
  })

  test('critical findings are errors and come first', () => {
    const levels = parsed('critical').results.map(({ level }) => level)
    expect(levels[0]).toBe('error')
    expect(levels.lastIndexOf('error')).toBeLessThan(levels.indexOf('warning'))
  })

  test('a healthy run has no results, and a failed one is no successful run', () => {
    expect(parsed('healthy').results).toEqual([])
    expect(parsed('healthy').invocations[0]?.executionSuccessful).toBe(true)
    expect(parsed('failure').invocations[0]?.executionSuccessful).toBe(false)
  })

  test('5,000 results are the most', () => {
    expect(parsed('large-cluster').results).toHaveLength(5000)
  })
})
