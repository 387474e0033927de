import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { load } from 'js-yaml'

/** The repository's root. */
export const root = fileURLToPath(new URL('..', import.meta.url))

interface ActionFile {
  inputs: Record<string, { description: string; default?: string; required?: boolean }>
  outputs: Record<string, { description: string }>
  runs: { using: string; main: string; post?: string }
}

/** action.yml, parsed. */
export function readActionFile(): ActionFile {
  return load(readFileSync(join(root, 'action.yml'), 'utf8')) as ActionFile
}

export interface RunOptions {
  /** Inputs as in a workflow's `with:`; action.yml's defaults are put in for the rest. */
  inputs?: Record<string, string>
  /** Added to a small clean environment (PATH, HOME); undefined removes a variable. */
  env?: Record<string, string | undefined>
  /** File to run; default dist/index.js. `src/index.ts` runs the source without a build. */
  entry?: string
  /** Where standard output and error go; default: collected only. */
  onOutput?: (chunk: string) => void
  /** Called with the child once it runs, e.g. to send it a signal or to close its log. */
  onStart?: (child: Pick<ChildProcess, 'kill' | 'pid' | 'stdout'>) => void
  /** Runs the post step after the main step, with the state that the main step saved. Default true. */
  post?: boolean
  /** Ends the child with SIGKILL after this many milliseconds; default 120000. */
  timeoutMs?: number
}

export interface RunResult {
  /** Exit status of the main step; null when it was killed. */
  status: number | null
  signal: NodeJS.Signals | null
  /** Standard output and error, interleaved as they came. */
  log: string
  outputs: Record<string, string>
  summary: string
  state: Record<string, string>
  post?: { status: number | null; log: string }
}

/**
 * Runs the action as the runner does: a child process with INPUT_* variables and the files behind
 * GITHUB_OUTPUT, GITHUB_STEP_SUMMARY and GITHUB_STATE, then the post step with STATE_* variables.
 */
export async function runAction(options: RunOptions = {}): Promise<RunResult> {
  const folder = mkdtempSync(join(tmpdir(), 'ach-run-'))
  try {
    const files = makeRunnerFiles(folder)
    const env = {
      ...runnerEnvironment(folder),
      ...inputVariables(options.inputs ?? {}),
      ...files,
      ...options.env,
    }
    const main = await runChild(options, env)
    const state = parseCommandFile(readFileSync(files.GITHUB_STATE, 'utf8'))
    const result: RunResult = {
      ...main,
      outputs: parseCommandFile(readFileSync(files.GITHUB_OUTPUT, 'utf8')),
      summary: readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8'),
      state,
    }
    if (options.post !== false) {
      const variables = Object.fromEntries(
        Object.entries(state).map(([name, value]) => [`STATE_${name}`, value]),
      )
      const { onStart: _, ...rest } = options
      const post = await runChild(rest, { ...env, ...variables })
      result.post = { status: post.status, log: post.log }
    }
    return result
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** INPUT_* as the runner makes them: upper case, blanks become `_`, hyphens stay; defaults applied. */
export function inputVariables(inputs: Record<string, string>): Record<string, string> {
  const declared = readActionFile().inputs
  const values: Record<string, string> = {}
  for (const [name, input] of Object.entries(declared)) values[name] = literal(input.default)
  for (const [name, value] of Object.entries(inputs)) values[name] = value
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
      value,
    ]),
  )
}

/** A default that is an expression has a value only in a job. */
function literal(value = ''): string {
  return value.includes('${{') ? '' : value
}

function makeRunnerFiles(folder: string) {
  const file = (name: string) => {
    const path = join(folder, name)
    writeFileSync(path, '')
    return path
  }
  return {
    GITHUB_OUTPUT: file('output'),
    GITHUB_STEP_SUMMARY: file('summary.md'),
    GITHUB_STATE: file('state'),
    GITHUB_ENV: file('env'),
    GITHUB_PATH: file('path'),
  }
}

function runnerEnvironment(folder: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    RUNNER_TEMP: folder,
    GITHUB_WORKSPACE: folder,
    GITHUB_ACTIONS: 'true',
    CI: 'true',
  }
}

async function runChild(
  options: RunOptions,
  env: Record<string, string | undefined>,
): Promise<Pick<RunResult, 'status' | 'signal' | 'log'>> {
  const entry = join(root, options.entry ?? process.env.ACTION_ENTRY ?? 'dist/index.js')
  const child = spawn(process.execPath, [entry], {
    env: env as NodeJS.ProcessEnv,
    cwd: env.GITHUB_WORKSPACE,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => {
      log += chunk
      options.onOutput?.(chunk)
    })
  }
  const deadline = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 120_000)
  const ended = new Promise<{ status: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => resolve({ status, signal }))
  })
  options.onStart?.(child)
  try {
    return { ...(await ended), log }
  } finally {
    clearTimeout(deadline)
  }
}

/** The `name<<delimiter` form of GITHUB_OUTPUT and GITHUB_STATE. */
export function parseCommandFile(text: string): Record<string, string> {
  const values: Record<string, string> = {}
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const head = /^(.+?)<<(.+)$/.exec(lines[at] ?? '')
    if (!head) continue
    const [, name = '', delimiter = ''] = head
    const end = lines.indexOf(delimiter, at + 1)
    values[name] = lines.slice(at + 1, end).join('\n')
    at = end
  }
  return values
}

/** Appends to a file that the caller's own runner gave, when there is one. */
export function passOn(variable: 'GITHUB_OUTPUT' | 'GITHUB_STEP_SUMMARY', text: string): void {
  const path = process.env[variable]
  if (path) appendFileSync(path, text)
}
