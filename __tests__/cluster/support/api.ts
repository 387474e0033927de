import { type Authenticator, noHeaders } from '../../../src/cluster/authenticator.ts'
import type { Clock } from '../../../src/cluster/clock.ts'
import { createDispatcher, type TransportOptions } from '../../../src/cluster/dispatcher.ts'
import { createKubeApi, type HttpOptions } from '../../../src/cluster/http.ts'
import type { KubeApi } from '../../../src/cluster/kube-api.ts'

/** A clock that does not wait: it records how long it was asked to. */
export function instantClock(): Clock & { waits: number[] } {
  const waits: number[] = []
  let now = Date.now()
  return {
    waits,
    now: () => now,
    random: () => 1 - Number.EPSILON,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted()
      waits.push(ms)
      now += ms
    },
  }
}

const opened: KubeApi[] = []

/** The client under test, against a server of the test. */
export function apiFor(
  server: URL,
  transport: TransportOptions,
  options: Partial<HttpOptions> & { auth?: Authenticator } = {},
): KubeApi {
  const api = createKubeApi({ server, dispatcher: createDispatcher(transport), auth: noHeaders, ...options })
  opened.push(api)
  return api
}

/** Closes all that {@link apiFor} made; for `afterEach`. */
export async function closeAll(): Promise<void> {
  await Promise.all(opened.splice(0).map((api) => api.close()))
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it did not reject')
}
