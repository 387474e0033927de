import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Arm, ArmAnswer, ArmCall } from '../../src/azure/arm.ts'
import { ArmError } from '../../src/azure/arm-error.ts'
import {
  followOperation,
  type Operation,
  type OperationProgress,
  operationOf,
  runOperation,
  waitUntilSettled,
} from '../../src/azure/operation.ts'
import { type SmallAzure, startAzure } from '../aks/azure/azure.ts'
import { CLUSTER } from '../aks/azure/clusters.ts'
import type { RunningOperation } from '../aks/azure/operations.ts'
import { connect, trust } from './support.ts'

let azure: SmallAzure
let arm: Arm
let running: RunningOperation[] = []
let looks = 2

beforeAll(async () => {
  azure = await startAzure()
  trust(azure.ca.certificate)
  const path = new RegExp(`${CLUSTER}/agentpools/(?<pool>[^/]+)`)
  const action = 'Microsoft.ContainerService/managedClusters/agentPools/write'
  const start = (done: () => void) => {
    const operation = azure.arm.operations.start({ looks, onEnd: (state) => state === 'Succeeded' && done() })
    operation.percent = 40
    running.push(operation)
    return operation.id
  }
  azure.arm.routes.push(
    {
      method: 'PUT',
      path,
      action,
      serve: (call) => {
        const body = call.json()
        const id = start(() => azure.arm.resources.put(call.path, body))
        return {
          status: 201,
          headers: azure.arm.asyncHeaders(call, id),
          body: { properties: { provisioningState: 'Creating' } },
        }
      },
    },
    {
      method: 'DELETE',
      path,
      action,
      serve: (call) => {
        const id = start(() => azure.arm.resources.delete(call.path))
        return { status: 202, headers: azure.arm.asyncHeaders(call, id) }
      },
    },
  )
  arm = (await connect(azure)).arm
})

afterAll(async () => azure.stop())

const pool = (name: string) => `${azure.clusterId}/agentPools/${name}`
const quick = { timeoutMs: 10_000, intervalMs: 1 }

function put(name: string): ArmCall {
  return {
    method: 'PUT',
    path: pool(name),
    body: { name, properties: { count: 1, provisioningState: 'Succeeded' } },
  }
}

describe('an operation that ARM goes on with', () => {
  test('is followed to its end, and the resource is what comes of it', async () => {
    looks = 2
    const seen: OperationProgress[] = []
    const body = await runOperation(arm, put('np2'), { ...quick, onProgress: (each) => seen.push(each) })
    expect(body).toMatchObject({ name: 'np2', properties: { provisioningState: 'Succeeded' } })
    expect(seen.map(({ state, percent }) => [state, percent])).toEqual([
      ['InProgress', 40],
      ['InProgress', 40],
    ])
  })

  test('has no result when it was a deletion', async () => {
    await runOperation(arm, put('np3'), quick)
    await expect(runOperation(arm, { method: 'DELETE', path: pool('np3') }, quick)).resolves.toBeUndefined()
    expect(azure.arm.resources.get(pool('np3'))).toBeUndefined()
  })

  test('fails with the code and the text of ARM', async () => {
    looks = 100
    running = []
    const failing = runOperation(arm, put('np4'), {
      ...quick,
      onProgress: () =>
        running[0]?.end('Failed', { code: 'InvalidCustomLinuxOSConfig', message: 'netFuture is not known' }),
    })
    await expect(failing).rejects.toMatchObject({
      name: 'ArmError',
      code: 'InvalidCustomLinuxOSConfig',
      message: 'netFuture is not known',
    })
  })

  test('fails as cancelled when somebody cancels it', async () => {
    running = []
    const failing = runOperation(arm, put('np5'), { ...quick, onProgress: () => running[0]?.end('Canceled') })
    await expect(failing).rejects.toMatchObject({ code: 'OperationCanceled' })
  })

  test('is taken up by another process that has its JSON', async () => {
    looks = 3
    const call = put('np6')
    const operation = operationOf(call, await arm.request(call))
    const copy = JSON.parse(JSON.stringify(operation)) as Operation
    await expect(followOperation(arm, copy, quick)).resolves.toMatchObject({ name: 'np6' })
  })

  test('survives answers that fail for a while', async () => {
    looks = 2
    azure.misbehave({
      which: 'arm',
      path: /\/operations\//,
      times: 4,
      do: { status: 503, headers: { 'retry-after': '0' } },
    })
    await expect(runOperation(arm, put('np7'), quick)).resolves.toMatchObject({ name: 'np7' })
  })

  test('is given up at its deadline, which names what still runs', async () => {
    looks = Number.POSITIVE_INFINITY
    const waiting = runOperation(arm, put('np8'), { timeoutMs: 50, intervalMs: 20 })
    await expect(waiting).rejects.toMatchObject({ code: 'OperationTimeout', call: `PUT ${pool('np8')}` })
  })

  test('is given up with the reason of the caller', async () => {
    const controller = new AbortController()
    const waiting = runOperation(arm, put('np9'), {
      ...quick,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('cancelled')),
    })
    await expect(waiting).rejects.toThrow('cancelled')
  })

  test('of somebody else is waited for on the resource', async () => {
    const id = pool('np10')
    azure.arm.resources.put(id, { name: 'np10', properties: { provisioningState: 'Upgrading' } })
    const states: string[] = []
    const { body } = await waitUntilSettled(arm, id, {
      ...quick,
      onProgress: ({ state }) => {
        states.push(state)
        azure.arm.resources.put(id, { name: 'np10', properties: { provisioningState: 'Failed' } })
      },
    })
    expect(states).toEqual(['Upgrading'])
    expect(body).toMatchObject({ properties: { provisioningState: 'Failed' } })
  })

  test('is waited for though Azure does not answer for a while', async () => {
    const id = `${azure.clusterId}/agentPools/np11`
    azure.arm.resources.put(id, { name: 'np11', properties: { provisioningState: 'Succeeded' } })
    const headers = { 'retry-after': '0' }
    azure.misbehave({ which: 'arm', path: /np11$/, times: 6, do: { status: 503, headers, body: {} } })
    const { status } = await waitUntilSettled(arm, id, quick)
    expect(status).toBe(200)
  })
})

/** Answers of ARM by hand, for forms that the small one does not give. */
function scripted(answers: Partial<ArmAnswer<unknown>>[], headers: Record<string, string>[] = []): Arm {
  let at = 0
  return {
    endpoint: 'https://arm.test',
    subscriptionId: '',
    containers: arm.containers,
    request: async <T>() => {
      const answer = answers[at]
      const header = headers[at] ?? {}
      at += 1
      if (answer === undefined) throw new ArmError('no more answers', { call: '', code: 'Gone', status: 410 })
      return {
        status: 200,
        etag: undefined,
        body: undefined,
        header: (name: string) => header[name],
        ...answer,
      } as ArmAnswer<T>
    },
  }
}

describe('the forms in which ARM tells of an operation', () => {
  const operation: Operation = { call: 'PUT /x', poll: 'resource', url: '/x', startedAt: 0 }

  test('a PUT without headers is followed on the resource until its provisioning state is final', async () => {
    const call: ArmCall = { method: 'PUT', path: '/x' }
    const answer = await scripted([{ body: { properties: { provisioningState: 'Updating' } } }]).request(call)
    expect(operationOf(call, answer, () => 7)).toEqual({ ...operation, startedAt: 7 })
  })

  test('an answer with nothing to wait for is the end', async () => {
    const call: ArmCall = { method: 'PUT', path: '/x' }
    const answer = await scripted([{ body: { properties: { provisioningState: 'Succeeded' } } }]).request(
      call,
    )
    expect(operationOf(call, answer)).toBeUndefined()
  })

  test('Retry-After takes the place of the interval, as seconds and as a date', async () => {
    const waits: number[] = []
    const busy = { body: { properties: { provisioningState: 'Updating' } } }
    const late = new Date(30_000).toUTCString()
    await followOperation(
      scripted([busy, busy, busy, {}], [{ 'retry-after': '17' }, { 'retry-after': late }]),
      operation,
      {
        timeoutMs: 1e9,
        now: () => 0,
        sleep: async (ms) => {
          waits.push(ms)
        },
      },
    )
    expect(waits).toEqual([17_000, 30_000, 5000])
  })

  test('a server that asks to come back at once is not stormed', async () => {
    const waits: number[] = []
    const busy = { body: { properties: { provisioningState: 'Updating' } } }
    await followOperation(scripted([busy, {}], [{ 'retry-after': '0' }]), operation, {
      timeoutMs: 1e9,
      now: () => 0,
      sleep: async (ms) => {
        waits.push(ms)
      },
    })
    expect(waits).toEqual([50])
  })
})
