import { describe, expect, test } from '@jest/globals'
import { UserError } from '../../src/errors.ts'
import { evaluate } from '../../src/health/evaluate.ts'
import type { Policy } from '../../src/health/finding.ts'
import { readInputs } from '../../src/inputs.ts'
import type { NodeResult } from '../../src/node/reading.ts'
import { findingsOf } from '../../src/steps/measure.ts'
import type { Measurement } from '../../src/steps/reader.ts'
import { reportOf, type Story } from '../../src/steps/story.ts'
import { input } from '../health/support.ts'
import { read } from '../support/readings.ts'

const inputs = (failOn: Policy['failOn'] = 'critical') =>
  readInputs((name) => (name === 'fail-on' ? failOn : ''))
const run = { id: 'local-1', startedAt: new Date(0), url: undefined }
const failure = new UserError('The run was cancelled (SIGINT)', { next: 'Run it again.' })

function measured(...nodes: NodeResult[]): Measurement {
  return { nodes, services: { value: [] }, missing: [], findings: evaluate(input(nodes)) }
}
const judgement = (story: Omit<Story, 'run'>) => reportOf({ ...story, run }).judgement
const full = read('a', { first: { conntrackCount: 131_072 } })

describe('a run that ended early', () => {
  test.each(['critical', 'warning', 'never'] as const)(
    'is unknown and fails with fail-on: %s, though all that it read is healthy',
    (failOn) => {
      const last = measured(read('a'))
      expect(judgement({ inputs: inputs(failOn), last })).toMatchObject({ verdict: 'healthy', fails: false })
      expect(judgement({ inputs: inputs(failOn), last, failure })).toEqual({
        verdict: 'unknown',
        fails: true,
        reasons: ['The run was cancelled (SIGINT)'],
      })
    },
  )

  test('before it read anything is unknown and fails', () => {
    expect(judgement({ inputs: inputs('never'), failure })).toMatchObject({ verdict: 'unknown', fails: true })
  })

  test('keeps what it found critical', () => {
    expect(judgement({ inputs: inputs(), last: measured(full), failure })).toMatchObject({
      verdict: 'critical',
      fails: true,
    })
  })
})

test('a story without a look is no healthy one', () => {
  expect(judgement({ inputs: inputs() })).toMatchObject({ verdict: 'unknown', fails: true })
})

test('a named pool without a node is unknown beside nodes that are healthy', () => {
  const results = [read('a')]
  const missing = [
    { kind: 'pool' as const, name: 'np2', nearest: [], text: 'No node belongs to a pool "np2"' },
  ]
  const findings = findingsOf({ results, missing }, { value: [] }, inputs())
  const last: Measurement = { nodes: results, services: { value: [] }, missing: [], findings }
  expect(judgement({ inputs: inputs(), last })).toMatchObject({ verdict: 'unknown', fails: true })
})
