import { expect, test } from '@jest/globals'
import { outputs } from '../../src/report/outputs.ts'
import { read, unknown, unread } from '../support/readings.ts'
import { report } from './sample-report.ts'
import { SAMPLES } from './sample-reports.ts'

interface Parsed {
  findings: { check: string; status: string }[]
  omitted: number
}

function parsed(json: string): Parsed {
  return JSON.parse(json) as Parsed
}

test('a critical run tells its verdict, counts and worst values', () => {
  const out = outputs(SAMPLES.critical(), '/tmp/report.json')
  expect(out).toMatchObject({
    verdict: 'critical',
    report: '/tmp/report.json',
    'nodes-checked': '12',
    'nodes-unknown': '0',
    'worst-conntrack-percent': '100',
    'worst-time-wait': '18400',
  })
  expect(JSON.parse(out['nodes-breached'])).toHaveLength(4)
})

test('a value that nobody measured is empty, not 0', () => {
  const node = read('a', {
    first: { conntrackCount: unknown(), timeWait: unknown() },
    second: { conntrackCount: unknown(), timeWait: unknown() },
  })
  const out = outputs(report([node]), '')
  expect(out['worst-conntrack-percent']).toBe('')
  expect(out['worst-time-wait']).toBe('')
  expect(out.report).toBe('')
})

test('a value that was measured as 0 is 0', () => {
  const out = outputs(report([read('a', { first: { conntrackCount: 0, timeWait: 0 } })]), '')
  expect(out['worst-conntrack-percent']).toBe('0')
  expect(out['worst-time-wait']).toBe('0')
})

test('an unread node counts as unknown and stands in the findings', () => {
  const out = outputs(report([read('a'), unread('b')]), '')
  expect(out['nodes-checked']).toBe('1')
  expect(out['nodes-unknown']).toBe('1')
  expect(parsed(out.findings).findings).toEqual([
    expect.objectContaining({ check: 'node-readable', status: 'unknown' }),
  ])
})

test('findings that are ok are left out', () => {
  expect(parsed(outputs(SAMPLES.healthy(), '').findings)).toEqual({ findings: [], omitted: 0 })
})

test('the outputs of 5,000 breaching nodes stay far under 1 MB and say what they leave out', () => {
  const report = SAMPLES['large-cluster']()
  const out = outputs(report, '')
  const size = Object.values(out).reduce((sum, value) => sum + 2 * value.length, 0)
  expect(size).toBeLessThan(800_000)
  const { findings, omitted } = parsed(out.findings)
  const notOk = report.findings.filter(({ status }) => status !== 'ok' && status !== 'not-made').length
  expect(findings.length + omitted).toBe(notOk)
  expect(findings[0]?.status).toBe('critical')
  const breached = JSON.parse(out['nodes-breached']) as string[]
  const names = new Set(report.nodes.map(({ node }) => node.name))
  expect(breached.length).toBeGreaterThan(1000)
  expect(breached.every((name) => names.has(name))).toBe(true)
})

test('changes are told in the order in which they were made', () => {
  const report = SAMPLES['partly-fixed']()
  expect(JSON.parse(outputs(report, '').changes)).toEqual({
    changes: JSON.parse(JSON.stringify(report.fix?.changes)) as unknown,
    omitted: 0,
  })
  expect(outputs(SAMPLES.healthy(), '').changes).toBe('{"changes":[],"omitted":0}')
})
