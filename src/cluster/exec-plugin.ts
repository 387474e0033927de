import { type ExecFileException, execFile } from 'node:child_process'
import { isAbsolute, resolve } from 'node:path'
import { UserError } from '../errors.ts'
import type { BearerToken } from './authenticator.ts'
import { parseObject } from './body.ts'

/** The `exec` section of a kubeconfig's user, checked. */
export interface ExecSection {
  apiVersion: string
  command: string
  args: string[]
  env: Record<string, string>
  installHint: string | undefined
  provideClusterInfo: boolean
}

/** What a plugin gives: a token, or a client certificate with its key, or both. */
export interface ExecCredential {
  token?: BearerToken
  /** PEM. */
  cert?: string
  key?: string
}

export interface ExecOptions {
  /** Folder from which a command with a relative path is meant. */
  folder: string
  environment: Record<string, string | undefined>
  /** `spec.cluster` of KUBERNETES_EXEC_INFO, for plugins that ask for it. */
  cluster?: Record<string, unknown>
  /** Default 30000. */
  timeoutMs?: number
  signal?: AbortSignal
}

const docs = 'troubleshooting.md#exec-plugins'
const apiVersions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']

/** Checks an `exec` section. A plugin that must ask somebody is refused: nobody sits at a runner. */
export function parseExec(section: unknown): ExecSection {
  const exec = (section ?? {}) as Record<string, unknown>
  const { command, apiVersion } = exec
  if (typeof command !== 'string' || command === '') throw badSection('it names no command')
  if (typeof apiVersion !== 'string' || !apiVersions.includes(apiVersion)) {
    throw badSection(`its apiVersion is not ${apiVersions.join(' or ')}`)
  }
  if (exec.interactiveMode === 'Always') {
    throw new UserError(
      `The exec plugin ${command} of the kubeconfig wants to ask somebody (interactiveMode: Always).`,
      {
        next: 'Use a way to sign in that asks nobody: name the cluster in Azure (cluster-name), or a kubeconfig with a service account token.',
        docs,
      },
    )
  }
  const entries = Array.isArray(exec.env) ? (exec.env as ({ name?: unknown; value?: unknown } | null)[]) : []
  return {
    command,
    apiVersion,
    args: Array.isArray(exec.args) ? exec.args.map(word) : [],
    env: Object.fromEntries(entries.map((each) => [word(each?.name), word(each?.value)])),
    installHint: typeof exec.installHint === 'string' ? exec.installHint : undefined,
    provideClusterInfo: exec.provideClusterInfo === true,
  }
}

/** What stands for text in YAML, a number among it; anything else is no word of a command. */
function word(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : ''
}

const SECRET_NAME = /^(?!.*(file|path|url)).*(secret|password|token|key)/i

/** What an `exec` section holds that by its name is a secret; a plugin that fails may say it in its error. */
export function secretsIn({ args, env }: ExecSection): string[] {
  const named = Object.entries(env).flatMap(([name, value]) => (SECRET_NAME.test(name) ? [value] : []))
  const given = args.flatMap((arg, at) => {
    const [, flag = '', value = args[at + 1] ?? ''] = /^(--?[\w-]+)(?:=(.*))?$/s.exec(arg) ?? []
    return SECRET_NAME.test(flag) && !value.startsWith('-') ? [value] : []
  })
  // What is shorter is a switch, and would make every log unreadable.
  return [...named, ...given].filter((value) => value.length >= 6)
}

/**
 * Runs a plugin once. It cannot prompt: it is told so, its standard input is closed, and it has a deadline.
 * What it prints on standard output is its secret and in no message.
 */
export async function runExecPlugin(exec: ExecSection, options: ExecOptions): Promise<ExecCredential> {
  const info = {
    apiVersion: exec.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(exec.provideClusterInfo && { cluster: options.cluster ?? {} }) },
  }
  const env = {
    ...withoutInputs(options.environment),
    ...exec.env,
    KUBERNETES_EXEC_INFO: JSON.stringify(info),
  }
  const output = await run(exec, env, options)
  return parseCredential(exec, output)
}

function run(exec: ExecSection, env: NodeJS.ProcessEnv, options: ExecOptions): Promise<string> {
  const timeout = options.timeoutMs ?? 30_000
  const file =
    /[/\\]/.test(exec.command) && !isAbsolute(exec.command)
      ? resolve(options.folder, exec.command)
      : exec.command
  return new Promise((done, fail) => {
    const settings = { env, timeout, maxBuffer: 2 ** 20, killSignal: 'SIGKILL' as const, windowsHide: true }
    const child = execFile(
      file,
      exec.args,
      { ...settings, ...(options.signal && { signal: options.signal }) },
      (error, stdout, stderr) => {
        if (error === null) return done(stdout)
        if (options.signal?.aborted) return fail(options.signal.reason)
        return fail(explainFailure(exec, error, stderr, timeout))
      },
    )
    child.stdin?.end()
  })
}

function explainFailure(
  exec: ExecSection,
  error: ExecFileException,
  stderr: string,
  timeoutMs: number,
): UserError {
  const { command, installHint } = exec
  if (error.code === 'ENOENT') {
    return new UserError(
      `The kubeconfig signs in with the program ${command}, which the runner does not have.`,
      {
        next:
          installHint?.trim() ||
          `Install ${command} in a step before this one, or use a kubeconfig with a token or a client certificate.`,
        docs,
        cause: error,
      },
    )
  }
  const said = stderr.trim().slice(-500)
  const why = error.killed
    ? `it did not end within ${timeoutMs / 1000} s`
    : `it ended with ${error.code ?? error.signal}`
  return new UserError(
    `The exec plugin ${command} of the kubeconfig gave no credentials: ${why}${said && `: ${said}`}`,
    {
      next: error.killed
        ? 'It may be waiting for somebody to sign in, whom a runner does not have. Use a way to sign in that asks nobody.'
        : 'Run it in a step before this one to see what it needs.',
      docs,
    },
  )
}

function parseCredential({ command, apiVersion }: ExecSection, output: string): ExecCredential {
  const bad = (why: string) =>
    new UserError(
      `The exec plugin ${command} of the kubeconfig answers with no usable credentials: ${why}.`,
      {
        next: 'Run it in a step before this one to see what it prints.',
        docs,
      },
    )
  let answer: { kind?: unknown; apiVersion?: unknown; status?: Record<string, unknown> | null }
  try {
    answer = parseObject(output)
  } catch {
    throw bad('it is not JSON')
  }
  if (answer.kind !== 'ExecCredential' || answer.apiVersion !== apiVersion) {
    throw bad(`it is no ExecCredential of ${apiVersion}`)
  }
  const { token, expirationTimestamp, clientCertificateData: cert, clientKeyData: key } = answer.status ?? {}
  const hasPair = typeof cert === 'string' && typeof key === 'string'
  if (typeof token !== 'string' && !hasPair)
    throw bad('it has neither a token nor a client certificate with its key')
  const expiresAt = typeof expirationTimestamp === 'string' ? Date.parse(expirationTimestamp) : Number.NaN
  return {
    ...(typeof token === 'string' && { token: { token, ...(!Number.isNaN(expiresAt) && { expiresAt }) } }),
    ...(hasPair && { cert, key }),
  }
}

/** A plugin gets no input of the action: one of them may be the kubeconfig with all its secrets. */
function withoutInputs(environment: Record<string, string | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('INPUT_')))
}

function badSection(why: string): UserError {
  return new UserError(`The exec section of the kubeconfig cannot be used: ${why}.`, {
    next: 'Fetch the kubeconfig anew (az aks get-credentials).',
    docs,
  })
}
