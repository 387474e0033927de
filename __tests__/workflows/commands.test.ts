import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { parseFlags } from '../../scripts/flags.ts'
import { actionFile, pages, parsed, read, root } from './documents.ts'

/** Every command line of the blocks of shell in the documentation. */
const commands = pages().flatMap(({ text }) =>
  [...text.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = '']) =>
    block
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')
      .filter(Boolean),
  ),
)
const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  scripts: Record<string, string>
}

test('CI runs the two commands of the README as they stand there', () => {
  const steps = parsed(read('.github/workflows/ci.yml')).jobs.readme?.steps ?? []
  const run = steps.flatMap((step) => step.run ?? [])
  expect(run).toEqual(['npm ci && npm start', 'npm ci && npm test'])
  expect(commands).toEqual(expect.arrayContaining(run))
})

test('the scripts that the documentation names are there', () => {
  const named = pages().flatMap(({ text }) =>
    [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = '']) => name),
  )
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter((name) => !(name in scripts))).toEqual([])
})

test('the flags of every npm start in the documentation are inputs', () => {
  const names = Object.keys(actionFile().inputs)
  const started = commands.filter((command) => command.startsWith('npm start -- '))
  expect(started.length).toBeGreaterThan(3)
  const refused = started.filter((command) => parseFlags(command.split(' ').slice(3), names).kind === 'wrong')
  expect(refused).toEqual([])
})

test('the help is shown, with every input', () => {
  const script = fileURLToPath(new URL('scripts/start.ts', root))
  const { status, stdout } = spawnSync(process.execPath, [script, '--help'], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  expect(status).toBe(0)
  expect(Object.keys(actionFile().inputs).filter((name) => !stdout.includes(`--${name}`))).toEqual([])
})
