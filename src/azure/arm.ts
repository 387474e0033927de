import { ContainerServiceClient } from '@azure/arm-containerservice'
import {
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineRequest,
  isRestError,
  type PipelinePolicy,
  type PipelineResponse,
} from '@azure/core-rest-pipeline'
import type { TokenCredential } from '@azure/identity'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { ArmError, errorOf, record, text } from './arm-error.ts'
import type { AzureCloud } from './clouds.ts'
import { impatient } from './impatient.ts'
import { networkCode } from './network-errors.ts'
import { replaceRefusedToken } from './refused-token.ts'
import type { TokenSource } from './token-source.ts'

/** Version of the AKS API for raw calls: the one that the client library of package.json speaks. */
export const CONTAINER_SERVICE_API = '2026-06-01'

export interface ArmCall {
  method: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE'
  /** Path without query, from `/subscriptions/…` on; or a full address that ARM gave in a header. */
  path: string
  /** Default {@link CONTAINER_SERVICE_API}. Not added to a full address. */
  apiVersion?: string
  query?: Record<string, string>
  body?: unknown
  /** ETag that the resource must still have; otherwise ARM answers 412. */
  ifMatch?: string
  /** `*`: the resource must not exist yet. */
  ifNoneMatch?: '*'
  /** For the whole call, with all that it waits and tries again. Default 60000. */
  timeoutMs?: number
  signal?: AbortSignal | undefined
}

export interface ArmAnswer<T> {
  status: number
  /** The parsed JSON as it came, with all fields that this code does not know; undefined without a body. */
  body: T
  /** From the header or the resource's `eTag`. */
  etag: string | undefined
  header(name: string): string | undefined
}

/**
 * Azure Resource Manager. `request` travels as plain JSON through the same pipeline as the typed client
 * (token, retries with Retry-After, proxy, user agent), so that a field that the client's model lacks
 * survives a read-modify-write.
 */
export interface Arm {
  readonly endpoint: string
  readonly subscriptionId: string
  /** The typed client, for calls where nothing is written back. */
  readonly containers: ContainerServiceClient
  /** Rejects with an {@link ArmError} for every answer that is not 2xx and when there is none. */
  request<T = unknown>(call: ArmCall): Promise<ArmAnswer<T>>
}

export interface ArmOptions {
  cloud: AzureCloud
  credential: TokenCredential
  /** The same identity's tokens for ARM: gives a new one for a token that ARM refuses. */
  tokens?: TokenSource
  subscriptionId: string
  userAgent: string
  log: Logger
}

const CALL_TIMEOUT_MS = 60_000

export function createArm(options: ArmOptions): Arm {
  const { cloud, log } = options
  const http = impatient(createDefaultHttpClient())
  const containers = new ContainerServiceClient(options.credential, options.subscriptionId, {
    endpoint: cloud.armEndpoint,
    credentials: { scopes: [cloud.armScope] },
    userAgentOptions: { userAgentPrefix: options.userAgent },
    retryOptions: { maxRetries: 3, retryDelayInMs: 500, maxRetryDelayInMs: 30_000 },
    httpClient: http,
  })
  containers.pipeline.addPolicy(tellRefusals(log), { afterPhase: 'Retry' })
  if (options.tokens)
    containers.pipeline.addPolicy(replaceRefusedToken(options.tokens), { afterPhase: 'Sign' })
  return {
    endpoint: cloud.armEndpoint,
    subscriptionId: options.subscriptionId,
    containers,
    request: async <T>(call: ArmCall): Promise<ArmAnswer<T>> => {
      const url = addressOf(cloud.armEndpoint, call)
      const timeout = AbortSignal.timeout(call.timeoutMs ?? CALL_TIMEOUT_MS)
      const abortSignal = call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout])
      try {
        const request = createPipelineRequest({
          url,
          method: call.method,
          headers: headersOf(call),
          abortSignal,
          ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        })
        return answerOf<T>(call, await containers.pipeline.sendRequest(http, request))
      } catch (error) {
        call.signal?.throwIfAborted()
        throw armError(error, callName(call), timeout.aborted)
      }
    },
  }
}

/**
 * Any error of the Azure clients as an {@link ArmError}; errors of signing in stay what they are.
 * @param call method and path, for messages.
 */
export function armError(error: unknown, call: string, timedOut = false): unknown {
  if (error instanceof ArmError) return error
  if (timedOut) return new ArmError(`${call}: no answer in time`, { call, code: 'TIMEOUT', cause: error })
  if (!isRestError(error)) {
    const code = networkCode(error)
    return code === undefined
      ? error
      : new ArmError(`${call}: ${messageOf(error)}`, { call, code, cause: error })
  }
  const body = parsed(error.response?.bodyAsText) ?? record(error.details)
  const refusal = errorOf(body)
  const status = error.statusCode
  return new ArmError(refusal?.message ?? error.message, {
    call,
    status,
    code: refusal?.code ?? error.code ?? (status === undefined ? 'Unknown' : `HTTP ${status}`),
    requestId: error.response?.headers.get('x-ms-request-id'),
    cause: error,
  })
}

function answerOf<T>(call: ArmCall, response: PipelineResponse): ArmAnswer<T> {
  const body = parsed(response.bodyAsText)
  if (response.status < 200 || response.status > 299) {
    const refusal = errorOf(body)
    throw new ArmError(refusal?.message ?? `ARM answered ${response.status}`, {
      call: callName(call),
      status: response.status,
      code: refusal?.code ?? `HTTP ${response.status}`,
      requestId: response.headers.get('x-ms-request-id'),
    })
  }
  return {
    status: response.status,
    body: body as T,
    etag: response.headers.get('etag') ?? text(record(body)?.eTag),
    header: (name) => response.headers.get(name),
  }
}

function headersOf(call: ArmCall) {
  return createHttpHeaders({
    accept: 'application/json',
    ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(call.ifMatch === undefined ? {} : { 'if-match': call.ifMatch }),
    ...(call.ifNoneMatch === undefined ? {} : { 'if-none-match': call.ifNoneMatch }),
  })
}

/** A full address comes out of an answer; the token must not follow it to another host. */
function addressOf(endpoint: string, call: ArmCall): string {
  const own = new URL(endpoint)
  const url = new URL(call.path, endpoint)
  if (url.protocol !== 'https:' || (url.host !== own.host && !url.host.endsWith(`.${own.host}`))) {
    throw new ArmError(`ARM points to another host: ${url.host}`, {
      call: callName(call),
      code: 'ForeignHost',
    })
  }
  if (call.path.startsWith('/')) url.searchParams.set('api-version', call.apiVersion ?? CONTAINER_SERVICE_API)
  for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value)
  return url.href
}

function callName(call: ArmCall): string {
  return `${call.method} ${call.path.replace(/^https:\/\/[^/]+/, '').replace(/\?.*$/s, '')}`
}

function parsed(body: string | null | undefined): unknown {
  if (!body) return undefined
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** Says why a run is slow: each answer after which the pipeline waits and tries again. */
function tellRefusals(log: Logger): PipelinePolicy {
  return {
    name: 'tellRefusals',
    sendRequest: async (request, next) => {
      const response = await next(request)
      if (response.status === 429 || response.status >= 500) {
        const wait = response.headers.get('retry-after')
        const asked = wait === undefined ? '' : `, which asks to wait ${wait} s`
        log.info(
          `Azure answered ${response.status} to ${request.method} ${new URL(request.url).pathname}${asked}.`,
        )
      }
      return response
    },
  }
}
