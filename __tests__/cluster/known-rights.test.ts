import { afterEach, describe, expect, test } from '@jest/globals'
import { Agent } from 'undici'
import { staticToken } from '../../src/cluster/authenticator.ts'
import type { Clock } from '../../src/cluster/clock.ts'
import { createKubeApi } from '../../src/cluster/http.ts'
import { type KubeApi, KubeError } from '../../src/cluster/kube-api.ts'
import { type SmallAks, startAks } from '../aks/aks.ts'

const pods = '/api/v1/namespaces/kube-system/pods'
const refusal = {
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  message:
    'pods is forbidden: User "admin" cannot list resource "pods" in API group "" in the namespace "kube-system"',
  reason: 'Forbidden',
  code: 403,
}

let aks: SmallAks | undefined
let api: KubeApi | undefined
afterEach(async () => {
  await api?.close()
  await aks?.stop()
})

/** A clock on which waits take no time. */
function quickClock(): Clock {
  let now = 0
  return {
    now: () => now,
    random: () => 1,
    sleep: async (ms) => {
      now += ms
    },
  }
}

async function start(): Promise<{ aks: SmallAks; api: KubeApi }> {
  aks = await startAks({ nodes: [] })
  const token = /token: (\S+)/.exec(aks.kubeconfig())?.[1] ?? ''
  api = createKubeApi({
    server: new URL(aks.server),
    dispatcher: new Agent({ connect: { ca: aks.ca.certificate } }),
    auth: staticToken(token),
    clock: quickClock(),
  })
  return { aks, api }
}

const refuse = (bed: SmallAks, times?: number) =>
  bed.misbehave({ match: { path: /\/pods/, ...(times && { times }) }, do: { status: 403, body: refusal } })

async function statusOf(call: Promise<unknown>): Promise<number | undefined> {
  const error: unknown = await call.then(
    () => undefined,
    (caught: unknown) => caught,
  )
  return error instanceof KubeError ? error.status : undefined
}

describe('a right that was there and is refused', () => {
  test('for a moment, as by an API server that restarts, is not missing', async () => {
    const bed = await start()
    await bed.api.request({ method: 'GET', path: pods })
    refuse(bed.aks, 3)
    await expect(bed.api.request({ method: 'GET', path: pods })).resolves.toMatchObject({ kind: 'PodList' })
  })

  test('for good is missing', async () => {
    const bed = await start()
    await bed.api.request({ method: 'GET', path: pods })
    refuse(bed.aks)
    expect(await statusOf(bed.api.request({ method: 'GET', path: pods }))).toBe(403)
  })
})

test('a right that was never there is missing at the first refusal', async () => {
  const bed = await start()
  refuse(bed.aks)
  expect(await statusOf(bed.api.request({ method: 'GET', path: pods }))).toBe(403)
  expect(bed.aks.requests.length).toBe(1)
})
