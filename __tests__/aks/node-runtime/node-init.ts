import { spawn } from 'node:child_process'
import { need } from './host.ts'

/** The first process of a node. */
export interface NodeInit {
  /** File that stands for the process-id namespace of the node: that of every pod lies below it. */
  readonly pidNamespace: string
  /** Ends it, and with it every process of the node. */
  stop(): Promise<void>
}

/** Does nothing and leaves no zombies: a signal that is ignored over exec lets the kernel reap orphans itself. */
const INIT = `trap '' CHLD; read -r pid _ </proc/self/stat; echo "$pid"; exec sleep 2147483647`

/**
 * Starts a process that has the node's network namespace and a new process-id namespace, as the init of a real
 * node has. It dies with this process, and the kernel then ends all that is in the namespace.
 */
export async function startNodeInit(netns: string): Promise<NodeInit> {
  const command = [
    ...[need('nsenter'), `--net=/run/netns/${netns}`],
    ...[need('unshare'), '--pid', '--fork', '--kill-child', '/bin/sh', '-c', INIT],
  ]
  const child = spawn(need('setpriv'), ['--pdeathsig', 'KILL', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin' },
  })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const pid = await new Promise<string>((resolve, reject) => {
    let complaint = ''
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString('utf8')
    })
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString('utf8').trim()))
    child.once('error', reject)
    child.once('close', () => reject(new Error(`The first process of the node ended: ${complaint.trim()}`)))
  })
  return {
    pidNamespace: `/proc/${pid}/ns/pid`,
    stop: async () => {
      child.kill('SIGKILL')
      await closed
    },
  }
}
