import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { requireJq } from '../support/require-jq.ts'
import { parsed, read, stepsOf } from './documents.ts'

requireJq()

const workflow = parsed(read('.github/workflows/remediate.yml'))
const script = stepsOf(workflow).find(({ id }) => id === 'count')?.run ?? 'exit 99'

const step = (intent: string, why = '') => ({ intent, why })

/** Runs the step that decides whether the apply job comes, as the runner does. */
function count(steps: object[], verdict: string, dryRun = 'false') {
  const folder = mkdtempSync(join(tmpdir(), 'ach-count-'))
  try {
    const [REPORT, GITHUB_OUTPUT] = [join(folder, 'report.json'), join(folder, 'output')]
    const fix = { dryRun: true, plans: [{ steps }], unachieved: [] }
    writeFileSync(REPORT, JSON.stringify({ judgement: { verdict }, fix }))
    writeFileSync(GITHUB_OUTPUT, '')
    const { status, stdout } = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', script], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, REPORT, GITHUB_OUTPUT, DRY_RUN: dryRun },
    })
    return { status, stdout, output: readFileSync(GITHUB_OUTPUT, 'utf8').trim() }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('a remediation', () => {
  test('with something to do goes on to the approval', () => {
    const { status, output } = count([step('change'), step('refuse', 'no endpoint')], 'critical')
    expect([status, output]).toEqual([0, 'planned=1'])
  })

  test('with nothing to do on a healthy cluster ends well', () => {
    expect(count([step('skip', 'it is so already')], 'healthy').status).toBe(0)
  })

  test('of which all is refused fails, and says why on one line', () => {
    const { status, stdout } = count([step('refuse', 'no endpoint on b\n::warning::x 100%')], 'healthy')
    expect(status).toBe(1)
    expect(stdout).toMatch(/^::error title=Nothing can be done::.*no endpoint on b ::warning::x 100 /m)
  })

  test.each(['critical', 'unknown'])('with nothing to do on a cluster that is %s fails', (verdict) => {
    expect(count([], verdict)).toMatchObject({ status: 1, stdout: expect.stringContaining(verdict) })
  })

  test('that only shows the plan does not fail for what the plan says', () => {
    expect(count([step('refuse', 'no endpoint')], 'critical', 'true').status).toBe(0)
  })
})
