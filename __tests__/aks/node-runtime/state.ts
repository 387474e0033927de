import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A node's kernel state, wherever it comes from. */
export interface KernelState {
  /** Network namespace of the node; undefined where it has none. */
  readonly netns: string | undefined
  /** The node's cgroup, in which those of its pods are made; undefined where there is none. */
  readonly cgroup?: string
  /** The node's process-id namespace as a file; undefined: each pod has one of its own and no other sees it. */
  readonly pidNamespace?: string
  /** Asked before each container: what stands in for /proc, and which files lie over the kernel's. */
  procFolder(): string | undefined
  binds(): { source: string; target: string }[]
  readSysctl(name: string): Promise<string>
  writeSysctl(name: string, value: string): Promise<void>
  setConntrackCount(count: number): Promise<void>
  /** Adds to counters, e.g. `{ 'conntrack.drop': 5 }`. */
  addToCounters(by: Record<string, number>): Promise<void>
  /** Called when a container has ended: what it wrote is made what the kernel would have made of it. */
  settle(): void
  remove(): Promise<void>
}

export const CONNTRACK_MAX = 'net.netfilter.nf_conntrack_max'
export const CONNTRACK_BUCKETS = 'net.netfilter.nf_conntrack_buckets'
export const CONNTRACK_COUNT = 'net.netfilter.nf_conntrack_count'

/** Path of a sysctl below /proc. */
export function sysctlPath(name: string): string {
  if (!/^[a-z][\w.-]*$/i.test(name)) throw new Error(`"${name}" is no name of a sysctl.`)
  return `sys/${name.replaceAll('.', '/')}`
}

/** Files that play sysctls, in a folder that is laid out like /proc. */
export class SysctlFiles {
  readonly #folder: string
  /** The last values that a kernel would have taken. */
  readonly #good = new Map<string, string>()

  constructor(folder: string) {
    this.#folder = folder
  }

  path(name: string): string {
    return join(this.#folder, sysctlPath(name))
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8').trim()
  }

  /** Writes in place, as the file may be mounted in a running pod. */
  write(name: string, value: string): void {
    const text = name === CONNTRACK_BUCKETS ? roundedBuckets(value) : value
    mkdirSync(dirname(this.path(name)), { recursive: true })
    overwrite(this.path(name), `${text}\n`)
    this.#good.set(name, text)
  }

  /** Puts right what the kernel would not have kept: the bucket count is rounded, no number is refused. */
  settle(): void {
    for (const name of [CONNTRACK_MAX, CONNTRACK_BUCKETS]) {
      const good = this.#good.get(name)
      if (good === undefined || !existsSync(this.path(name))) continue
      const now = this.read(name)
      if (now !== good) this.write(name, /^\d+$/.test(now) ? now : good)
    }
  }
}

/** The kernel rounds nf_conntrack_buckets up to a multiple of 512 (a page of 8-byte heads). */
function roundedBuckets(value: string): string {
  return /^\d+$/.test(value) ? String(Math.ceil(Number(value) / 512) * 512) : value
}

/** Replaces a file's content without taking it away under a reader or a mount. */
export function overwrite(path: string, text: string): void {
  const file = openSync(path, 'a+', 0o644)
  closeSync(file)
  const writer = openSync(path, 'r+')
  try {
    const written = writeSync(writer, text, 0)
    ftruncateSync(writer, written)
  } finally {
    closeSync(writer)
  }
}

/** `/proc/net/tcp` or `net/tcp` as a path below /proc. */
export function belowProc(path: string): string {
  return path.replace(/^\/?proc\//, '')
}
