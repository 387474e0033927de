import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeSpec } from '../types.ts'
import { addToCounter, fileOfCounter } from './counters.ts'
import { linkProc } from './proc-folder.ts'
import {
  belowProc,
  CONNTRACK_BUCKETS,
  CONNTRACK_COUNT,
  CONNTRACK_MAX,
  type KernelState,
  SysctlFiles,
} from './state.ts'

const SAMPLES = join(import.meta.dirname, '../../samples')
const NET_FILES = ['tcp', 'tcp6', 'sockstat', 'sockstat6', 'snmp', 'netstat', 'stat']
const DEFAULT_MEMORY_KB = 16 * 1024 * 1024

/**
 * The state of a recorded node: a copy of a folder of __tests__/samples, laid out like /proc. Where pods have
 * mounts of their own it is mounted over /proc; elsewhere PROC names it.
 */
export function recordedState(
  spec: NodeSpec,
  sample: string,
  folder: string,
  isolated: boolean,
): KernelState {
  const source = join(SAMPLES, sample)
  if (!existsSync(join(source, 'sys')))
    throw new Error(`There is no sample "${sample}" in __tests__/samples.`)
  const proc = join(folder, 'proc')
  layOut(spec, source, proc, isolated ? '/.proc' : '/proc')
  const sysctls = new SysctlFiles(proc)
  for (const name of [CONNTRACK_MAX, CONNTRACK_BUCKETS]) sysctls.write(name, sysctls.read(name))
  for (const [name, value] of Object.entries(spec.sysctls ?? {})) sysctls.write(name, value)
  if (spec.conntrackCount !== undefined) sysctls.write(CONNTRACK_COUNT, String(spec.conntrackCount))

  return {
    netns: undefined,
    procFolder: () => proc,
    binds: () => [],
    readSysctl: async (name) => sysctls.read(name),
    writeSysctl: async (name, value) => sysctls.write(name, value),
    setConntrackCount: async (count) => sysctls.write(CONNTRACK_COUNT, String(count)),
    addToCounters: async (by) => {
      for (const [counter, amount] of Object.entries(by)) {
        const file = join(proc, fileOfCounter(counter))
        writeFileSync(`${file}.new`, addToCounter(readFileSync(file, 'utf8'), counter, amount))
        renameSync(`${file}.new`, file)
      }
    },
    settle: () => sysctls.settle(),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

function layOut(spec: NodeSpec, source: string, proc: string, kernel: string): void {
  linkProc(proc, kernel, ['net', 'sys', 'meminfo', ...(existsSync('/proc/uptime') ? [] : ['uptime'])])
  mkdirSync(join(proc, 'net'))
  for (const name of NET_FILES) {
    if (existsSync(join(source, name)))
      cpSync(join(source, name), join(proc, 'net', name), { recursive: true })
  }
  cpSync(join(source, 'sys'), join(proc, 'sys'), { recursive: true })
  mkdirSync(join(proc, 'sys/kernel'), { recursive: true })
  cpSync(join(source, 'kernel'), join(proc, 'sys/kernel/osrelease'))
  writeFileSync(join(proc, 'meminfo'), `MemTotal:       ${spec.memoryKb ?? DEFAULT_MEMORY_KB} kB\n`)
  for (const path of spec.missingFiles ?? [])
    rmSync(join(proc, belowProc(path)), { recursive: true, force: true })
}
