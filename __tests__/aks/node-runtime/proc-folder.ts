import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

/** What a program may look for in /proc beside what a node has of its own; `self` leads to all per process. */
const SHARED =
  'cmdline cpuinfo filesystems loadavg meminfo mounts net self stat sys thread-self uptime version vmstat'.split(
    ' ',
  )

/**
 * Lays a folder that stands in for /proc: an entry that is not in `own` is a link to where the kernel's is
 * found (`/.proc` in a pod with its own mounts).
 */
export function linkProc(folder: string, kernel: string, own: string[]): void {
  mkdirSync(folder, { recursive: true })
  for (const name of SHARED) {
    if (!own.includes(name) && existsSync(`/proc/${name}`))
      symlinkSync(`${kernel}/${name}`, join(folder, name))
  }
}

/** Lays the same for /proc/net. */
export function linkProcNet(folder: string, kernel: string, own: string[]): void {
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync('/proc/self/net')) {
    if (!own.includes(name)) symlinkSync(`${kernel}/self/net/${name}`, join(folder, name))
  }
}
