import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { ContainerRun } from './container.ts'
import { need } from './host.ts'
import type { Image } from './image.ts'
import { setprivArguments } from './privileges.ts'
import type { Command } from './process.ts'

/** What a node lends to a container when it starts. */
export interface Surroundings {
  image: Image
  /** A folder of this container alone. */
  folder: string
  /** The namespace that a pod with hostNetwork shares; undefined: the pod gets one of its own. */
  netns: string | undefined
  /** The process-id namespace of the node, as a file; undefined where nodes have none. */
  pidNamespace?: string | undefined
  /** Whether the pod has the processes of the node in its sight; needs `pidNamespace`. */
  hostPID?: boolean
  /** The container's cgroup; undefined: none of its own. */
  cgroup?: string | undefined
  /** Stands in for /proc; undefined: the kernel's own. */
  procFolder: string | undefined
  /** Files over others below /proc, by path below /proc. */
  binds: { source: string; target: string }[]
  /** Whether even privileged pods cannot write below /proc/sys. */
  sysctlsReadOnly: boolean
}

const LAUNCHER = join(import.meta.dirname, 'launch.sh')

/** Runs in the container's cgroup what its arguments are, and ends as that ends. */
const OUTER = '[ -z "$CGROUP" ] || echo 0 >"$CGROUP/cgroup.procs"; "$@"; exit $?'

/**
 * A container in namespaces of its own, with what it was granted and no more. The outer process-id namespace
 * is there for one thing: its first process stays root and dies with this process, and the kernel then ends
 * all that is inside. With hostPID there is neither: the container's processes are the node's, as on a real one.
 */
export function isolatedCommand(run: ContainerRun, around: Surroundings): Command {
  const { image, folder, netns, pidNamespace, cgroup, procFolder, binds, sysctlsReadOnly } = around
  const hostPID = around.hostPID === true && pidNamespace !== undefined
  const entered = [
    ...(netns === undefined ? [] : [`--net=/run/netns/${netns}`]),
    ...(pidNamespace === undefined ? [] : [`--pid=${pidNamespace}`]),
  ]
  const shell = image.busybox ? [join(image.root, 'bin/busybox'), 'sh'] : ['/bin/sh']
  const messageFile = join(folder, 'termination-message')
  const writable = run.privileges.privileged && !sysctlsReadOnly
  mkdirSync(join(folder, 'root'), { recursive: true })
  return {
    file: need('setpriv'),
    args: [
      '--pdeathsig',
      'KILL',
      ...(entered.length > 0 ? [need('nsenter'), ...entered] : []),
      ...(hostPID ? [] : [need('unshare'), '--pid', '--fork', '--kill-child']),
      ...(netns === undefined ? ['--net'] : []),
      ...shell,
      '-c',
      OUTER,
      'sh',
      need('unshare'),
      '--mount',
      ...(cgroup === undefined ? [] : ['--cgroup']),
      ...(hostPID ? [] : ['--pid', '--fork']),
      ...shell,
      LAUNCHER,
      image.setpriv,
      ...setprivArguments(run.privileges),
      '--',
      'env',
      '-i',
      ...Object.entries({ PATH: image.path, HOME: '/', ...run.env }).map(
        ([name, value]) => `${name}=${value}`,
      ),
      ...inFolder(run),
    ],
    env: {
      PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin',
      POD_DIR: join(folder, 'root'),
      IMAGE: image.root,
      PROC_DIR: procFolder ?? '',
      BINDS: binds.map(({ source, target }) => `${source} ${target}`).join('\n'),
      SYS: writable ? 'rw' : 'ro',
      ROOT: run.privileges.readOnlyRoot ? 'ro' : 'rw',
      MESSAGE: messageFile,
      MESSAGE_PATH: run.messagePath,
      VOLUMES: run.volumes.map((v) => `${v.writable ? 'rw' : 'ro'} ${v.source} ${v.target}`).join('\n'),
      CGROUP: cgroup ?? '',
      LOOPBACK: netns === undefined ? 'up' : '',
    },
    announces: true,
    messageFile,
  }
}

/**
 * A container where the machine allows no isolation: its scripts run as this user, find the node's files by
 * PROC, and write their termination message to a file that stands in for the path that they name.
 */
export function plainCommand(run: ContainerRun, around: Surroundings): Command {
  const { image, folder, procFolder, sysctlsReadOnly } = around
  const messageFile = join(folder, 'termination-message')
  const proc = procFolder ?? '/proc'
  const writable = run.privileges.privileged && !sysctlsReadOnly
  const argv = run.argv.map((word) => word.replaceAll(run.messagePath, messageFile))
  const path = image.busybox ? join(image.root, 'bin') : (process.env.PATH ?? '')
  const [file = 'sh', ...args] = argv
  const asRoot = process.getuid?.() === 0
  mkdirSync(folder, { recursive: true })
  return {
    file: image.busybox && existsSync(join(path, file)) ? join(path, file) : file,
    args,
    cwd: folder,
    env: { PATH: path, HOME: folder, PROC: writable ? proc : readOnlyProc(proc, folder), ...run.env },
    ...(asRoot && run.privileges.uid > 0 ? { uid: run.privileges.uid, gid: run.privileges.gid } : {}),
    announces: false,
    messageFile,
  }
}

function inFolder(run: ContainerRun): string[] {
  if (run.workingDir === '/') return run.argv
  return ['sh', '-c', 'cd "$0" && exec "$@"', run.workingDir, ...run.argv]
}

/** A copy of a node's /proc in which no sysctl can be written. */
function readOnlyProc(proc: string, folder: string): string {
  const copy = join(folder, 'proc')
  mkdirSync(copy)
  for (const name of readdirSync(proc)) {
    if (name !== 'sys') symlinkSync(join(proc, name), join(copy, name))
  }
  cpSync(join(proc, 'sys'), join(copy, 'sys'), { recursive: true })
  for (const entry of readdirSync(join(copy, 'sys'), { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) chmodSync(join(entry.parentPath, entry.name), 0o444)
  }
  return copy
}
