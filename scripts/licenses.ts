import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './run-action.ts'

interface LockFile {
  packages: Record<string, { version?: string; dev?: boolean; license?: string; optional?: boolean }>
}

/**
 * Writes the licence texts of all packages that can be in the bundle (ncc's own list holds only one of
 * its chunks). The list is of the lock file's runtime packages, so it is the same on every platform.
 */
export function writeLicenses(path: string): void {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as LockFile
  const texts = Object.entries(lock.packages)
    .filter(([place, entry]) => place !== '' && !entry.dev && !entry.optional)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([place, entry]) => {
      const name = place.replace(/^.*node_modules\//, '')
      return `${name} ${entry.version ?? ''}\n${entry.license ?? ''}\n\n${licenseText(join(root, place))}`
    })
  writeFileSync(path, `${[...new Set(texts)].join(`\n${'-'.repeat(80)}\n\n`)}\n`)
}

function licenseText(folder: string): string {
  if (!existsSync(folder)) return ''
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)(\.(md|txt))?$/i.test(name))
  if (!file) return ''
  const lines = readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').split('\n')
  return `${lines
    .map((line) => line.trimEnd())
    .join('\n')
    .trim()}\n`
}
