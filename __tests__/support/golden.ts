import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect } from '@jest/globals'

const folder = new URL('../golden/', import.meta.url)

/**
 * Compares a text with the golden file of that path below `__tests__/golden/`. With `UPDATE_GOLDEN=1` it
 * writes the file instead: look at the difference before you commit it.
 */
export function expectGolden(path: string, actual: string): void {
  const file = new URL(path, folder)
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(file.pathname), { recursive: true })
    writeFileSync(file, actual)
    return
  }
  if (!existsSync(file)) throw new Error(`there is no golden file ${path}; make it with UPDATE_GOLDEN=1`)
  expect(actual).toBe(readFileSync(file, 'utf8'))
}
