import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeSpec } from '../types.ts'

const DEFAULT_CORES = 4
const DEFAULT_MEMORY_KB = 16 * 1024 * 1024

/** The files of /proc that tell a node's size. */
export const HARDWARE_FILES = ['meminfo', 'stat']

export function coresOf(spec: NodeSpec): number {
  return spec.cores ?? DEFAULT_CORES
}

/** Writes /proc/meminfo and /proc/stat of a machine of the node's size. */
export function writeHardware(spec: NodeSpec, folder: string): void {
  const total = spec.memoryKb ?? DEFAULT_MEMORY_KB
  const free = Math.floor(total / 2)
  const lines = { MemTotal: total, MemFree: free, MemAvailable: free }
  const meminfo = Object.entries(lines).map(([name, kb]) => `${`${name}:`.padEnd(15)} ${kb} kB\n`)
  writeFileSync(join(folder, 'meminfo'), meminfo.join(''))
  const times = '1000 0 500 90000 100 0 10 0 0 0'
  const cpus = Array.from({ length: coresOf(spec) }, (_, index) => `cpu${index} ${times}\n`)
  writeFileSync(join(folder, 'stat'), `cpu  ${times}\n${cpus.join('')}processes 4711\n`)
}
