import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { gzipSync } from 'node:zlib'
import type { Identity } from './auth-types.ts'
import type { Answer } from './handlers/call.ts'
import { parseApplied } from './handlers/patch.ts'
import { badRequest, expired, StatusError, unauthorized } from './status.ts'
import type { MisbehaviourAction, RecordedRequest } from './types.ts'

export type Request = IncomingMessage & { socket: TLSSocket }

/** What a rule changes about the serving of one request. */
export interface Twist {
  /** Cut the connection instead of answering, or in the middle of the answer. */
  cut?: 'lost-answer' | 'half-body'
  gone?: boolean
  cutAfterEvents?: number
}

/** One request with its answer. */
export interface Exchange {
  request: Request
  response: ServerResponse
  recorded: RecordedRequest
  query: URLSearchParams
  user: Identity | undefined
  body: string
  twist: Twist
}

/** What the bed remembers of a request. */
export function record(
  request: Request,
  path: string,
  query: URLSearchParams,
  user: Identity | undefined,
  at: number,
): RecordedRequest {
  return {
    at,
    user: user?.name ?? '',
    method: request.method ?? 'GET',
    path,
    query: Object.fromEntries(query),
    host: request.headers.host ?? '',
    userAgent: request.headers['user-agent'] ?? '',
    contentType: (request.headers['content-type'] ?? 'application/json').split(';')[0] ?? '',
    status: 0,
  }
}

const bodyLimit = 3 * 1024 * 1024

/** The whole body; of one that is too large only the beginning, which does not parse. */
export async function bodyOf(request: Request): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= bodyLimit) chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** The parsed body, or the refusal that it gets once the request is authorized. */
export function parseBody({ method, contentType }: RecordedRequest, body: string): unknown {
  try {
    if (contentType === 'application/apply-patch+yaml') return parseApplied(body)
    if (method !== 'PATCH' && contentType !== 'application/json') return unknownFormat
    return JSON.parse(body)
  } catch (error) {
    if (error instanceof StatusError) return error
    return badRequest(
      `couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : ''}`,
    )
  }
}

const unknownFormat = new StatusError(
  415,
  'UnsupportedMediaType',
  'the body of the request was in an unknown format - accepted media types include: application/json',
  {},
)

/** The refusal of a resourceVersion that is forgotten. */
export function tooOld(query: URLSearchParams): StatusError {
  const version = Number(query.get('resourceVersion') ?? 0)
  return expired(`too old resource version: ${version} (${version + 1})`)
}

/** Retry-After where the refusal names a time. */
export function retryHeader(error: StatusError): Record<string, string> {
  const seconds = error.details?.retryAfterSeconds
  return seconds ? { 'retry-after': String(seconds) } : {}
}

/** Answers, or cuts the connection where a rule says so. Large bodies are compressed as a real server does. */
export function send(exchange: Exchange, answer: Answer, headers: Record<string, string> = {}): void {
  const { request, response, recorded, twist } = exchange
  recorded.status = answer.code
  if (twist.cut === 'lost-answer') {
    request.socket.destroy()
    return
  }
  const large =
    answer.json.length > 128 * 1024 && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
  // A small body stays a string: it leaves in one write with the head.
  const body = large ? gzipSync(answer.json, { level: 1 }) : answer.json
  response.writeHead(answer.code, {
    'content-type': answer.json.startsWith('{') ? 'application/json' : 'text/plain; charset=utf-8',
    'cache-control': 'no-cache, private',
    'content-length': typeof body === 'string' ? Buffer.byteLength(body) : body.length,
    ...(large && { 'content-encoding': 'gzip' }),
    ...headers,
  })
  if (twist.cut === 'half-body')
    response.write(body.slice(0, body.length >> 1), () => request.socket.destroy())
  else response.end(body)
}

/** An answer that a rule has laid down, in the form that the real server gives it. */
export function sendPlanned(
  exchange: Exchange,
  planned: Extract<MisbehaviourAction, { status: number }>,
): void {
  const { status, retryAfter, body, headers = {} } = planned
  const waiting: Record<string, string> =
    retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
  const json =
    typeof body === 'string' ? body : body === undefined ? plannedBody(status) : JSON.stringify(body)
  send(exchange, { code: status, json }, { ...waiting, ...headers })
}

function plannedBody(status: number): string {
  if (status === 429) return 'Too many requests, please try again later.\n'
  if (status === 401) return JSON.stringify(unauthorized().toStatus())
  const message =
    status === 503
      ? 'the server is currently unable to handle the request'
      : 'Internal error occurred: etcdserver: request timed out'
  return JSON.stringify(
    new StatusError(status, status === 503 ? 'ServiceUnavailable' : 'InternalError', message, {}).toStatus(),
  )
}

/** A fault of the bed itself must not pass for one of the cluster. */
export function fail(response: ServerResponse, error: unknown): void {
  if (response.destroyed) return
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.emitWarning(`fault in the small AKS: ${text}`)
  if (response.headersSent) response.destroy()
  else response.writeHead(500, { 'content-type': 'text/plain' }).end(`fault in the small AKS: ${text}`)
}
