import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { findCgroupRoot } from './cgroups.ts'

/** Tools of util-linux and iproute2 without which a pod cannot be isolated. */
const ISOLATION_TOOLS = ['unshare', 'nsenter', 'setpriv', 'mount', 'chroot'] as const

/** What this machine can do for the nodes of the small AKS. */
export interface Host {
  /** Pods get their own mounts and process ids; undefined when they do, else why not. */
  readonly notIsolated: string | undefined
  /** Nodes can be network namespaces that track connections; undefined when they can, else why not. */
  readonly noNamespaces: string | undefined
  /** Where cgroups can be made; undefined: the processes of pods are in none of their own. */
  readonly cgroupRoot: string | undefined
  /** Where busybox is; pods then have its applets and nothing else. */
  readonly busybox: string | undefined
}

let known: Host | undefined
let namespaces: { why: string | undefined } | undefined
let cgroups: { root: string | undefined } | undefined

/** Finds out once per process what the machine allows, by doing it: some tens of milliseconds. */
export function inspectHost(): Host {
  known ??= {
    notIsolated: whyNotIsolated(),
    get noNamespaces() {
      namespaces ??= { why: this.notIsolated ?? whyNoNamespaces() }
      return namespaces.why
    },
    get cgroupRoot() {
      cgroups ??= { root: this.notIsolated ? undefined : findCgroupRoot(`ach-${ownerName()}`) }
      return cgroups.root
    },
    busybox: process.platform === 'linux' ? which('busybox') : undefined,
  }
  return known
}

/** Whether nodes with `state: 'namespace'` can be made here. */
export function namespacesPossible(): boolean {
  return inspectHost().noNamespaces === undefined
}

/** Absolute path of a program, also looked for where only root has it in PATH. */
export function which(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin']
  return folders
    .filter(Boolean)
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path))
}

/** Like {@link which}, for a program that must be there. */
export function need(program: string): string {
  const path = which(program)
  if (!path) throw new Error(`The program ${program} is not installed on this machine.`)
  return path
}

/**
 * The command that makes a network namespace track connections: conntrack only works in a namespace in which
 * some rule needs it. Undefined where neither nft nor iptables is installed.
 */
export function trackingCommand(): string | undefined {
  if (which('nft')) {
    const chain = (hook: string) =>
      `chain ${hook} { type filter hook ${hook} priority 0; ct state new counter; };`
    return `${need('nft')} 'add table inet track { ${chain('prerouting')} ${chain('output')} }'`
  }
  const tables = [which('iptables'), which('ip6tables')].filter((path) => path !== undefined)
  if (tables.length === 0) return undefined
  return tables
    .flatMap((path) =>
      ['INPUT', 'OUTPUT'].map((chain) => `${path} -w -A ${chain} -m conntrack --ctstate NEW`),
    )
    .join(' && ')
}

/**
 * Names this process in the names of what it leaves on the machine, so that a later one can tell whether it
 * still lives: pid and start time.
 */
export function ownerName(): string {
  return `${process.pid}-${startTime(process.pid) ?? 0}`
}

/** Whether the process of an {@link ownerName} still runs. */
export function ownerLives(pid: number, started: string): boolean {
  const now = startTime(pid)
  if (now === undefined) return false
  return started === '0' || now === started
}

/** Start of a process in clock ticks since boot; '0' where that cannot be known; undefined: no such process. */
function startTime(pid: number): string | undefined {
  if (process.platform !== 'linux') {
    try {
      process.kill(pid, 0)
      return '0'
    } catch {
      return undefined
    }
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

function whyNotIsolated(): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux'
  if (process.getuid?.() !== 0) return 'this process is not root'
  const missing = ISOLATION_TOOLS.filter((tool) => !which(tool))
  if (missing.length > 0) return `these programs are not installed: ${missing.join(', ')}`
  const folder = tmpdir()
  const probe = [
    `mount -t tmpfs tmpfs ${folder} && cd ${folder} && mkdir upper work root proc`,
    'mount -t proc proc proc',
    'mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work overlay root',
  ].join(' && ')
  return failure(need('unshare'), ['--net', '--mount', '--pid', '--fork', 'sh', '-c', probe])
}

function whyNoNamespaces(): string | undefined {
  const tracking = trackingCommand()
  if (!which('ip')) return 'the program ip is not installed'
  if (!tracking) return 'neither nft nor iptables is installed'
  const name = `ach-${ownerName()}-try`
  const script = `set -e; trap 'ip netns del ${name}' EXIT; ip netns add ${name}; ip netns exec ${name} ${tracking}`
  const failed = failure('sh', ['-c', script])
  if (failed) return failed
  return existsSync('/proc/sys/net/netfilter/nf_conntrack_max') ? undefined : 'the kernel has no nf_conntrack'
}

function failure(command: string, args: string[]): string | undefined {
  const run = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 })
  if (run.status === 0) return undefined
  return (run.error?.message ?? run.stderr.trim()) || `${command} ended with status ${run.status}`
}

/** Libraries that a program needs besides itself; none for a static one. */
export function librariesOf(program: string): string[] {
  try {
    const listing = execFileSync('ldd', [program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return listing.match(/\/\S+/g) ?? []
  } catch {
    return []
  }
}
