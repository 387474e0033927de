import { StringDecoder } from 'node:string_decoder'

/** A body, line or answer that is larger than what is read of it, or not what it should be. */
export class BodyError extends Error {
  readonly code: 'TOO_LARGE' | 'NOT_JSON'

  constructor(code: 'TOO_LARGE' | 'NOT_JSON', message: string) {
    super(message)
    this.name = 'BodyError'
    this.code = code
  }
}

/** The text of a body of at most `maxBytes`; more rejects with a {@link BodyError}, or is cut off where that is asked for. */
export async function readText(
  body: AsyncIterable<Buffer>,
  maxBytes: number,
  more: 'reject' | 'cut' = 'reject',
): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    chunks.push(chunk)
    if (size <= maxBytes) continue
    if (more === 'cut') break
    throw new BodyError('TOO_LARGE', `the answer is larger than ${maxBytes / 2 ** 20} MiB`)
  }
  return Buffer.concat(chunks, Math.min(size, maxBytes)).toString('utf8')
}

/** Parses a JSON object; anything else is no answer of an API server and throws a {@link BodyError}. */
export function parseObject(text: string): object {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    // Told below, together with JSON that is no object.
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed
  const start = JSON.stringify(text.slice(0, 60))
  throw new BodyError(
    'NOT_JSON',
    text === '' ? 'the answer is empty' : `the answer is not a JSON object: ${start}`,
  )
}

/**
 * The lines of a stream without their line ends, empty ones left out. A line of more than `maxLength`
 * characters rejects with a {@link BodyError}; a last line that was not ended is dropped, as it is cut off.
 */
export async function* readLines(body: AsyncIterable<Buffer>, maxLength: number): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let parts: string[] = []
  let length = 0
  for await (const chunk of body) {
    const pieces = decoder.write(chunk).split('\n')
    const last = pieces.pop() ?? ''
    for (const piece of pieces) {
      const line = parts.join('') + piece
      parts = []
      length = 0
      if (line.length > maxLength) throw tooLong(maxLength)
      if (line.trim() !== '') yield line
    }
    parts.push(last)
    length += last.length
    if (length > maxLength) throw tooLong(maxLength)
  }
}

function tooLong(maxLength: number): BodyError {
  return new BodyError('TOO_LARGE', `an event is longer than ${maxLength} characters`)
}
