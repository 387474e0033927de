import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeCgroup } from './cgroups.ts'
import { inspectHost, need, ownerLives, ownerName } from './host.ts'
import { buildImage, type Image } from './image.ts'

/** What the nodes of one process share on the machine: a folder, and the image that pods start from. */
export interface Workspace {
  readonly image: Image
  /** A new folder for a node, and the name of the network namespace that it may make. */
  forNode(name: string): { folder: string; netns: string }
  /** Takes the workspace away when the last node that took it has gone. */
  release(): void
}

const OWNED = /^ach-(\d+)-(\d+)-/

let shared: (Workspace & { users: number }) | undefined

/** The workspace of this process; made when the first node needs it. Every call is paired with a release. */
export function takeWorkspace(): Workspace {
  shared ??= makeWorkspace()
  shared.users += 1
  return shared
}

function makeWorkspace(): Workspace & { users: number } {
  removeStale()
  const folder = mkdtempSync(join(tmpdir(), `ach-${ownerName()}-`))
  execFileSync('chmod', ['755', folder])
  let nodes = 0
  const workspace: Workspace & { users: number } = {
    users: 0,
    image: buildImage(join(folder, 'image'), inspectHost()),
    forNode: (name) => {
      nodes += 1
      const node = join(folder, `node-${nodes}`)
      mkdirSync(node)
      const suffix = folder.slice(-6).toLowerCase()
      return { folder: node, netns: `ach-${ownerName()}-${suffix}-${nodes}-${name.slice(0, 40)}` }
    },
    release: () => {
      workspace.users -= 1
      if (workspace.users > 0) return
      rmSync(folder, { recursive: true, force: true })
      shared = undefined
    },
  }
  return workspace
}

/** Removes what processes left that were ended before they could clean up. Their pods died with them. */
function removeStale(): void {
  for (const name of staleIn(tmpdir())) rmSync(join(tmpdir(), name), { recursive: true, force: true })
  const cgroups = inspectHost().cgroupRoot
  if (cgroups !== undefined) for (const name of staleIn(cgroups)) removeCgroup(join(cgroups, name))
  for (const name of staleIn('/run/netns')) {
    try {
      execFileSync(need('ip'), ['netns', 'del', name], { stdio: 'ignore' })
    } catch {
      // Another process removed it at the same time, or this one may not.
    }
  }
}

function staleIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => {
      const [, pid, started] = OWNED.exec(name) ?? []
      return pid !== undefined && started !== undefined && !ownerLives(Number(pid), started)
    })
  } catch {
    return []
  }
}
