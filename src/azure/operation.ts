import { setTimeout as delay } from 'node:timers/promises'
import type { Arm, ArmAnswer, ArmCall } from './arm.ts'
import { ArmError, errorOf, record, text } from './arm-error.ts'

/**
 * A long-running operation that ARM has accepted. Plain data: kept as JSON, another process can go on
 * following it.
 */
export interface Operation {
  /** Method and path of the call that started it, for messages. */
  call: string
  /** `status` polls an operation resource, `location` polls until it no longer answers 202, `resource` the resource itself. */
  poll: 'status' | 'location' | 'resource'
  /** Path or full address that is polled. */
  url: string
  /** Where the result is once `status` says that it succeeded; absent when there is none. */
  result?: string
  /** api-version of the call that started it. */
  apiVersion?: string
  /** Milliseconds since 1970. */
  startedAt: number
}

export interface OperationProgress {
  /** As ARM says it: `InProgress`, `Upgrading`, `Updating`, … */
  state: string
  percent?: number
  elapsedMs: number
}

export interface FollowOptions {
  signal?: AbortSignal | undefined
  /** For the whole operation. Giving up does not stop it in Azure. */
  timeoutMs: number
  /** Between two looks, unless ARM asks for another time. Default 5000. */
  intervalMs?: number
  onProgress?: (progress: OperationProgress) => void
  now?: () => number
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>
}

/** Looks may fail for this long in a row: a network that comes and goes must not lose an operation. */
const PATIENCE_MS = 120_000

/** A server that asks to come back at once does not get a storm. */
const SHORTEST_WAIT_MS = 50

/** Provisioning states of a resource on which nothing works. */
export function isSettled(state: string | undefined): boolean {
  return state === undefined || /^(succeeded|failed|cancell?ed)$/i.test(state)
}

/** The operation that an answer speaks of; undefined when the work is already done and the body is its result. */
export function operationOf(
  call: ArmCall,
  answer: ArmAnswer<unknown>,
  now: () => number = Date.now,
): Operation | undefined {
  const status = answer.header('azure-asyncoperation') ?? answer.header('operation-location')
  const location = answer.header('location')
  const base = {
    call: `${call.method} ${call.path}`,
    startedAt: now(),
    ...(call.apiVersion === undefined ? {} : { apiVersion: call.apiVersion }),
  }
  const changes = call.method === 'PUT' || call.method === 'PATCH'
  if (status !== undefined) {
    const result = changes ? call.path : call.method === 'POST' ? location : undefined
    return { ...base, poll: 'status', url: status, ...(result === undefined ? {} : { result }) }
  }
  if (answer.status === 202 && location !== undefined) return { ...base, poll: 'location', url: location }
  if (changes && !isSettled(provisioningState(answer.body)))
    return { ...base, poll: 'resource', url: call.path }
  return undefined
}

/** Sends a call and follows what it starts to its end. Resolves with the result's body. */
export async function runOperation<T>(
  arm: Arm,
  call: ArmCall,
  options: FollowOptions,
): Promise<T | undefined> {
  const answer = await arm.request<T>({ ...call, signal: options.signal })
  const operation = operationOf(call, answer, options.now)
  return operation === undefined ? answer.body : followOperation<T>(arm, operation, options)
}

/**
 * Follows an operation to its end. Resolves with the body of its result, undefined when it has none.
 * @throws ArmError with ARM's code when the operation failed or was cancelled, `OperationTimeout` when it
 * takes longer than it may.
 */
export async function followOperation<T>(
  arm: Arm,
  operation: Operation,
  options: FollowOptions,
): Promise<T | undefined> {
  const { signal, now = Date.now, sleep = pause, intervalMs = 5000, timeoutMs } = options
  let failingSince: number | undefined
  for (;;) {
    signal?.throwIfAborted()
    let wait = intervalMs
    try {
      const answer = await arm.request({
        method: 'GET',
        path: operation.url,
        signal,
        ...(operation.apiVersion === undefined ? {} : { apiVersion: operation.apiVersion }),
      })
      failingSince = undefined
      const look = lookAt(operation, answer)
      if (look.done) return await resultOf<T>(arm, operation, answer, signal)
      options.onProgress?.({ ...look.progress, elapsedMs: now() - operation.startedAt })
      wait = retryAfter(answer, now) ?? intervalMs
    } catch (error) {
      if (!isPassing(error)) throw error
      failingSince ??= now()
      if (now() - failingSince >= PATIENCE_MS) throw error
    }
    if (now() + wait - operation.startedAt > timeoutMs) throw tooLong(operation, timeoutMs)
    await sleep(Math.max(wait, SHORTEST_WAIT_MS), signal)
  }
}

/**
 * Waits until nothing works on a resource any more, whoever started it, and resolves with it. Does not
 * throw when it ended badly: look at its provisioning state.
 */
export async function waitUntilSettled<T>(
  arm: Arm,
  path: string,
  options: FollowOptions,
): Promise<ArmAnswer<T>> {
  const { signal, now = Date.now, sleep = pause, intervalMs = 5000, timeoutMs } = options
  const startedAt = now()
  let failingSince: number | undefined
  for (;;) {
    signal?.throwIfAborted()
    let wait = intervalMs
    try {
      const answer = await arm.request<T>({ method: 'GET', path, signal })
      failingSince = undefined
      const state = provisioningState(answer.body)
      if (isSettled(state)) return answer
      options.onProgress?.({ state: state ?? '', elapsedMs: now() - startedAt })
      wait = retryAfter(answer, now) ?? intervalMs
    } catch (error) {
      if (!isPassing(error)) throw error
      failingSince ??= now()
      if (now() - failingSince >= PATIENCE_MS) throw error
    }
    if (now() + wait - startedAt > timeoutMs) throw tooLong({ call: `GET ${path}` }, timeoutMs)
    await sleep(Math.max(wait, SHORTEST_WAIT_MS), signal)
  }
}

type Look = { done: true } | { done: false; progress: { state: string; percent?: number } }

function lookAt(operation: Operation, answer: ArmAnswer<unknown>): Look {
  const body = record(answer.body)
  const state = {
    status: () => text(body?.status),
    resource: () => provisioningState(answer.body),
    location: () => undefined,
  }[operation.poll]()
  if (state === undefined) {
    return answer.status === 202 ? { done: false, progress: { state: 'InProgress' } } : { done: true }
  }
  if (/^succeeded$/i.test(state)) return { done: true }
  if (isSettled(state)) throw ended(operation, state, answer)
  const percent = body?.percentComplete
  return { done: false, progress: { state, ...(typeof percent === 'number' ? { percent } : {}) } }
}

async function resultOf<T>(
  arm: Arm,
  operation: Operation,
  answer: ArmAnswer<unknown>,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  if (operation.poll !== 'status') return answer.body as T
  if (operation.result === undefined) return undefined
  const { apiVersion } = operation
  const result = await arm.request<T>({
    method: 'GET',
    path: operation.result,
    signal,
    ...(apiVersion === undefined ? {} : { apiVersion }),
  })
  return result.body
}

function ended(operation: Operation, state: string, answer: ArmAnswer<unknown>): ArmError {
  const properties = record(record(answer.body)?.properties)
  const error =
    errorOf(record(record(answer.body)?.error)) ??
    errorOf(record(record(properties?.status)?.provisioningError))
  return new ArmError(error?.message ?? `the operation ended as ${state}`, {
    call: operation.call,
    code: error?.code ?? (/^cancel/i.test(state) ? 'OperationCanceled' : 'OperationFailed'),
    status: answer.status,
    requestId: answer.header('x-ms-request-id'),
  })
}

function tooLong(operation: { call: string }, timeoutMs: number): ArmError {
  const minutes = Math.round(timeoutMs / 6000) / 10
  return new ArmError(`the operation is still running after ${minutes} minutes`, {
    call: operation.call,
    code: 'OperationTimeout',
  })
}

/** No answer, too many requests, or a server that is not well: worth another look. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof ArmError)) return false
  if (error.status === undefined) return error.code !== 'ForeignHost' && error.code !== 'OperationTimeout'
  return error.status === 408 || error.status === 429 || error.status >= 500
}

function provisioningState(body: unknown): string | undefined {
  return text(record(record(body)?.properties)?.provisioningState)
}

function retryAfter(answer: ArmAnswer<unknown>, now: () => number): number | undefined {
  const header = answer.header('retry-after')
  if (header === undefined) return undefined
  const seconds = Number(header)
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now())
}

async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
