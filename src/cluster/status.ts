import { STATUS_CODES } from 'node:http'
import { KubeError } from './kube-api.ts'

/** The Status object with which an API server tells why it refused. Untrusted, so every field may be anything. */
export interface Status {
  code?: unknown
  reason?: unknown
  message?: unknown
}

/** Longest part of a server's message that is kept, in characters. */
const maxMessage = 2000

/** The error that an answer other than 2xx stands for; `text` is its body as far as it was read. */
export function answerError(
  answer: { status: number; text: string; retryAfterMs?: number | undefined },
  call: string,
): KubeError {
  return statusError(parseStatus(answer.text), { call, ...answer })
}

/** The error that a Status object stands for. */
export function statusError(
  status: Status,
  answer: { call: string; status: number | undefined; retryAfterMs?: number | undefined },
): KubeError {
  const { call, status: code, retryAfterMs } = answer
  const reason = typeof status.reason === 'string' ? status.reason : undefined
  const title = [code, reason ?? (code === undefined ? undefined : STATUS_CODES[code])]
    .filter(Boolean)
    .join(' ')
  const said = typeof status.message === 'string' ? status.message.slice(0, maxMessage) : ''
  return new KubeError([`${call}: ${title || 'an error'}`, said].filter(Boolean).join(': '), {
    call,
    status: code,
    reason,
    retryAfterMs,
    transient: code !== undefined && (code === 429 || code >= 500),
  })
}

/** The Status in a body; of any other text (a proxy's page, plain text) the beginning serves as its message. */
function parseStatus(text: string): Status {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null) return parsed
  } catch {
    // Not JSON: told as it is.
  }
  return {
    message: text
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim()
      .slice(0, 200),
  }
}
