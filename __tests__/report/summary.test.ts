import { describe, expect, test } from '@jest/globals'
import { rawHtml, unbalanced } from '../../scripts/gfm.ts'
import type { NodeResult } from '../../src/node/reading.ts'
import type { Change, Plan } from '../../src/remedy/remedy.ts'
import type { Report } from '../../src/report/report.ts'
import { SUMMARY_LIMIT, summary } from '../../src/report/summary/summary.ts'
import { expectGolden } from '../support/golden.ts'
import { read, unread } from '../support/readings.ts'
import { report } from './sample-report.ts'
import { SAMPLES, type SampleName } from './sample-reports.ts'

const names = Object.keys(SAMPLES) as SampleName[]
const reports = new Map(names.map((name) => [name, SAMPLES[name]()]))

function sample(name: SampleName): Report {
  return reports.get(name) ?? SAMPLES[name]()
}

describe.each(names)('the summary of the sample %s', (name) => {
  test('is the golden one', () => {
    expectGolden(`summaries/${name}.md`, summary(sample(name)))
  })

  test('has a brief form, which is the golden one', () => {
    expectGolden(`summaries/${name}.brief.md`, summary(sample(name), 'brief'))
  })

  test('has balanced markup', async () => {
    expect(unbalanced(await rawHtml(summary(sample(name))))).toEqual([])
  })
})

test('the verdict is the first line, in words', () => {
  expect(summary(sample('critical')).split('\n')[0]).toMatch(
    /^## \S+ Critical: 4 of 12 nodes of prod-weu are /,
  )
  expect(summary(sample('healthy')).split('\n')[0]).toMatch(/^## \S+ Healthy: all 12 nodes of prod-weu are /)
  expect(summary(sample('unknown')).split('\n')[0]).toMatch(
    /^## \S+ Unknown: 3 of 7 nodes of prod-weu could not /,
  )
  expect(summary(sample('failure')).split('\n')[0]).toMatch(/^## \S+ Unknown: no verdict on prod-weu$/)
})

test('an unread node that is forgiven is still named', () => {
  const markdown = summary(sample('forgiven'))
  expect(markdown.split('\n')[0]).toContain(
    'Healthy: 6 of 7 nodes of prod-weu are within all thresholds, 1 node could',
  )
  expect(markdown).toContain('Nodes that were not read')
})

test('no sign stands in the summary but those of the one map', () => {
  for (const name of names) {
    const signs = summary(sample(name)).match(/\p{Extended_Pictographic}/gu) ?? []
    expect(signs.filter((sign) => !'\u2705\u26A0\u274C\u2753\u2796'.includes(sign))).toEqual([])
  }
})

/** As bad as it can be: 5,000 nodes with the longest names, of the characters that take most when escaped. */
function worst(): Report {
  const longName = (i: number): string => `${'|'.repeat(240)}${i}`
  const why = '<&>'.repeat(400)
  const nodes: NodeResult[] = Array.from({ length: 5000 }, (_, i) =>
    i % 2 === 0
      ? read(
          longName(i),
          { first: { conntrackCount: 131_072, timeWait: 90_000 } },
          { pool: `${'*'.repeat(60)}${i}` },
        )
      : unread(longName(i), `${i} ${why}`, {}, `${i} ${why}`),
  )
  const change = (i: number): Change => ({
    remedy: 'sysctl',
    target: { kind: 'node', name: longName(i), pool: '*' },
    setting: '`'.repeat(200),
    before: '~'.repeat(200),
    wanted: '~'.repeat(200),
    after: '~'.repeat(200),
    outcome: 'failed',
    why,
  })
  const changes = nodes.map((_, i) => change(i))
  const plan = (remedy: Plan['remedy']): Plan => ({
    remedy,
    steps: changes.map(({ target, setting, before, wanted }, i) => {
      return { remedy, target, setting: `${i}${setting}`, from: before, to: wanted, intent: 'change', why }
    }),
    lasts: why,
    impact: changes.map(() => why),
    rights: changes.map(() => why),
    notes: changes.map(() => `${why}\n${why}`),
  })
  const base = report(nodes, { name: longName(1) })
  return {
    ...base,
    before: { judgement: base.judgement, nodes, findings: base.findings },
    notes: changes.map(() => why),
    fix: {
      dryRun: false,
      plans: (['service-policy', 'sysctl', 'daemonset', 'node-pool'] as const).map(plan),
      changes,
      effects: [],
      interrupted: false,
      unachieved: changes.map(() => why),
    },
  }
}

test('5,000 nodes at their worst stay under the limit, with every row whole', async () => {
  const markdown = summary(worst())
  expect(Buffer.byteLength(markdown)).toBeLessThan(SUMMARY_LIMIT)
  expect(unbalanced(await rawHtml(markdown))).toEqual([])
  expect(markdown).toContain('more nodes')
})

test('a lower limit shortens the tables and cuts nothing', async () => {
  const whole = summary(sample('large-cluster'))
  const limit = Buffer.byteLength(whole) - 5000
  const shorter = summary(sample('large-cluster'), 'full', limit)
  expect(Buffer.byteLength(shorter)).toBeLessThan(limit)
  expect(shorter).toMatch(/Nodes \(worst (25|10) of 4,950\)/)
  expect(unbalanced(await rawHtml(shorter))).toEqual([])
  expect(shorter).toContain('Thresholds and policy in force')
})

test('a summary that no table length makes fit is the brief one', () => {
  expect(summary(sample('critical'), 'full', 100)).toBe(summary(sample('critical'), 'brief'))
})
