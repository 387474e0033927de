import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import type { SmallAks } from '../aks/aks.ts'
import { expectGolden } from '../support/golden.ts'
import { annotationsOf, answeringNodes, runAll, told } from './runs.ts'
import { type CheckResult, check, cluster, podsLeft } from './support.ts'

jest.setTimeout(120_000)

const folder = mkdtempSync(join(tmpdir(), 'ach-settings-'))
const inFolder = (name: string) => join(folder, name)
const HOLD_UP_MS = 300
const never = { 'fail-on': 'never' }

/** A module that the child loads first, and that throws once the action listens for what nobody caught. */
const faulty = (fault: string) => {
  const wait = `const t = setInterval(() => { if (process.listenerCount('uncaughtException') > 0) { clearInterval(t); ${fault} } }, 1)`
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(wait)}` }
}

let aks: SmallAks
let runOf: (name: string) => CheckResult
/** When each pod of the run with a concurrency of three was asked for, in milliseconds. */
const askedAt: number[] = []

beforeAll(async () => {
  const names = Array.from({ length: 12 }, (_, index) => `n${String(index).padStart(2, '0')}`)
  const rules = [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ]
  aks = await cluster({
    nodes: await answeringNodes(...names, { name: 'dead', pool: 'dead', fault: 'dead' }),
    users: ['admin', 'three-at-once'].map((name) => ({ name, rules })),
  })
  holdUpCreations()
  writeFileSync(inFolder('file'), '')
  const one =
    (inputs: Record<string, string>, env: Record<string, string | undefined> = {}) =>
    () =>
      check(aks, { nodes: 'n00', ...inputs }, { env, post: false })
  runOf = await runAll({
    'three at once': () =>
      check(aks, { 'node-pools': 'np1', concurrency: '3' }, { user: 'three-at-once', post: false }),
    'time up': () => check(aks, { 'timeout-seconds': '10' }, { post: false }),
    'report relative': one({ 'report-path': 'out/report.json' }, { GITHUB_WORKSPACE: folder }),
    'report by default': one({ 'report-path': '' }, { RUNNER_TEMP: folder }),
    'report below a file': one({ 'report-path': inFolder('file/report.json') }),
    'report is a folder': one({ 'report-path': folder }),
    'no summary file': one({}, { GITHUB_STEP_SUMMARY: undefined }),
    'a summary file that is not there': one({}, { GITHUB_STEP_SUMMARY: inFolder('nowhere/summary') }),
    'no output file': one({}, { GITHUB_OUTPUT: undefined }),
    'an output file that is not there': one(never, { GITHUB_OUTPUT: inFolder('nowhere/output') }),
    'a fault': one(never, faulty("throw new Error('boom')")),
    'a fault nobody waits for': one(never, faulty("Promise.reject(new TypeError('boom'))")),
  })
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await aks.stop()
})

/** Creations of one user take a while, so that they meet. */
function holdUpCreations(): void {
  const user = 'three-at-once'
  aks.misbehave({ match: { method: 'POST', user }, do: { delayMs: HOLD_UP_MS } })
  aks.events.on('request', (request) => {
    if (request.user === user && request.method === 'POST') askedAt.push(request.at)
  })
}

function healthy(name: string): CheckResult {
  const run = runOf(name)
  expect([run.status, run.outputs.verdict ?? 'healthy']).toEqual([0, 'healthy'])
  return run
}

test('concurrency is how many pods are made at once, and no more', () => {
  expect(healthy('three at once').outputs['nodes-checked']).toBe('12')
  // Three come together; each further one waits until one of those before it is answered.
  expect(Number(askedAt[2]) - Number(askedAt[0])).toBeLessThan(HOLD_UP_MS)
  for (let next = 3; next < 12; next++) {
    expect(Number(askedAt[next]) - Number(askedAt[next - 3])).toBeGreaterThan(HOLD_UP_MS * 0.9)
  }
})

test('timeout-seconds ends the run, which tells what it has by then and removes its pods', () => {
  const run = runOf('time up')
  expect(run.status).toBe(1)
  expect(run.outputs).toMatchObject({ verdict: 'unknown', 'nodes-checked': '12', 'nodes-unknown': '1' })
  expect(run.report?.failure?.message).toBe('The run did not end within 10 s (timeout-seconds)')
  expect(podsLeft(aks)).toEqual([])
})

test('a relative report-path starts at the workspace', () => {
  const { outputs } = healthy('report relative')
  expect(outputs.report).toBe(inFolder('out/report.json'))
  expect(JSON.parse(readFileSync(inFolder('out/report.json'), 'utf8'))).toMatchObject({ schemaVersion: 1 })
})

test('without report-path the report is in the temporary folder of the runner', () => {
  const { outputs, state } = healthy('report by default')
  expect(outputs.report).toBe(inFolder(`aks-connection-health-${state['run-id']}.json`))
  expect(existsSync(outputs.report ?? '')).toBe(true)
})

test.each(['report below a file', 'report is a folder'])(
  'a report that cannot be written (%s) is a warning, not claimed, and changes no verdict',
  (name) => {
    const run = healthy(name)
    expect(run.outputs.report).toBe('')
    const [warning, ...others] = annotationsOf(run.log)
    expect(others).toEqual([])
    expect(warning?.message).toMatch(/^The report cannot be written to \/\S+: E[A-Z]+: .*"report-path"/)
    expect(readdirSync(tmpdir()).filter((entry) => entry.endsWith('.part'))).toEqual([])
  },
)

test('without a summary file the run says no word of it', () => {
  expect(annotationsOf(healthy('no summary file').log)).toEqual([])
})

test('a summary file that cannot be written is a warning, and changes no verdict', () => {
  const [warning] = annotationsOf(healthy('a summary file that is not there').log)
  expect(warning?.message).toMatch(/^The job summary could not be written: .* The verdict is not affected\.$/)
})

test('without an output file the verdict is in the log and in the exit status', () => {
  expect(healthy('no output file').log).toContain('Healthy: the one node of small-aks')
})

test.each(['an output file that is not there', 'a fault', 'a fault nobody waits for'])(
  '%s ends the run with 1 and a message, also with fail-on never',
  (name) => {
    const run = runOf(name)
    expect(run.status).toBe(1)
    const folderless = told(run, aks).replaceAll(folder, 'FOLDER')
    expectGolden(`e2e/faults/${name.replaceAll(' ', '-')}.txt`, folderless)
  },
)
