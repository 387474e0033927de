import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { bearer, tokenFile } from '../../src/cluster/authenticator.ts'
import { UserError } from '../../src/errors.ts'
import { instantClock, rejection } from './support/api.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ach-token-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const signal = new AbortController().signal

test('a token file is read again after a while, and at once when its token was refused', async () => {
  const path = join(folder, 'token')
  const masked: string[] = []
  const clock = instantClock()
  const auth = tokenFile(path, (secret) => masked.push(secret), clock)
  writeFileSync(path, 'first\n')
  expect(await auth.headers(signal)).toEqual({ authorization: 'Bearer first' })
  writeFileSync(path, 'second\n')
  expect(await auth.headers(signal)).toEqual({ authorization: 'Bearer first' })
  await clock.sleep(10_000)
  expect(await auth.headers(signal)).toEqual({ authorization: 'Bearer second' })
  writeFileSync(path, 'third\n')
  auth.refused?.({ authorization: 'Bearer second' })
  expect(await auth.headers(signal)).toEqual({ authorization: 'Bearer third' })
  expect(masked).toEqual(['first', 'second', 'third'])
})

test('a token file that is missing or empty is an error of the user', async () => {
  const missing = await rejection(tokenFile(join(folder, 'absent'), () => {}).headers(signal))
  expect(missing).toBeInstanceOf(UserError)
  writeFileSync(join(folder, 'empty'), '\n')
  const empty = await rejection(tokenFile(join(folder, 'empty'), () => {}).headers(signal))
  expect(empty).toMatchObject({ message: expect.stringContaining('is empty') })
})

test.each(['', 'two\nlines', 'a b', 'ünicode'])('%j is no token', (token) => {
  expect(() => bearer(token)).toThrow(UserError)
})
