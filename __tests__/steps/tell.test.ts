import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { UserError } from '../../src/errors.ts'
import { saveReport } from '../../src/steps/tell.ts'
import { report } from '../report/sample-report.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ach-tell-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a report is written through no link, be it where the report shall be or where it is being written', () => {
  const [kept, path] = [join(folder, 'kept'), join(folder, 'report.json')]
  writeFileSync(kept, 'kept')
  for (const link of [path, `${path}.part`]) symlinkSync(kept, link)
  saveReport(report([]), path)
  expect(readFileSync(kept, 'utf8')).toBe('kept')
  expect(lstatSync(path).isFile()).toBe(true)
})

test('a report that cannot be written leaves no piece of itself', () => {
  const write = () => saveReport(report([]), folder)
  expect(write).toThrow(UserError)
  expect(write).toThrow(/cannot be written/)
  expect(readdirSync(folder)).toEqual([])
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith(basename(folder)))).toEqual([
    basename(folder),
  ])
})
