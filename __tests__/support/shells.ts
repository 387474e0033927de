import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A shell with the tools that belong to it: the machine's own, and busybox where there is one. */
export interface Shell {
  name: string
  command: string[]
  path: string
}

/** The shells of this machine. The first is always there. */
export function shells(): Shell[] {
  const system: Shell = { name: 'sh', command: ['sh'], path: process.env.PATH ?? '' }
  const busybox = which('busybox')
  if (busybox === undefined) return [system]
  const folder = join(tmpdir(), 'ach-busybox')
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n').filter(Boolean)
  for (const applet of applets) linkOnce(busybox, join(folder, applet))
  return [system, { name: 'busybox', command: [busybox, 'sh'], path: folder }]
}

function linkOnce(target: string, link: string): void {
  try {
    symlinkSync(target, link)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function which(program: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

export interface Ran {
  stdout: string
  stderr: string
  status: number
}

export interface RunOptions {
  /** The folder that is read as /proc. */
  proc: string
  /** Folders that come before the shell's own tools. */
  pathFirst?: string
  /** Runs as a user without any right, as an auditor does. */
  unprivileged?: boolean
}

/** Runs a script as a container would, and waits for its end. */
export function runScript(shell: Shell, script: string, options: RunOptions): Promise<Ran> {
  const [command = 'sh', ...args] = shell.command
  const path = options.pathFirst === undefined ? shell.path : `${options.pathFirst}:${shell.path}`
  const nobody = options.unprivileged && process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      [...args, '-c', script],
      { env: { PATH: path, PROC: options.proc }, cwd: '/', timeout: 60_000, maxBuffer: 1 << 20, ...nobody },
      (error, stdout, stderr) => {
        if (error && typeof error.code !== 'number') return reject(error)
        resolve({ stdout, stderr, status: child.exitCode ?? -1 })
      },
    )
  })
}
