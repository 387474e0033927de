import { spawn } from 'node:child_process'
import { readFile, symlink } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { parseTuning, type Tuned } from '../../src/node/parse-tuning.ts'
import { type TuningSetting, tunerScript } from '../../src/node/tuner.sh.ts'
import { type ProcFolder, procOfSample } from '../support/sample-proc.ts'
import { runScript, shells } from '../support/shells.ts'

const max = 'net.netfilter.nf_conntrack_max'
const buckets = 'net.netfilter.nf_conntrack_buckets'
const reuse = 'net.ipv4.tcp_tw_reuse'

describe.each(shells())('the tuner in $name', (shell) => {
  let proc: ProcFolder
  beforeEach(async () => {
    proc = await procOfSample('healthy')
    await proc.write(
      'stat',
      `cpu  1 2\n${Array.from({ length: 16 }, (_, i) => `cpu${i} 1 2\n`).join('')}intr 1\n`,
    )
  })
  afterEach(() => proc[Symbol.asyncDispose]())

  const fileOf = (sysctl: string) => `sys/${sysctl.replaceAll('.', '/')}`
  const valueIn = async (sysctl: string) => (await readFile(`${proc.path}/${fileOf(sysctl)}`, 'utf8')).trim()

  async function tune(...settings: TuningSetting[]): Promise<Tuned[]> {
    const { stdout } = await runScript(shell, tunerScript(settings), { proc: proc.path })
    return parseTuning(stdout, settings)
  }

  test('raises a size that is too small and reads it back', async () => {
    expect(await tune({ sysctl: max, wanted: 524288, mode: 'raise' })).toEqual([
      {
        sysctl: max,
        before: { value: 262144 },
        wanted: { value: 524288 },
        after: { value: 524288 },
        outcome: 'written',
      },
    ])
    expect(await valueIn(max)).toBe('524288')
  })

  test('never lowers a size, not even one that means no limit', async () => {
    expect(await tune({ sysctl: max, wanted: 131072, mode: 'raise' })).toMatchObject([{ outcome: 'kept' }])
    expect(await valueIn(max)).toBe('262144')
    await proc.write(fileOf(max), '0\n')
    expect(await tune({ sysctl: max, wanted: 131072, mode: 'raise' })).toMatchObject([
      { outcome: 'kept', after: { value: 0 } },
    ])
  })

  test('takes the number of CPUs for a floor of what is wanted', async () => {
    const [tuned] = await tune({ sysctl: max, wanted: 262144, mode: 'raise', perCore: 32768 })
    expect(tuned).toMatchObject({ wanted: { value: 524288 }, after: { value: 524288 }, outcome: 'written' })
  })

  test('sets tcp_tw_reuse down from 2 to 1, as that is no size', async () => {
    expect(await tune({ sysctl: reuse, wanted: 1, mode: 'set' })).toMatchObject([
      { before: { value: 2 }, after: { value: 1 }, outcome: 'written' },
    ])
  })

  test('puts a value back, lower too, if it is still the one that the fix wrote', async () => {
    expect(await tune({ sysctl: max, wanted: 131072, mode: 'restore', onlyIf: 262144 })).toMatchObject([
      { before: { value: 262144 }, after: { value: 131072 }, outcome: 'written' },
    ])
    expect(await tune({ sysctl: max, wanted: 65536, mode: 'restore', onlyIf: 262144 })).toMatchObject([
      { before: { value: 131072 }, after: { value: 131072 }, outcome: 'moved' },
    ])
  })

  test('goes on after a value that it cannot read and one that it cannot write', async () => {
    await proc.remove(fileOf(buckets))
    await proc.remove(fileOf(max))
    await symlink('/sys/kernel/uevent_seqnum', `${proc.path}/${fileOf(max)}`)
    const tuned = await tune(
      { sysctl: buckets, wanted: 524288, mode: 'raise' },
      { sysctl: max, wanted: 2147483647, mode: 'raise' },
      { sysctl: reuse, wanted: 1, mode: 'set' },
    )
    expect(tuned).toMatchObject([
      { sysctl: buckets, before: { unknown: 'the kernel does not publish it' }, outcome: 'unreadable' },
      { sysctl: max, outcome: expect.stringMatching(/^(read-only|refused)$/), error: expect.any(String) },
      { sysctl: reuse, after: { value: 1 }, outcome: 'written' },
    ])
  })

  test('does not write where the file holds no number', async () => {
    await proc.write(fileOf(max), 'many; rm -rf /\n')
    expect(await tune({ sysctl: max, wanted: 524288, mode: 'raise' })).toMatchObject([
      { before: { unknown: 'it does not hold a number' }, outcome: 'unreadable' },
    ])
    expect(await valueIn(max)).toBe('many; rm -rf /')
  })

  test('reads the whole of a value of the kernel, which gives it to the first read only', async () => {
    const now = Number((await readFile('/proc/sys/net/core/somaxconn', 'utf8')).trim())
    await proc.remove(fileOf(max))
    await symlink('/proc/sys/net/core/somaxconn', `${proc.path}/${fileOf(max)}`)
    expect(await tune({ sysctl: max, wanted: 0, mode: 'raise' })).toMatchObject([
      { before: { value: now }, after: { value: now }, outcome: 'kept' },
    ])
  })

  test('in a loop puts right what another wrote in the meantime, and logs only that', async () => {
    const [command = 'sh', ...args] = shell.command
    const script = tunerScript([{ sysctl: max, wanted: 524288, mode: 'raise' }], { everySeconds: 1 })
    const child = spawn(command, [...args, '-c', script], { env: { PATH: shell.path, PROC: proc.path } })
    const closed = new Promise((resolve) => child.once('close', resolve))
    const lines: string[] = []
    for await (const line of createInterface(child.stdout)) {
      lines.push(line)
      if (lines.length === 1) await proc.write(fileOf(max), '131072\n')
      if (lines.length === 2) break
    }
    child.kill('SIGTERM')
    await closed
    expect(lines).toEqual([
      `${max} before=262144 wanted=524288 after=524288 outcome=written`,
      `${max} before=131072 wanted=524288 after=524288 outcome=written`,
    ])
    expect(child.exitCode).toBe(0)
  })
})

test('answers of all settings at their longest have room in a termination message', () => {
  const line = (name: string) => {
    const number = '9'.repeat(18)
    return `${name} before=${number} wanted=${number} after=${number} outcome=unreadable error=${'e'.repeat(60)}\n`
  }
  const all = [buckets, max, reuse, 'net.ipv4.tcp_max_tw_buckets'].map(line).join('')
  expect(`ach-tuner 1\n${all}end 5\n`.length).toBeLessThan(2048)
})

test.each([
  ['a sysctl that is not on the list', { sysctl: 'kernel.core_pattern', wanted: 1, mode: 'set' }],
  ['a value with a fraction', { sysctl: max, wanted: 1.5, mode: 'raise' }],
  ['a negative value', { sysctl: max, wanted: -1, mode: 'raise' }],
  ['a value beyond 31 bits', { sysctl: max, wanted: 2 ** 31, mode: 'raise' }],
  ['text for a value', { sysctl: max, wanted: '1; reboot', mode: 'raise' }],
  ['text for a floor', { sysctl: max, wanted: 1, mode: 'raise', perCore: '$(reboot)' }],
])('no script is made with %s', (_what, setting) => {
  expect(() => tunerScript([setting as TuningSetting])).toThrow(RangeError)
})

describe('an answer of a tuner', () => {
  const settings: TuningSetting[] = [
    { sysctl: max, wanted: 262144, mode: 'raise' },
    { sysctl: reuse, wanted: 1, mode: 'set' },
  ]

  test('that ends early leaves the outcome of the rest unknown', () => {
    const message = `ach-tuner 1\n${max} before=131072 wanted=262144 after=262144 outcome=written\nnet.ipv4.tcp_tw_reuse bef`
    const tuned = parseTuning(message, settings, 'OOMKilled, exit code 137')
    expect(tuned[0]?.outcome).toBe('written')
    expect(tuned[1]).toMatchObject({
      outcome: 'unknown',
      after: { unknown: expect.stringContaining('OOMKilled') },
    })
  })

  test.each(['', 'sh: not found', 'ach-tuner 2\nx y=1\nend 2\n', '\u0000'.repeat(5000)])(
    'that is %j is unknown for every setting',
    (message) => {
      for (const tuned of parseTuning(message, settings)) {
        expect(tuned).toMatchObject({
          outcome: 'unknown',
          before: { unknown: expect.stringContaining('did not say') },
        })
      }
    },
  )

  test('with a value that cannot be makes that value unknown', () => {
    const message = `ach-tuner 1\n${max} before=-1 wanted=262144 after=99999999999 outcome=written\nend 2\n`
    expect(parseTuning(message, settings)[0]).toMatchObject({
      before: { unknown: 'the tuner reported a value that cannot be' },
      after: { unknown: 'the tuner reported a value that cannot be' },
      wanted: { value: 262144 },
    })
  })
})
