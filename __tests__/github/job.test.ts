import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { writeSummary } from '../../src/github/summary-file.ts'
import { silent } from '../../src/log.ts'

const folder = mkdtempSync(join(tmpdir(), 'ach-github-'))
const source = new URL('../../src/', import.meta.url).href

/** Runs a piece of code in a process of its own, as what it prints is what the runner sees. */
function printed(code: string, env: Record<string, string> = {}): string {
  const program = `import { actionsLogger } from '${source}github/logger.ts'
    import { writeAnnotations } from '${source}github/annotations.ts'
    import { writeOutputs } from '${source}github/outputs.ts'
    const log = actionsLogger()
    ${code}`
  const file = join(folder, `program-${Math.random().toString(36).slice(2)}.ts`)
  writeFileSync(file, program)
  const { GITHUB_OUTPUT: _, ...rest } = process.env
  const { stdout, stderr, status } = spawnSync(process.execPath, [file], {
    env: { ...rest, ...env },
    encoding: 'utf8',
    timeout: 30_000,
  })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

test('the log, its groups and its warnings take no command from a message', () => {
  const evil = JSON.stringify('pull failed\n::error::forged\n  ::add-mask::x\n##[error]forged')
  const out = printed(`
    log.info(${evil}); log.debug(${evil}); log.warning(${evil})
    await log.group(${evil}, async () => log.info('inside'))`)
  const commands = out.split('\n').filter((line) => line.trimStart().startsWith('::') || line.includes('##['))
  expect(commands.map((line) => /^::([a-z]+)/.exec(line)?.[1])).toEqual([
    'debug',
    'warning',
    'group',
    'endgroup',
  ])
})

test('annotations carry their title and all their lines', () => {
  const out = printed(`writeAnnotations([
    { level: 'error', title: 'Critical: a, b', message: 'first\\nsecond 100 %' },
    { level: 'warning', title: 'Warning', message: '::error::forged' },
  ])`)
  expect(out).toBe(
    '::error title=Critical%3A a%2C b::first%0Asecond 100 %25\n::warning title=Warning::: :error::forged\n',
  )
})

test('outputs reach the file of the runner, whatever is in them', () => {
  const file = join(folder, 'output')
  writeFileSync(file, '')
  printed(`writeOutputs({ verdict: 'critical', findings: 'a\\nreport=forged\\nb' } as never)`, {
    GITHUB_OUTPUT: file,
  })
  expect(readFileSync(file, 'utf8')).toMatch(
    /^verdict<<(ghadelimiter_\S+)\ncritical\n\1\nfindings<<(ghadelimiter_\S+)\na\nreport=forged\nb\n\2\n$/,
  )
})

describe('the summary file', () => {
  const file = join(folder, 'summary.md')
  const warnings: string[] = []
  const log = { ...silent, warning: (message: string) => void warnings.push(message) }

  beforeAll(() => writeFileSync(file, 'text of another'))
  afterAll(() => expect(existsSync(file)).toBe(true))

  test('is appended to, on a line of its own', async () => {
    await writeSummary(() => '## Healthy\n', log, { GITHUB_STEP_SUMMARY: file })
    expect(readFileSync(file, 'utf8')).toBe('text of another\n\n## Healthy\n')
    expect(warnings).toEqual([])
  })

  test('is told how much room there is, with what is in it counted', async () => {
    const full = join(folder, 'full.md')
    writeFileSync(full, 'x'.repeat(900_000))
    const limits: number[] = []
    await writeSummary(
      (limit) => {
        limits.push(limit)
        return 'short'
      },
      log,
      { GITHUB_STEP_SUMMARY: full },
    )
    expect(limits).toEqual([1024 * 1024 - 100_000 - 900_000])
  })

  test('that has no room left is not written to, with a warning', async () => {
    const full = join(folder, 'over.md')
    writeFileSync(full, 'x'.repeat(1_040_000))
    warnings.length = 0
    await writeSummary(() => 'y'.repeat(20_000), log, { GITHUB_STEP_SUMMARY: full })
    expect(readFileSync(full, 'utf8')).toHaveLength(1_040_000)
    expect(warnings).toHaveLength(1)
  })

  test('that is missing is a warning and no error', async () => {
    warnings.length = 0
    await writeSummary(() => 'x', log, { GITHUB_STEP_SUMMARY: join(folder, 'no', 'file') })
    expect(warnings).toEqual([expect.stringMatching(/could not be written: (Error: )?ENOENT/)])
  })

  test('that nobody asks for is not made', async () => {
    warnings.length = 0
    await writeSummary(() => 'x', log, {})
    expect(warnings).toEqual([])
  })
})
