import { type HttpClient, type PipelineRequest, RestError } from '@azure/core-rest-pipeline'
import { ArmError } from './arm-error.ts'

/**
 * How long one attempt at a read may go without an answer, and its repetition: a read is answered within a
 * second or two. What changes something may take longer before it is accepted, and is not sent twice for that.
 */
const READ_MS = [6000, 8000]
const WRITE_MS = [30_000]

/**
 * Gives up an attempt that is not answered. The deadlines of whole calls are longer, as they hold the waits
 * that Azure asks for in Retry-After.
 */
export function impatient(client: HttpClient, readMs = READ_MS, writeMs = WRITE_MS): HttpClient {
  const silences = new WeakMap<PipelineRequest, number>()
  return {
    sendRequest: async (request) => {
      const attempts = isRead(request) ? readMs : writeMs
      const failed = silences.get(request) ?? 0
      const silence = AbortSignal.timeout(attempts[failed] ?? attempts[attempts.length - 1] ?? 0)
      const { abortSignal } = request
      request.abortSignal =
        abortSignal === undefined ? silence : AbortSignal.any([toSignal(abortSignal), silence])
      try {
        return await client.sendRequest(request)
      } catch (error) {
        if (!silence.aborted || abortSignal?.aborted) throw error
        silences.set(request, failed + 1)
        throw failed + 1 < attempts.length ? again(request) : noAnswer(request, error)
      } finally {
        if (abortSignal === undefined) delete request.abortSignal
        else request.abortSignal = abortSignal
      }
    },
  }
}

/** ARM reads credentials by POST. */
function isRead({ method, url }: PipelineRequest): boolean {
  return method === 'GET' || (method === 'POST' && /\/list[a-z]+$/i.test(new URL(url).pathname))
}

/** The pipeline repeats what fails with this code. */
function again(request: PipelineRequest): RestError {
  return new RestError('no answer in time', { code: 'ETIMEDOUT', request })
}

function noAnswer({ method, url }: PipelineRequest, cause: unknown): ArmError {
  const call = `${method} ${new URL(url).pathname}`
  return new ArmError(`${call}: no answer in time`, { call, code: 'TIMEOUT', cause })
}

type Abortable = NonNullable<PipelineRequest['abortSignal']>

/** The clients of Azure declare only a part of a signal. */
function toSignal(signal: Abortable): AbortSignal {
  if (signal instanceof AbortSignal) return signal
  const controller = new AbortController()
  if (signal.aborted) controller.abort()
  signal.addEventListener('abort', () => controller.abort())
  return controller.signal
}
