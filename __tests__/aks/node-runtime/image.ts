import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Host, librariesOf, need } from './host.ts'

/** The file system that pods start from, and what is in it. */
export interface Image {
  /** The root folder; `/` where the machine's own programs must serve. Never written to. */
  readonly root: string
  /** PATH inside. */
  readonly path: string
  /** Where setpriv is inside. */
  readonly setpriv: string
  /** What runs the scripts: `BusyBox v1.36.1 …`, or the machine's shell. */
  readonly shell: string
  readonly busybox: boolean
}

const FOLDERS = ['bin', 'dev', 'etc', 'proc', '.proc', 'root', 'sys', 'tmp', 'var/run', '.runtime', 'mnt']

/**
 * Makes an image with busybox and its applets and nothing else that a script could find, like the one that
 * the pods of the action use. setpriv drops the privileges inside; it is not in PATH.
 */
export function buildImage(folder: string, host: Host): Image {
  if (!host.busybox) {
    const path = '/usr/sbin:/usr/bin:/sbin:/bin'
    return {
      root: '/',
      path,
      setpriv: host.notIsolated ? '' : need('setpriv'),
      shell: 'sh of this machine',
      busybox: false,
    }
  }
  for (const name of FOLDERS) mkdirSync(join(folder, name), { recursive: true })
  copyInto(folder, host.busybox, '/bin/busybox')
  const applets = execFileSync(host.busybox, ['--list'], { encoding: 'utf8' }).split('\n')
  for (const applet of applets) {
    if (applet !== '' && applet !== 'busybox') symlinkSync('busybox', join(folder, 'bin', applet))
  }
  if (!host.notIsolated) copyInto(folder, need('setpriv'), '/.runtime/setpriv')
  writeFileSync(
    join(folder, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  )
  writeFileSync(join(folder, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n')
  return {
    root: folder,
    path: '/bin',
    setpriv: '/.runtime/setpriv',
    shell: banner(host.busybox),
    busybox: true,
  }
}

function copyInto(folder: string, program: string, target: string): void {
  copyFileSync(program, join(folder, target))
  for (const library of librariesOf(program)) {
    mkdirSync(dirname(join(folder, library)), { recursive: true })
    copyFileSync(library, join(folder, library))
  }
}

function banner(busybox: string): string {
  const [first = ''] = execFileSync(busybox, ['--help'], { encoding: 'utf8' }).split('\n')
  return first.replace(/ multi-call binary\.?$/, '')
}
