import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createDefaultHttpClient, createPipelineRequest } from '@azure/core-rest-pipeline'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { impatient } from '../../src/azure/impatient.ts'

let server: Server
let asked: string[]
let silent: boolean

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.method ?? '')
    if (!silent) response.end('{}')
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
})
beforeEach(() => {
  asked = []
  silent = true
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const client = impatient(createDefaultHttpClient(), [50, 80], [60])

function call(method: 'GET' | 'POST' | 'PUT', path = '/cluster') {
  const { port } = server.address() as AddressInfo
  return createPipelineRequest({
    url: `http://127.0.0.1:${port}${path}`,
    method,
    allowInsecureConnection: true,
  })
}

describe('a call to ARM that is not answered', () => {
  test.each([
    ['GET', '/cluster'],
    ['POST', '/cluster/listClusterUserCredential'],
  ] as const)('may be repeated once if it only reads: %s %s', async (method, path) => {
    const request = call(method, path)
    await expect(client.sendRequest(request)).rejects.toMatchObject({ name: 'RestError', code: 'ETIMEDOUT' })
    await expect(client.sendRequest(request)).rejects.toMatchObject({ name: 'ArmError', code: 'TIMEOUT' })
  })

  test.each([
    ['PUT', '/cluster'],
    ['POST', '/cluster/runCommand'],
  ] as const)('is not repeated if it changes something: %s %s', async (method, path) => {
    await expect(client.sendRequest(call(method, path))).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(asked).toEqual([method])
  })

  test('ends with the reason of whoever gave it up', async () => {
    const request = call('GET')
    request.abortSignal = AbortSignal.timeout(10)
    await expect(client.sendRequest(request)).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('leaves the request as it was, for its repetition', async () => {
    const request = call('GET')
    await client.sendRequest(request).catch(() => {})
    expect(request.abortSignal).toBeUndefined()
    silent = false
    await expect(client.sendRequest(request)).resolves.toMatchObject({ status: 200 })
  })
})
