import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** A kubelet takes the last 4096 bytes of the termination message file. */
const MESSAGE_BYTES = 4096
/** … and, where it falls back to the output, the last 2048 bytes of it, at most 80 lines. */
const OUTPUT_BYTES = 2048
const OUTPUT_LINES = 80

/** Reads a termination message as a kubelet does: its end when it is too long, '' when there is none. */
export function readMessage(path: string): string {
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const { size } = fstatSync(file)
    const length = Math.min(size, MESSAGE_BYTES)
    const buffer = Buffer.alloc(length)
    readSync(file, buffer, 0, length, size - length)
    return buffer.toString('utf8')
  } catch {
    return ''
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** Cuts a text as the kubelet cuts a termination message. */
export function cutMessage(text: string): string {
  return Buffer.from(text).subarray(-MESSAGE_BYTES).toString('utf8')
}

/** The end of a container's output that stands in for a missing termination message. */
export function outputTail(output: Buffer): string {
  const lines = output.toString('utf8').split('\n')
  const last = lines.at(-1) === '' ? lines.slice(-OUTPUT_LINES - 1) : lines.slice(-OUTPUT_LINES)
  return Buffer.from(last.join('\n')).subarray(-OUTPUT_BYTES).toString('utf8')
}

/** Keeps the end of a stream in bounded memory. */
export class Tail {
  #chunks: Buffer[] = []
  #size = 0
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    if (this.#size > 2 * this.#limit) {
      const kept = this.read()
      this.#chunks = [kept]
      this.#size = kept.length
    }
  }

  read(): Buffer {
    return Buffer.concat(this.#chunks).subarray(-this.#limit)
  }
}
