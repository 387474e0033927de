/**
 * Makes dist/: tsc, then ncc, then the licences of what is in the bundle.
 *
 * @kubernetes/client-node and the @actions packages do not say in their package.json that their modules
 * are free of side effects, so that the bundler must keep all 75 generated API classes. They are (client-node
 * but for its polyfill), and saying so while the bundle is made cuts it to a fifth and halves its start-up.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeLicenses } from './licenses.ts'
import { root } from './run-action.ts'

const withoutSideEffects: Record<string, boolean | string[]> = {
  '@kubernetes/client-node': ['./dist/polyfill.js'],
  '@actions/core': false,
  '@actions/http-client': false,
}

function run(command: string, args: string[]): void {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', command), ...args], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error(`${command} ended with status ${String(status)}`)
}

/** Runs `work` while package.json files say that their modules are free of side effects. */
function declareWithoutSideEffects(work: () => void): void {
  const originals = new Map<string, string>()
  try {
    for (const [name, sideEffects] of Object.entries(withoutSideEffects)) {
      const path = join(root, 'node_modules', name, 'package.json')
      const original = readFileSync(path, 'utf8')
      originals.set(path, original)
      writeFileSync(path, JSON.stringify({ ...JSON.parse(original), sideEffects }, null, 2))
    }
    work()
  } finally {
    for (const [path, original] of originals) writeFileSync(path, original)
  }
}

/** ncc ends with 0 for a module that it cannot find; only these optional ones may be missing. */
function rejectMissingModules(): void {
  const bundle = readFileSync(join(root, 'dist/index.js'), 'utf8')
  const missing = [...bundle.matchAll(/eval\("require"\)\("([^"]+)"\)/g)].map((match) => match[1] ?? '')
  const surprises = missing.filter((name) => !['bufferutil', 'utf-8-validate'].includes(name))
  if (surprises.length > 0) throw new Error(`the bundle lacks ${surprises.join(', ')}`)
}

rmSync(join(root, 'lib'), { recursive: true, force: true })
rmSync(join(root, 'dist'), { recursive: true, force: true })
run('typescript/bin/tsc', ['-p', 'tsconfig.build.json'])
declareWithoutSideEffects(() =>
  run('@vercel/ncc/dist/ncc/cli.js', [
    'build',
    'lib/index.js',
    '--out',
    'dist',
    '--minify',
    '--no-cache',
    '--quiet',
  ]),
)
rejectMissingModules()
writeLicenses(join(root, 'dist/licenses.txt'))
if (!existsSync(join(root, 'dist/package.json')))
  throw new Error('dist/package.json is missing: the bundle is not ESM')
