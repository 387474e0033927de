import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const SOURCES = new URL('../../src/', import.meta.url).pathname
/** Pure, without a package, so that it may be loaded at any time. */
const FREE = ['azure/guard.ts']
/** Folders that only a dynamic import reaches. */
const LAZY = ['azure/', 'remedy/node-pool/']

const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
)
const importsOf = (name: string) =>
  [
    ...readFileSync(join(SOURCES, name), 'utf8').matchAll(
      /^(?:import|export)\s+(?!type\b)[^'"]*?from\s+'([^']+)'/gms,
    ),
  ].map(([, from = '']) => from)

describe('the code for Azure', () => {
  test('is the only one that loads the packages of Azure', () => {
    const loaders = files.filter((name) => importsOf(name).some((from) => from.startsWith('@azure/')))
    expect(loaders.length).toBeGreaterThan(0)
    expect(loaders.filter((name) => !name.startsWith('azure/'))).toEqual([])
  })

  test('is loaded by the rest only when it is needed, and so is the remedy that changes node pools', () => {
    const outside = files.filter((name) => !LAZY.some((folder) => name.startsWith(folder)))
    const lazy = /(^|\/)(azure|node-pool)\//
    const loaders = outside.flatMap((name) =>
      importsOf(name)
        .filter((from) => lazy.test(from) && !FREE.some((free) => from.endsWith(free)))
        .map((from) => `${name} loads ${from}`),
    )
    expect(loaders).toEqual([])
  })

  test('does not load the Kubernetes client', () => {
    const loaders = files.filter(
      (name) => name.startsWith('azure/') && importsOf(name).includes('@kubernetes/client-node'),
    )
    expect(loaders).toEqual([])
  })

  test.each(FREE)('has %s, which loads no package', (name) => {
    expect(importsOf(name).filter((from) => !from.startsWith('.'))).toEqual([])
  })
})
