import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Trace extends Disposable {
  /** For the environment of a run. */
  env: Record<string, string>
  /** `host:port` of each connection that was tried, sorted, each once. */
  connections(): string[]
  /** Names that were looked up. */
  lookups(): string[]
  /** Programs that were started. */
  programs(): string[]
  /** Addresses of the files that were loaded. */
  loaded(): string[]
}

/** Records what the process of a run connects to and loads. */
export function startTrace(): Trace {
  const folder = mkdtempSync(join(tmpdir(), 'ach-trace-'))
  const file = join(folder, 'trace')
  writeFileSync(file, '')
  const lines = (kind: string) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith(`${kind} `))
      .map((line) => line.slice(kind.length + 1))
  const each = (kind: string) => [...new Set(lines(kind))].toSorted()
  return {
    env: {
      TRACE_FILE: file,
      NODE_OPTIONS: `--require ${fileURLToPath(new URL('trace.cjs', import.meta.url))}`,
    },
    connections: () => each('connect'),
    lookups: () => each('lookup'),
    programs: () => each('spawn'),
    loaded: () => each('load'),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
