import { expect, test } from '@jest/globals'
import type { Report } from '../../src/report/report.ts'
import { nextSteps } from '../../src/report/view/next-steps.ts'
import { unreadGroups } from '../../src/report/view/unread.ts'
import { unread } from '../support/readings.ts'
import { SAMPLES } from './sample-reports.ts'

function prose(report: Report): string[] {
  return nextSteps(report).steps.flatMap((passages) =>
    passages.flatMap((passage) => (passage.kind === 'prose' ? [passage.text] : [])),
  )
}

test('a healthy run leaves nothing to do', () => {
  expect(nextSteps(SAMPLES.healthy())).toEqual({
    steps: [[{ kind: 'prose', text: 'Nothing to do.' }]],
    paste: [],
  })
})

test('a critical run gives the lines that show the plan, with the services by name', () => {
  expect(nextSteps(SAMPLES.critical()).paste).toEqual([
    'with:',
    '  fix: service-policy, sysctl',
    '  services: hooks/receiver, web/frontend',
    expect.stringMatching(/^ {2}dry-run: true # /),
  ])
})

test('many services stand one a line, the rest counted', () => {
  const { paste } = nextSteps(SAMPLES['large-cluster']())
  expect(paste.filter((line) => line.startsWith('    team-'))).toHaveLength(10)
  expect(paste).toContain('  # and 110 further services, see the JSON report')
})

test('unread nodes come first, each reason once, with what to do about it', () => {
  const [first, second] = nextSteps(SAMPLES.unknown()).steps
  expect(first?.[0]).toMatchObject({
    text: expect.stringMatching(/vmss000006, \S+vmss000007 not read: the image/),
  })
  expect(first?.[1]).toMatchObject({ text: expect.stringMatching(/^Look whether the node can reach/) })
  expect(second?.[0]).toMatchObject({
    text: expect.stringMatching(/vmss000008 not read: the node is NotReady/),
  })
})

test('a dry run gives the lines that carry the plan out, with only the services that the plan changes', () => {
  const { paste } = nextSteps(SAMPLES['dry-run']())
  expect(paste).toEqual([
    'with:',
    '  fix: service-policy, sysctl',
    '  services: hooks/receiver',
    '  dry-run: false',
  ])
})

test('a fix of the nodes alone gives the lines that make it last', () => {
  const { paste } = nextSteps(SAMPLES.fixed())
  expect(paste.slice(0, 3)).toEqual(['with:', '  fix: node-pool', '  fix-scope: all'])
})

test('a cluster that is not known to Azure is not told to change node pools', () => {
  const report = SAMPLES.fixed()
  const { id: _, ...cluster } = report.cluster
  expect(nextSteps({ ...report, cluster }).paste[1]).toBe('  fix: daemonset')
})

test('a fix that did not come about asks to take away what stood in the way', () => {
  expect(prose(SAMPLES['partly-fixed']())[0]).toMatch(/^Take away what stood in the way/)
})

test('an interrupted fix says to run it again', () => {
  expect(prose(SAMPLES.interrupted())).toEqual([expect.stringMatching(/listed below\. Run it again/)])
})

test('a failure gives its own way out, lines to paste apart', () => {
  expect(nextSteps(SAMPLES.failure()).steps[0]).toEqual([
    { kind: 'prose', text: expect.stringMatching(/^Bind the ClusterRole.*:$/) },
    {
      kind: 'paste',
      lines: [expect.stringMatching(/^kubectl apply/), expect.stringMatching(/^kubectl create/)],
    },
  ])
})

test('a value that YAML would read is quoted', () => {
  const { paste } = nextSteps(SAMPLES.hostile())
  expect(paste[2]).toMatch(/^ {2}services: "a\//)
})

test('nodes with the same trouble are one step, also where a name is a part of other words', () => {
  const [first, ...others] = unreadGroups([
    unread('a', 'no right to create what a needs'),
    unread('b', 'no right to create what b needs'),
  ])
  expect(others).toEqual([])
  expect(first).toMatchObject({ why: 'no right to create what the node needs', names: ['a', 'b'] })
})
