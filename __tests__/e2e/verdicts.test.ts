import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { answerOf } from '../../bench/answer.ts'
import type { NodeSpec, SmallAks } from '../aks/aks.ts'
import { annotationsOf, runAll } from './runs.ts'
import { type CheckResult, check, cluster } from './support.ts'

jest.setTimeout(120_000)

const verdicts = ['healthy', 'warning', 'critical', 'unknown'] as const
const policies = ['critical', 'warning', 'never'] as const

/** Which of the policies a verdict fails under. */
const failsUnder: Record<(typeof verdicts)[number], readonly string[]> = {
  healthy: [],
  warning: ['warning'],
  critical: ['critical', 'warning'],
  unknown: ['critical', 'warning'],
}

const table = verdicts.flatMap((verdict) =>
  policies.map((failOn) => ({ verdict, failOn, fails: failsUnder[verdict].includes(failOn) })),
)

let aks: SmallAks
let runOf: (name: string) => CheckResult

beforeAll(async () => {
  aks = await cluster({ nodes: await nodes() })
  const runs = table.map(({ verdict, failOn }): [string, () => Promise<CheckResult>] => [
    `${verdict} ${failOn}`,
    () => check(aks, { 'node-pools': verdict, 'fail-on': failOn }, { post: false }),
  ])
  runOf = await runAll({
    ...Object.fromEntries(runs),
    'critical and unknown': () => check(aks, { 'node-pools': 'critical,unknown' }, { post: false }),
    'all at once': () => check(aks, {}, { post: false }),
    'unknown forgiven': () =>
      check(aks, { 'node-pools': 'healthy,unknown', 'unknown-nodes-allowed': '1' }, { post: false }),
    'nothing read, and forgiven': () =>
      check(aks, { 'node-pools': 'unknown', 'unknown-nodes-allowed': '9' }, { post: false }),
  })
})
afterAll(() => aks.stop())

/** A node for each verdict, in a pool of that name. */
async function nodes(): Promise<NodeSpec[]> {
  const answer = await answerOf('healthy')
  const withEntries = (count: number) => answer.replace('conntrack-count=55', `conntrack-count=${count}`)
  return [
    { name: 'n-healthy', pool: 'healthy', state: { answer } },
    { name: 'n-warning', pool: 'warning', state: { answer: withEntries(190_000) } },
    { name: 'n-critical', pool: 'critical', state: { answer: withEntries(262_144) } },
    { name: 'n-unknown', pool: 'unknown', ready: false },
  ]
}

describe.each(table)('$verdict with fail-on: $failOn', ({ verdict, failOn, fails }) => {
  test(`ends with ${fails ? 1 : 0}, and everything that is told agrees`, () => {
    const run = runOf(`${verdict} ${failOn}`)
    expect(run.status).toBe(fails ? 1 : 0)
    expect(run.outputs.verdict).toBe(verdict)
    expect(run.report?.judgement).toMatchObject({ verdict, fails })
    const word = `${verdict.charAt(0).toUpperCase()}${verdict.slice(1)}`
    expect(run.summary).toMatch(new RegExp(`^## \\S+ ${word}: `))
    const says = `The run ${fails ? 'fails' : 'passes'} (fail-on: ${failOn}).`
    for (const text of [run.summary, run.log]) expect(text).toContain(says)
    const levels = verdict === 'healthy' ? [] : [fails ? 'error' : 'warning']
    expect(annotationsOf(run.log).map(({ level, title }) => [level, title.split(':')[0]])).toEqual(
      levels.map((level) => [level, word]),
    )
  })
})

test('critical comes before unknown, and both are told', () => {
  const run = runOf('critical and unknown')
  expect([run.status, run.outputs.verdict]).toEqual([1, 'critical'])
  expect(annotationsOf(run.log).map(({ title }) => title.split(':')[0])).toEqual(['Critical', 'Unknown'])
})

test('all that breaches is told, not only the first of it', () => {
  const run = runOf('all at once')
  expect(run.outputs).toMatchObject({
    verdict: 'critical',
    'nodes-breached': '["n-critical","n-warning"]',
    'nodes-unknown': '1',
  })
})

test('an unread node that is allowed is no reason to fail, and is named all the same', () => {
  const run = runOf('unknown forgiven')
  expect([run.status, run.outputs.verdict]).toEqual([0, 'healthy'])
  expect(run.summary).toContain('n-unknown')
})

test('a run that read nothing is unknown, whatever is allowed', () => {
  const run = runOf('nothing read, and forgiven')
  expect([run.status, run.outputs.verdict]).toEqual([1, 'unknown'])
})
