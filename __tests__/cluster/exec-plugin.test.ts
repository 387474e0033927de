import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type ExecOptions, parseExec, runExecPlugin } from '../../src/cluster/exec-plugin.ts'
import { UserError } from '../../src/errors.ts'
import { rejection } from './support/api.ts'

const apiVersion = 'client.authentication.k8s.io/v1'
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ach-exec-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A real program that is a shell script of `lines`. */
function program(name: string, ...lines: string[]): string {
  writeFileSync(join(folder, name), ['#!/bin/sh', ...lines, ''].join('\n'))
  chmodSync(join(folder, name), 0o755)
  return join(folder, name)
}

const credential = (status: object) =>
  `cat <<'END'\n${JSON.stringify({ kind: 'ExecCredential', apiVersion, status })}\nEND`

function run(section: Record<string, unknown>, options: Partial<ExecOptions> = {}) {
  const environment = { PATH: process.env.PATH, ...options.environment }
  return runExecPlugin(parseExec({ apiVersion, ...section }), { folder, ...options, environment })
}

async function refused(
  section: Record<string, unknown>,
  options: Partial<ExecOptions> = {},
): Promise<UserError> {
  const error = await rejection((async () => run(section, options))())
  if (!(error instanceof UserError)) throw error
  return error
}

describe('an exec plugin', () => {
  test('gives a token and its end', async () => {
    const command = program(
      'token',
      credential({ token: 'abc', expirationTimestamp: '2030-01-02T03:04:05Z' }),
    )
    expect(await run({ command })).toEqual({
      token: { token: 'abc', expiresAt: Date.parse('2030-01-02T03:04:05Z') },
    })
  })

  test('gives a client certificate', async () => {
    const command = program('cert', credential({ clientCertificateData: 'CERT', clientKeyData: 'KEY' }))
    expect(await run({ command })).toEqual({ cert: 'CERT', key: 'KEY' })
  })

  test('gets its arguments and variables, is told that nobody can be asked, and cannot read a word', async () => {
    const command = program(
      'echo',
      'read -r answer && exit 9',
      'printf \'{"kind":"ExecCredential","apiVersion":"%s","status":{"token":"%s %s %s"}}\' ' +
        `${apiVersion} "$1" "$SOME" "$(echo "$KUBERNETES_EXEC_INFO" | tr -d '"')"`,
    )
    const { token } = await run({ command, args: ['one'], env: [{ name: 'SOME', value: 'two' }] })
    expect(token?.token).toBe(
      `one two {apiVersion:${apiVersion},kind:ExecCredential,spec:{interactive:false}}`,
    )
  })

  test('is told about the cluster where it asks for it', async () => {
    const command = program(
      'cluster',
      `case "$KUBERNETES_EXEC_INFO" in *'"cluster":{"server":"https://x"}'*) ;; *) exit 8 ;; esac`,
      credential({ token: 'ok' }),
    )
    const cluster = { server: 'https://x' }
    expect((await run({ command, provideClusterInfo: true }, { cluster })).token?.token).toBe('ok')
    expect((await refused({ command }, { cluster })).message).toContain('it ended with 8')
  })

  test('sees no input of the action', async () => {
    const command = program('inputs', '[ -z "$INPUT_KUBECONFIG" ] || exit 7', credential({ token: 'ok' }))
    const environment = { INPUT_KUBECONFIG: 'secret' }
    expect((await run({ command }, { environment })).token?.token).toBe('ok')
  })

  test('is found beside the kubeconfig when its path is relative', async () => {
    program('beside', credential({ token: 'ok' }))
    expect((await run({ command: './beside' })).token?.token).toBe('ok')
  })
})

describe('an exec plugin is refused with what to do', () => {
  test('when the runner does not have the program', async () => {
    const error = await refused({ command: 'no-such-program', installHint: 'Get it from the shop.' })
    expect(error.message).toContain('no-such-program, which the runner does not have')
    expect(error.next).toBe('Get it from the shop.')
  })

  test('when it fails: with what it said, not with what it printed', async () => {
    const command = program('fails', 'echo s3cret', 'echo "no subscription" >&2', 'exit 3')
    const error = await refused({ command })
    expect(error.message).toMatch(/it ended with 3: no subscription$/)
    expect(error.message + String(error.cause)).not.toContain('s3cret')
  })

  test('when it does not end', async () => {
    const command = program('hangs', 'exec sleep 60')
    const error = await refused({ command }, { timeoutMs: 100 })
    expect(error.message).toContain('it did not end within 0.1 s')
    expect(error.next).toContain('waiting for somebody to sign in')
  })

  test.each([
    ['no JSON', 'echo s3cret'],
    ['no ExecCredential', `echo '{"kind":"Token","s3cret":1}'`],
    ['of another version', `echo '{"kind":"ExecCredential","apiVersion":"v0","status":{"token":"s3cret"}}'`],
    ['without a credential', credential({})],
    ['half a certificate', credential({ clientCertificateData: 'x' })],
    ['nothing', 'exit 0'],
  ])('when its answer is %s', async (name, line) => {
    const error = await refused({ command: program(`answer-${name.replaceAll(' ', '-')}`, line) })
    expect(error.message).toContain('no usable credentials')
    expect(error.message + String(error.cause)).not.toContain('s3cret')
  })

  test.each([
    ['must ask somebody', { command: 'x', interactiveMode: 'Always' }, /wants to ask somebody/],
    ['names no command', { command: '' }, /it names no command/],
    [
      'is of an old version',
      { command: 'x', apiVersion: 'client.authentication.k8s.io/v1alpha1' },
      /apiVersion/,
    ],
  ])('when its section %s', async (_name, section, message) => {
    expect((await refused(section)).message).toMatch(message)
  })
})
