import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type Arm, type ArmCall, createArm } from '../../src/azure/arm.ts'
import { azureCloud } from '../../src/azure/clouds.ts'
import { signIn } from '../../src/azure/identity.ts'
import { ArmRefusal, type ArmRoute } from '../aks/azure/arm.ts'
import { type SmallAzure, startAzure } from '../aks/azure/azure.ts'
import { CLUSTER } from '../aks/azure/clusters.ts'
import { createRecorder, depsFor, identityOptions, trust } from './support.ts'

let azure: SmallAzure
let arm: Arm
const recorder = createRecorder()

async function armOf(bed: SmallAzure): Promise<Arm> {
  const environment = bed.environment()
  const { credential } = await signIn(identityOptions(bed, environment), depsFor(environment, recorder))
  const cloud = azureCloud('public', environment)
  return createArm({
    cloud,
    credential,
    subscriptionId: bed.subscriptionId,
    userAgent: 'aks-connection-health/test',
    log: recorder.log,
  })
}

/** A pool that can be written, with the ETags of ARM. */
function poolRoute(bed: SmallAzure): ArmRoute {
  return {
    method: 'PUT',
    path: new RegExp(`${CLUSTER}/agentpools/(?<pool>[^/]+)`),
    action: 'Microsoft.ContainerService/managedClusters/agentPools/write',
    serve: ({ path, headers, json }) => {
      const now = bed.arm.resources.get(path)
      if (headers['if-none-match'] === '*' && now !== undefined)
        throw new ArmRefusal(412, 'PreconditionFailed', 'it exists')
      if (headers['if-match'] !== undefined && headers['if-match'] !== now?.etag) {
        throw new ArmRefusal(412, 'EtagMismatch', 'the resource has changed')
      }
      const { body, etag } = bed.arm.resources.put(path, json())
      return { status: 200, body: { ...body, eTag: etag } }
    },
  }
}

beforeAll(async () => {
  azure = await startAzure()
  trust(azure.ca.certificate)
  azure.arm.routes.push(poolRoute(azure))
  arm = await armOf(azure)
})

afterAll(async () => azure.stop())

afterEach(() => {
  azure.calls.length = 0
  recorder.lines.length = 0
})

const read = (more: Partial<ArmCall> = {}) => arm.request({ method: 'GET', path: azure.clusterId, ...more })
const armCalls = () => azure.calls.filter(({ which }) => which === 'arm')

describe('a call to ARM', () => {
  test('carries the api-version, a token and who asks', async () => {
    await read()
    expect(armCalls()).toHaveLength(1)
    expect(armCalls()[0]).toMatchObject({ status: 200, query: { 'api-version': '2026-06-01' } })
    expect(armCalls()[0]?.userAgent).toMatch(/^aks-connection-health\/test azsdk-js-arm-containerservice/)
  })

  test('brings back fields that no client knows, and writes them back unchanged', async () => {
    const path = `${azure.clusterId}/agentPools/np1`
    const before = azure.arm.resources.get(path)?.body ?? {}
    const future = {
      properties: {
        ...(before.properties as object),
        upgradeStrategy: 'Tomorrow',
        linuxOSConfig: { sysctls: { netFuture: 1 } },
      },
    }
    azure.arm.resources.put(path, { ...before, ...future })
    const { body, etag } = await arm.request<Record<string, unknown>>({ method: 'GET', path })
    await arm.request({ method: 'PUT', path, body, ...(etag === undefined ? {} : { ifMatch: etag }) })
    expect(azure.arm.resources.get(path)?.body).toMatchObject(future)
  })

  test('is refused with 412 and its code when the resource has changed since', async () => {
    const path = `${azure.clusterId}/agentPools/np1`
    const put = arm.request({ method: 'PUT', path, body: {}, ifMatch: 'an older one' })
    await expect(put).rejects.toMatchObject({ name: 'ArmError', status: 412, code: 'EtagMismatch' })
    expect(armCalls()).toHaveLength(1)
  })

  test('is refused with 412 when it must not exist yet and does', async () => {
    const put = arm.request({
      method: 'PUT',
      path: `${azure.clusterId}/agentPools/np1`,
      body: {},
      ifNoneMatch: '*',
    })
    await expect(put).rejects.toMatchObject({ status: 412, code: 'PreconditionFailed' })
  })

  test('is refused with 409 and its code at once while another operation runs', async () => {
    const body = { error: { code: 'OperationNotAllowed', message: 'Another operation is in progress' } }
    azure.misbehave({ which: 'arm', times: 1, do: { status: 409, body } })
    await expect(read()).rejects.toMatchObject({ status: 409, code: 'OperationNotAllowed' })
    expect(armCalls()).toHaveLength(1)
  })

  test('is sent again after the time that a 429 asks for, and the log says why it waits', async () => {
    azure.misbehave({ which: 'arm', times: 1, do: { status: 429, headers: { 'retry-after': '1' } } })
    await read()
    const [first, second] = armCalls()
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(990)
    expect(recorder.lines).toEqual([`Azure answered 429 to GET ${azure.clusterId}, which asks to wait 1 s.`])
  })

  test.each(['reset', { status: 500 }, { status: 503 }] as const)('is sent again after %p', async (fault) => {
    azure.misbehave({ which: 'arm', times: 1, do: fault })
    await expect(read()).resolves.toMatchObject({ status: 200 })
    expect(armCalls()).toHaveLength(2)
  })

  test('fails with the last refusal when it stays refused', async () => {
    azure.misbehave({
      which: 'arm',
      times: 4,
      do: {
        status: 429,
        headers: { 'retry-after': '0' },
        body: { error: { code: 'TooManyRequests', message: 'slow down' } },
      },
    })
    await expect(read()).rejects.toMatchObject({ status: 429, code: 'TooManyRequests', message: 'slow down' })
    expect(armCalls()).toHaveLength(4)
  })

  test('ends at its deadline when nothing answers', async () => {
    azure.misbehave({ which: 'arm', times: 1, do: 'hang' })
    await expect(read({ timeoutMs: 200 })).rejects.toMatchObject({ name: 'ArmError', code: 'TIMEOUT' })
  })

  test('ends with the reason of the caller who gives it up', async () => {
    azure.misbehave({ which: 'arm', times: 1, do: 'hang' })
    const controller = new AbortController()
    const call = read({ signal: controller.signal })
    setTimeout(() => controller.abort(new Error('cancelled')), 50)
    await expect(call).rejects.toThrow('cancelled')
  })

  test('does not follow an address to another host', async () => {
    const call = read({ path: 'https://attacker.example/steal?api-version=1' })
    await expect(call).rejects.toMatchObject({ code: 'ForeignHost' })
    expect(azure.calls).toEqual([])
  })

  test("keeps the request id that Azure's support asks for", async () => {
    const call = read({ path: `${azure.clusterId}x` })
    await expect(call).rejects.toMatchObject({
      code: 'ResourceNotFound',
      requestId: expect.stringMatching(/^request-/),
    })
  })

  test('is refused without a body of ARM with the status alone', async () => {
    azure.misbehave({ which: 'arm', times: 1, do: { status: 405 } })
    await expect(read()).rejects.toMatchObject({ status: 405, code: 'HTTP 405' })
  })
})

describe('tokens for ARM', () => {
  test('are renewed when they end during the run', async () => {
    const bed = await startAzure({ armTokenSeconds: 2 })
    trust(bed.ca.certificate)
    try {
      const short = await armOf(bed)
      await short.request({ method: 'GET', path: bed.clusterId })
      await new Promise((resolve) => setTimeout(resolve, 2100))
      await short.request({ method: 'GET', path: bed.clusterId })
      expect(bed.calls.filter(({ which }) => which === 'arm').map(({ status }) => status)).toEqual([200, 200])
      expect(
        bed.calls.filter(({ which, method }) => which === 'entra' && method === 'POST').length,
      ).toBeGreaterThanOrEqual(2)
    } finally {
      await bed.stop()
    }
  })
})
