import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { NodeSpec } from '../types.ts'
import { removeCgroup } from './cgroups.ts'
import { addToCounter, fileOfCounter } from './counters.ts'
import { coresOf, HARDWARE_FILES, writeHardware } from './hardware.ts'
import { inspectHost, need, trackingCommand } from './host.ts'
import { startNodeInit } from './node-init.ts'
import { linkProc, linkProcNet } from './proc-folder.ts'
import {
  belowProc,
  CONNTRACK_BUCKETS,
  CONNTRACK_COUNT,
  CONNTRACK_MAX,
  type KernelState,
  SysctlFiles,
  sysctlPath,
} from './state.ts'

const run = promisify(execFile)
const STAT = 'net/stat/nf_conntrack'

/** What a kernel since 5.15 chooses on a machine with more than 4 GB. */
const DEFAULT_BUCKETS = 262_144

/**
 * The state of a node that is a network namespace. nf_conntrack_max and nf_conntrack_buckets are global in
 * the kernel and read-only here: the node has its own in files that are mounted over them in every pod.
 */
export async function namespaceState(spec: NodeSpec, netns: string, folder: string): Promise<KernelState> {
  const files = new SysctlFiles(folder)
  const bound = new Set([CONNTRACK_MAX, CONNTRACK_BUCKETS])
  const own = { ...spec.sysctls }
  files.write(CONNTRACK_MAX, own[CONNTRACK_MAX] ?? String(Math.max(131_072, 32_768 * coresOf(spec))))
  files.write(CONNTRACK_BUCKETS, own[CONNTRACK_BUCKETS] ?? String(DEFAULT_BUCKETS))
  delete own[CONNTRACK_MAX]
  delete own[CONNTRACK_BUCKETS]
  const setCount = (count: number) => {
    files.write(CONNTRACK_COUNT, String(count))
    bound.add(CONNTRACK_COUNT)
  }
  if (spec.conntrackCount !== undefined) setCount(spec.conntrackCount)
  await makeNamespace(netns, own)
  const init = await startNodeInit(netns)
  const root = inspectHost().cgroupRoot
  const cgroup = root === undefined ? undefined : join(root, netns)

  const inside = async (command: string, args: string[]) => {
    const { stdout } = await run(need('nsenter'), [`--net=/run/netns/${netns}`, command, ...args])
    return stdout
  }
  const missing = (spec.missingFiles ?? []).map(belowProc)
  const proc = join(folder, 'proc')
  const within = missing.find((path) => path.startsWith('sys/'))
  if (within) throw new Error(`A namespace node cannot do without /proc/${within}; a recorded one can.`)
  let standsIn = missing.length > 0
  let ownCounters = false
  if (standsIn) standIn(proc, missing)
  writeHardware(spec, folder)

  return {
    netns,
    pidNamespace: init.pidNamespace,
    ...(cgroup !== undefined && { cgroup }),
    procFolder: () => (standsIn ? proc : undefined),
    binds: () => [
      ...[...bound].map((name) => ({ source: files.path(name), target: sysctlPath(name) })),
      ...HARDWARE_FILES.map((name) => ({ source: join(folder, name), target: name })),
    ],
    readSysctl: async (name) => {
      return bound.has(name) ? files.read(name) : (await inside('cat', [`/proc/${sysctlPath(name)}`])).trim()
    },
    writeSysctl: async (name, value) => {
      if (bound.has(name)) files.write(name, value)
      else await inside('sh', ['-c', 'echo "$1" >"$2"', 'sh', value, `/proc/${sysctlPath(name)}`])
    },
    setConntrackCount: async (count) => setCount(count),
    addToCounters: async (by) => {
      const others = Object.keys(by).filter((counter) => fileOfCounter(counter) !== STAT)
      if (others.length > 0) throw new Error(`The kernel counts ${others.join(', ')} itself on this node.`)
      if (missing.includes(STAT)) throw new Error(`This node has no /proc/${STAT}.`)
      let text = ownCounters ? readFileSync(join(proc, STAT), 'utf8') : await inside('cat', [`/proc/${STAT}`])
      for (const [counter, amount] of Object.entries(by)) text = addToCounter(text, counter, amount)
      if (!standsIn) standIn(proc, missing)
      if (!ownCounters) rmSync(join(proc, 'net/stat'), { force: true })
      standsIn = true
      ownCounters = true
      mkdirSync(join(proc, 'net/stat'), { recursive: true })
      writeFileSync(join(proc, `${STAT}.new`), text)
      renameSync(join(proc, `${STAT}.new`), join(proc, STAT))
    },
    settle: () => files.settle(),
    remove: async () => {
      await init.stop()
      if (cgroup !== undefined) removeCgroup(cgroup)
      await run(need('ip'), ['netns', 'del', netns])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function makeNamespace(netns: string, sysctls: Record<string, string>): Promise<void> {
  const ip = need('ip')
  const writes = Object.entries(sysctls).map(([name, value]) => {
    return `echo '${value.replaceAll("'", '')}' >/proc/${sysctlPath(name)}`
  })
  const inside = [`${ip} link set lo up`, trackingCommand() ?? 'true', ...writes].join('\n')
  await run('sh', [
    '-c',
    `set -e; ${ip} netns add ${netns}; exec ${ip} netns exec ${netns} sh -ec "$1"`,
    'sh',
    inside,
  ])
}

/** A /proc for pods in which files of /proc/net are absent or, later, the node's own. */
function standIn(proc: string, missing: string[]): void {
  linkProc(proc, '/.proc', ['net', ...topLevel(missing)])
  linkProcNet(
    join(proc, 'net'),
    '/.proc',
    below(
      'net/',
      missing.map((path) => (path === STAT ? 'net/stat' : path)),
    ),
  )
}

function topLevel(paths: string[]): string[] {
  return paths.filter((path) => !path.includes('/'))
}

function below(folder: string, paths: string[]): string[] {
  return paths.filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length))
}
