import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Timing {
  ms: number
  /** Largest resident set of the process in MB. */
  peakMb: number
  status: number | null
  output: string
}

/** Runs a script with this node and measures the whole process, from its start to its end. */
export async function timeProcess(
  script: string,
  env: Record<string, string | undefined>,
  cwd: string,
): Promise<Timing> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, [script], {
    env: env as NodeJS.ProcessEnv,
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  let peakKb = 0
  const look = setInterval(() => {
    peakKb = Math.max(peakKb, residentKb(child.pid))
  }, 5)
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  clearInterval(look)
  return { ms: performance.now() - startedAt, peakMb: peakKb / 1024, status, output }
}

/** VmHWM: the kernel's own high-water mark, so that looking now and then misses nothing but the very end. */
function residentKb(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8')
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0)
  } catch {
    return 0
  }
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}
