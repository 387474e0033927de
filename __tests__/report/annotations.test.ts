import { expect, test } from '@jest/globals'
import { annotations, MESSAGE_LIMIT } from '../../src/report/annotations.ts'
import { read, unread } from '../support/readings.ts'
import { report } from './sample-report.ts'
import { SAMPLES, type SampleName } from './sample-reports.ts'

const hot = (name: string, entries: number) => read(name, { first: { conntrackCount: entries } })

test('a healthy run has none', () => {
  expect(annotations(SAMPLES.healthy())).toEqual([])
})

test('a check that many nodes breach has one, with the worst of them', () => {
  const [annotation, ...others] = annotations(report([hot('a', 110_000), hot('b', 130_000), read('c')]))
  expect(others).toEqual([])
  expect(annotation?.level).toBe('error')
  expect(annotation?.title).toBe('Critical: use of the connection table (conntrack-usage)')
  expect(annotation?.message).toMatch(
    /^2 of 3 nodes: 99\.\d+ % of 131,072 entries used.* \(worst: b\)\nAlso: a\.\n/,
  )
})

test('a warning that does not make the run fail is a warning', () => {
  expect(annotations(SAMPLES.warning()).map(({ level }) => level)).toEqual(['warning', 'warning'])
})

test('a warning is an error where warnings make the run fail', () => {
  const strict = report([hot('a', 100_000)], { failOn: 'warning' })
  expect(annotations(strict).map(({ level }) => level)).toEqual(['error'])
})

test('nothing is an error where the run only reports', () => {
  const lenient = report([hot('a', 131_072), unread('b')], { failOn: 'never' })
  expect(annotations(lenient).map(({ level }) => level)).toEqual(['warning', 'warning'])
})

test('an unread node is an error that says why and what to do', () => {
  const [annotation] = annotations(
    report([read('a'), unread('b', 'The kubelet is gone.', {}, 'Restart it.')]),
  )
  expect(annotation).toMatchObject({ level: 'error', title: expect.stringContaining('node-readable') })
  expect(annotation?.message).toContain('b: The kubelet is gone. Restart it.')
})

test('a run without a verdict has one annotation, with the reason and the way out', () => {
  const [annotation, ...others] = annotations(SAMPLES.failure())
  expect(others).toEqual([])
  expect(annotation?.message).toMatch(/^The user may not create pods[^\n]*\nBind the ClusterRole/)
})

test('none is longer than the runner keeps, and there are at most ten', () => {
  for (const name of Object.keys(SAMPLES) as SampleName[]) {
    const all = annotations(SAMPLES[name]())
    expect(all.length).toBeLessThanOrEqual(10)
    for (const { message } of all) {
      expect(message.length).toBeLessThanOrEqual(MESSAGE_LIMIT)
      expect(message).not.toBe('')
    }
  }
})
