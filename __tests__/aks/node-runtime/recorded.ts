import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeSpec } from '../types.ts'
import { addToCounter, fileOfCounter } from './counters.ts'
import { HARDWARE_FILES, writeHardware } from './hardware.ts'
import { linkProc } from './proc-folder.ts'
import {
  belowProc,
  CONNTRACK_BUCKETS,
  CONNTRACK_COUNT,
  CONNTRACK_MAX,
  type KernelState,
  overwrite,
  SysctlFiles,
} from './state.ts'

const SAMPLES = join(import.meta.dirname, '../../samples')
const NET_FILES = ['tcp', 'tcp6', 'sockstat', 'sockstat6', 'snmp', 'netstat', 'stat']

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
  for (const name of [CONNTRACK_MAX, CONNTRACK_BUCKETS]) {
    if (existsSync(sysctls.path(name))) sysctls.write(name, sysctls.read(name))
  }
  const clock = existsSync('/proc/uptime') ? undefined : startClock(join(proc, 'uptime'))
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
    remove: async () => {
      clearInterval(clock)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function layOut(spec: NodeSpec, source: string, proc: string, kernel: string): void {
  linkProc(proc, kernel, ['net', 'sys', ...HARDWARE_FILES])
  mkdirSync(join(proc, 'net'))
  for (const name of NET_FILES) {
    if (existsSync(join(source, name)))
      cpSync(join(source, name), join(proc, 'net', name), { recursive: true })
  }
  cpSync(join(source, 'sys'), join(proc, 'sys'), { recursive: true })
  mkdirSync(join(proc, 'sys/kernel'), { recursive: true })
  cpSync(join(source, 'kernel'), join(proc, 'sys/kernel/osrelease'))
  writeHardware(spec, proc)
  for (const path of spec.missingFiles ?? [])
    rmSync(join(proc, belowProc(path)), { recursive: true, force: true })
}

/** Where the machine has no /proc/uptime: one that goes on. */
function startClock(path: string): NodeJS.Timeout {
  const tick = () => overwrite(path, `${process.uptime().toFixed(2)} 0.00\n`)
  tick()
  return setInterval(tick, 50).unref()
}
