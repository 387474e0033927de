import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { CHECKS } from '../../src/health/finding.ts'
import { COUNTERS, INTEGER_SYSCTLS } from '../../src/node/reading.ts'
import { REMEDIES } from '../../src/remedy/remedy.ts'
import { reportJson } from '../../src/report/json.ts'
import { SAMPLES, type SampleName } from './sample-reports.ts'

interface Definition {
  enum: string[]
  properties: Record<string, Definition>
  required: string[]
}

const schema = JSON.parse(
  readFileSync(new URL('../../schema/report.schema.json', import.meta.url), 'utf8'),
) as { $defs: Record<string, Definition> }
const valid = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(schema)
const names = Object.keys(SAMPLES) as SampleName[]

function problems(report: unknown): string[] {
  return valid(report)
    ? []
    : (valid.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

test.each(names)('the report of the sample %s is valid against the schema', (name) => {
  expect(problems(JSON.parse(reportJson(SAMPLES[name]())))).toEqual([])
})

describe('the schema', () => {
  const sample = (): Record<string, unknown> =>
    JSON.parse(reportJson(SAMPLES.fixed())) as Record<string, unknown>

  test('refuses a property that it does not know, at any depth', () => {
    expect(problems({ ...sample(), more: 1 })).not.toEqual([])
    const judgement = { ...(sample().judgement as object), more: 1 }
    expect(problems({ ...sample(), judgement })).not.toEqual([])
    const findings = (sample().findings as object[]).map((finding) => ({ ...finding, more: 1 }))
    expect(problems({ ...sample(), findings })).not.toEqual([])
  })

  test('refuses a report without its verdict, or of another version', () => {
    const { judgement: _, ...rest } = sample()
    expect(problems(rest)).not.toEqual([])
    expect(problems({ ...sample(), schemaVersion: 2 })).not.toEqual([])
  })

  test('refuses a measured value that is both known and unknown, or neither', () => {
    const first = JSON.stringify(sample()).replace(
      '"conntrackCount":{"value":',
      '"conntrackCount":{"unknown":"x","value":',
    )
    expect(problems(JSON.parse(first))).not.toEqual([])
    const none = JSON.stringify(sample()).replace(/"conntrackCount":\{"value":\d+\}/, '"conntrackCount":{}')
    expect(problems(JSON.parse(none))).not.toEqual([])
  })

  test('names every check, remedy, sysctl and counter that the code knows', () => {
    const { finding, remedy, reading, sample: read } = schema.$defs
    expect(finding?.properties.check?.enum).toEqual([...CHECKS])
    expect(remedy?.enum).toEqual([...REMEDIES])
    expect(Object.keys(reading?.properties.sysctls?.properties ?? {})).toEqual([...INTEGER_SYSCTLS])
    expect(Object.keys(read?.properties.counters?.properties ?? {})).toEqual([...COUNTERS])
  })
})

test('the same report makes the same JSON whatever the order of its keys', () => {
  const report = SAMPLES.fixed()
  const turned = Object.fromEntries(Object.entries(report).reverse()) as unknown as typeof report
  expect(reportJson(turned)).toBe(reportJson(report))
  expect(reportJson(report)).toMatch(/^\{\n {2}"schemaVersion": 1,\n {2}"tool"/)
})

test('nothing of the report is lost in its JSON', () => {
  for (const name of names.filter((one) => one !== 'large-cluster'))
    expect(JSON.parse(reportJson(SAMPLES[name]()))).toEqual(JSON.parse(JSON.stringify(SAMPLES[name]())))
})
