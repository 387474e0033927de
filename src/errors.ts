import type { DocsPage } from './docs-links.ts'

/**
 * An error whose reader is the user of the action: something is wrong with the inputs, the rights, the
 * cluster or the network, and there is something to do about it. Anything else that is thrown is a bug
 * and is reported with its stack.
 */
export class UserError extends Error {
  /** What to do next: one or more sentences, or lines to paste. */
  readonly next: string
  /** The page of the documentation that tells more. */
  readonly docs: DocsPage | undefined

  constructor(message: string, options: { next: string; docs?: DocsPage; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'UserError'
    this.next = options.next
    this.docs = options.docs
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/**
 * The messages of an error and of all its causes, outermost first, without repeats.
 * Bounded: at most ten levels are followed, so that a cause that points back to itself ends.
 */
export function causesOf(error: unknown): string[] {
  const messages: string[] = []
  let current: unknown = error
  for (let depth = 0; depth < 10 && current !== undefined && current !== null; depth++) {
    const message = messageOf(current)
    if (message && !messages.includes(message)) messages.push(message)
    current = current instanceof Error ? current.cause : undefined
  }
  return messages
}
