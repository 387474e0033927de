import { existsSync, mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Pod } from '../objects.ts'

/** Hierarchies that only name processes here: the unified one, or the one of systemd on cgroup v1. */
const ROOTS = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup', '/sys/fs/cgroup/systemd']

/** Where cgroups can be made on this machine; undefined where they cannot. Nothing is limited by them. */
export function findCgroupRoot(name: string): string | undefined {
  return ROOTS.find((root) => {
    if (!existsSync(join(root, 'cgroup.procs'))) return false
    const folder = join(root, `${name}-try`)
    try {
      mkdirSync(folder)
      return existsSync(join(folder, 'cgroup.procs'))
    } catch {
      return false
    } finally {
      removeCgroup(folder)
    }
  })
}

/** Makes the cgroup of a container, where a kubelet with systemd as cgroup driver has it. */
export function makeCgroup(node: string, pod: Pod, container: number): string {
  const uid = (pod.metadata.uid ?? pod.metadata.name).replaceAll('-', '_')
  const slice = `kubepods-besteffort-pod${uid}.slice`
  const scope = `cri-containerd-${String(container).padStart(64, '0')}.scope`
  const folder = join(node, 'kubepods.slice', 'kubepods-besteffort.slice', slice, scope)
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Removes a cgroup and those below it, as far as no process is left in them. */
export function removeCgroup(folder: string): void {
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) removeCgroup(path)
  }
  try {
    rmdirSync(folder)
  } catch {
    // A process that is ending holds it; the next process to clean up takes it away.
  }
}
