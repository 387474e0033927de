import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { KubeError } from '../../src/cluster/kube-api.ts'
import { listAll } from '../../src/cluster/list.ts'
import { apiFor, closeAll, instantClock, rejection } from './support/api.ts'
import { type Authority, createAuthority } from './support/certificates.ts'
import { httpsServer, json, type TestServer } from './support/servers.ts'

let authority: Authority
let server: TestServer | undefined
beforeAll(() => {
  authority = createAuthority()
})
afterEach(async () => {
  await closeAll()
  await server?.stop()
})
afterAll(() => authority.remove())

test.each([
  {},
  { items: {}, metadata: {} },
  { items: [], metadata: null },
  { items: [null], metadata: {} },
  { items: [{}], metadata: {} },
  { items: [{ metadata: { name: 7 } }], metadata: {} },
])('what is no list of objects is told as such: %j', async (answer) => {
  const started = await httpsServer(authority.sign('IP:127.0.0.1'), (_request, response) =>
    json(response, 200, answer),
  )
  server = started
  const api = apiFor(started.url, { ca: authority.ca }, { clock: instantClock() })
  const error = await rejection(listAll(api, { path: '/api/v1/nodes' }))
  expect(error).toBeInstanceOf(KubeError)
  expect(error).toMatchObject({ message: 'GET /api/v1/nodes: the answer is not a list', transient: false })
})
