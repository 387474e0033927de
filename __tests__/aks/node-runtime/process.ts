import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import type { ContainerRun } from './container.ts'
import { outputTail, readMessage, Tail } from './message.ts'

/** A container's process. Neither promise is left hanging when the process goes away by itself. */
export interface RunningContainer {
  /** When the container's own command began. Rejects with a {@link StartError} when it never did. */
  readonly started: Promise<Date>
  /** Resolves when no process of the container is left; never rejects. */
  readonly ended: Promise<ContainerEnd>
  signal(signal: 'SIGTERM' | 'SIGKILL'): void
  /** The end of its output, both streams together. */
  output(): string
}

export interface ContainerEnd {
  /** 128 + n for one that was ended by signal n. */
  exitCode: number
  message: string
  startedAt: Date
  finishedAt: Date
}

/** The container could not be made; the text is that of the program that failed. */
export class StartError extends Error {
  readonly reason = 'StartError'
}

/** What to start and how. */
export interface Command {
  file: string
  args: string[]
  env: Record<string, string>
  cwd?: string
  uid?: number
  gid?: number
  /** The command writes `pid <n>` and `ready` to file descriptor 3 before it becomes the container's. */
  announces: boolean
  /** Where the termination message is on this machine. */
  messageFile: string
}

const OUTPUT_KEPT = 64 * 1024

/** Starts a container's process in its own session, so that a Ctrl-C in the terminal is not for it. */
export function startProcess(command: Command, run: ContainerRun): RunningContainer {
  writeFileSync(command.messageFile, '')
  chmodSync(command.messageFile, 0o666)
  const { uid, gid, cwd } = command
  const child = spawn(command.file, command.args, {
    env: command.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', command.announces ? 'pipe' : 'ignore'],
    ...(cwd === undefined ? {} : { cwd }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  })
  return follow(child, command, run)
}

function follow(child: ChildProcess, command: Command, run: ContainerRun): RunningContainer {
  const output = new Tail(OUTPUT_KEPT)
  const launched = new Date()
  const begun = Promise.withResolvers<Date>()
  const ended = Promise.withResolvers<ContainerEnd>()
  let startedAt: Date | undefined
  let pid = child.pid
  let over = false

  const onReady = () => {
    startedAt = new Date()
    begun.resolve(startedAt)
  }
  const onOver = (exitCode: number, startError?: string) => {
    if (over) return
    over = true
    if (!startedAt) begun.reject(new StartError(startError ?? output.read().toString('utf8').trim()))
    const own = readMessage(command.messageFile)
    const message = own === '' && exitCode !== 0 && run.messageFromOutput ? outputTail(output.read()) : own
    ended.resolve({ exitCode, message, startedAt: startedAt ?? launched, finishedAt: new Date() })
  }
  begun.promise.catch(() => undefined)

  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => output.push(chunk))
  if (command.announces) {
    readAnnouncements(
      child.stdio[3] as Readable,
      (found) => {
        pid = found
      },
      onReady,
    )
  } else {
    child.once('spawn', onReady)
  }
  child.once('exit', () => endGroup(child.pid))
  child.once('error', (error) => onOver(128, error.message))
  child.once('close', (code, signal) => onOver(code ?? 128 + (signal ? constants.signals[signal] : 0)))

  return {
    started: begun.promise,
    ended: ended.promise,
    output: () => output.read().toString('utf8'),
    signal: (signal) => {
      if (over || pid === undefined) return
      send(command.announces ? pid : -pid, signal)
      if (signal === 'SIGKILL') endGroup(child.pid)
    },
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended a moment ago.
  }
}

/** Without a process-id namespace of its own nobody else ends what a container left running. */
function endGroup(pid: number | undefined): void {
  if (pid !== undefined) send(-pid, 'SIGKILL')
}

function readAnnouncements(stream: Readable, onPid: (pid: number) => void, onReady: () => void): void {
  let text = ''
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8')
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) {
      if (line === 'ready') onReady()
      else if (line.startsWith('pid ')) onPid(Number(line.slice(4)))
    }
  })
}
