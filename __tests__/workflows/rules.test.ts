import { describe, expect, test } from '@jest/globals'
import { documented, examples, kindOf, parsed, stepsOf, workflows } from './documents.ts'

const all = [...workflows(), ...examples(), ...documented()].map(
  (document) => [document.name, document] as const,
)

describe.each(all)('%s', (_name, document) => {
  const workflow = parsed(document)
  const jobs = Object.entries(workflow.jobs)

  test('gives no permission to all jobs, and to each job only what it names', () => {
    expect(workflow.permissions).toEqual({})
    for (const [name, job] of jobs) expect([name, typeof job.permissions]).toEqual([name, 'object'])
  })

  test('gives every job of its own a time after which it ends', () => {
    const without = jobs.filter(([, job]) => !job.uses && job['timeout-minutes'] === undefined)
    expect(without.map(([name]) => name)).toEqual([])
  })

  test('pins what others made by its full commit or digest, with the version in words', () => {
    const loose = document.text
      .split('\n')
      .filter((line) => /^\s*(- )?uses:/.test(line))
      .filter((line) => kindOf(line.replace(/^\s*(- )?uses:\s*/, '').replace(/\s*#.*$/, '')) === 'other')
      .filter((line) => !/(@|@sha256:)([0-9a-f]{40}|[0-9a-f]{64}) # v\d+\.\d+\.\d+$/.test(line))
    expect(loose).toEqual([])
  })

  test('writes no expression into a script', () => {
    const scripts = stepsOf(workflow).flatMap(({ run = '' }) => run.match(/\$\{\{.*?\}\}/gs) ?? [])
    expect(scripts).toEqual([])
  })

  test('leaves no token in the checkout', () => {
    const keeping = stepsOf(workflow).filter(
      (step) => step.uses?.startsWith('actions/checkout@') && step.with?.['persist-credentials'] !== false,
    )
    expect(keeping).toEqual([])
  })

  test('runs nothing of a pull request where it may write', () => {
    expect(Object.keys(workflow.on)).not.toContain('pull_request_target')
  })
})

test('every action is pinned to one commit wherever it is used', () => {
  const pins = all.flatMap(([, { text }]) => [
    ...text.matchAll(/uses: ([\w./-]+)@([0-9a-f]{40}) # (v[\d.]+)/g),
  ])
  const versions = Map.groupBy(pins, ([, action]) => action ?? '')
  const several = [...versions].filter(([, uses]) => new Set(uses.map(([, , ...pin]) => pin.join())).size > 1)
  expect(several.map(([action]) => action)).toEqual([])
})

test('the half that commits dist runs neither packages nor scripts of the pull request', () => {
  const commit = workflows().find(({ name }) => name.endsWith('commit-dist.yml'))
  const scripts = commit ? stepsOf(parsed(commit)).map(({ run = '' }) => run) : []
  expect(scripts.join('\n')).toContain('git commit')
  expect(scripts.join('\n')).not.toMatch(/\bnpm\b|\bnpx\b|\bnode\b|\.ci\/run/)
})

test('the half that builds dist may only read', () => {
  const rebuild = workflows().find(({ name }) => name.endsWith('rebuild-dist.yml'))
  const jobs = rebuild ? Object.values(parsed(rebuild).jobs) : []
  expect(jobs.map(({ permissions }) => permissions)).toEqual([{ contents: 'read' }])
})
