import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Lays a folder that stands in for /proc: every entry of this machine's /proc that is not in `own` is a link
 * to where the kernel's is found (`/.proc` in a pod with its own mounts). `self` and the numbers are links
 * too, so that what is per process stays so.
 */
export function linkProc(folder: string, kernel: string, own: string[]): void {
  mkdirSync(folder, { recursive: true })
  for (const name of namesIn('/proc')) {
    if (!own.includes(name) && !/^\d+$/.test(name)) symlinkSync(`${kernel}/${name}`, join(folder, name))
  }
}

/** Lays the same for /proc/net. */
export function linkProcNet(folder: string, kernel: string, own: string[]): void {
  mkdirSync(folder, { recursive: true })
  for (const name of namesIn('/proc/self/net')) {
    if (!own.includes(name)) symlinkSync(`${kernel}/self/net/${name}`, join(folder, name))
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
