/** What Azure Resource Manager said when it refused a call, or that there was no answer at all. */
export class ArmError extends Error {
  /** HTTP status; undefined when there was no answer. */
  readonly status: number | undefined
  /** ARM's code (`AuthorizationFailed`, `OperationNotAllowed`, …) or a code of the network (`ECONNREFUSED`, `TIMEOUT`). */
  readonly code: string
  /** Method and path of the call, for messages. */
  readonly call: string
  /** `x-ms-request-id`: what Azure's support asks for. */
  readonly requestId: string | undefined

  constructor(
    message: string,
    details: {
      call: string
      code: string
      status?: number | undefined
      requestId?: string | undefined
      cause?: unknown
    },
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'ArmError'
    this.status = details.status
    this.code = details.code
    this.call = details.call
    this.requestId = details.requestId
  }
}

/** The `error` of an ARM answer, also in the form without that envelope, and the first of its details. */
export function errorOf(body: unknown): { code: string; message: string } | undefined {
  const error = record(record(body)?.error) ?? record(body)
  const code = text(error?.code)
  const message = text(error?.message)
  if (code === undefined && message === undefined) return undefined
  const details = Array.isArray(error?.details) ? (error.details as unknown[]) : []
  const inner = details
    .map((each) => text(record(each)?.message))
    .filter((each): each is string => each !== undefined && each !== message)
    .slice(0, 3)
  return {
    code: code ?? 'Unknown',
    message: [message ?? code ?? '', ...inner].join(' ').slice(0, MESSAGE_LIMIT),
  }
}

const MESSAGE_LIMIT = 2000

export function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
