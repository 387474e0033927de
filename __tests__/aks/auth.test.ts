import { request } from 'node:https'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { startAks } from './aks.ts'
import { clientOf, podNamed } from './test-client.ts'
import type { SmallAks, UserSpec } from './types.ts'

const pods = '/api/v1/namespaces/kube-system/pods'

const users: UserSpec[] = [
  { name: 'admin', rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] },
  { name: 'nobody' },
  {
    name: 'reader',
    rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list'] }],
    roles: [
      {
        namespace: 'kube-system',
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['create', 'list'] }],
      },
    ],
  },
  {
    name: 'named',
    rules: [{ apiGroups: [''], resources: ['nodes'], resourceNames: ['a'], verbs: ['get', 'list'] }],
  },
  { name: 'expired', token: 'old', tokenExpiresAt: new Date(Date.now() - 1000) },
  {
    name: 'azure',
    refusalReason:
      'User does not have access to the resource in Azure. Update role assignment to allow access.',
  },
]

let aks: SmallAks

beforeEach(async () => {
  aks = await startAks({
    nodes: [
      { name: 'a', state: { answer: '' } },
      { name: 'b', state: { answer: '' } },
    ],
    users,
    authenticate: (token) =>
      token === 'signed' ? { name: 'from-entra', groups: ['system:masters'] } : undefined,
  })
})

afterEach(() => aks.stop())

async function ask(user: string, method: string, path: string, body?: unknown) {
  const client = clientOf(aks, user)
  try {
    return await client.call<{ message: string; status: Record<string, unknown> }>(method, path, body)
  } finally {
    client.close()
  }
}

describe('refusals', () => {
  test.each([
    [
      'POST',
      pods,
      'pods is forbidden: User "nobody" cannot create resource "pods" in API group "" in the namespace "kube-system"',
    ],
    [
      'GET',
      '/api/v1/nodes',
      'nodes is forbidden: User "nobody" cannot list resource "nodes" in API group "" at the cluster scope',
    ],
    [
      'GET',
      '/api/v1/nodes/a',
      'nodes "a" is forbidden: User "nobody" cannot get resource "nodes" in API group "" at the cluster scope',
    ],
    [
      'GET',
      `${pods}?watch=true`,
      'pods is forbidden: User "nobody" cannot watch resource "pods" in API group "" in the namespace "kube-system"',
    ],
    [
      'DELETE',
      pods,
      'pods is forbidden: User "nobody" cannot deletecollection resource "pods" in API group "" in the namespace "kube-system"',
    ],
    [
      'POST',
      `${pods}/x/eviction`,
      'pods "x" is forbidden: User "nobody" cannot create resource "pods/eviction" in API group "" in the namespace "kube-system"',
    ],
    [
      'GET',
      '/apis/apps/v1/namespaces/kube-system/daemonsets/d',
      'daemonsets.apps "d" is forbidden: User "nobody" cannot get resource "daemonsets" in API group "apps" in the namespace "kube-system"',
    ],
    ['GET', '/metrics', 'forbidden: User "nobody" cannot get path "/metrics"'],
  ])('%s %s is told in the words of Kubernetes', async (method, path, text) => {
    const { status, body } = await ask('nobody', method, path, method === 'POST' ? {} : undefined)
    expect(status).toBe(403)
    expect(body).toMatchObject({ kind: 'Status', reason: 'Forbidden', code: 403, message: text })
  })

  test('carry the reason of the authorizer behind them', async () => {
    const { body } = await ask('azure', 'GET', '/api/v1/nodes')
    expect(body.message).toMatch(/at the cluster scope: User does not have access to the resource in Azure/)
  })

  test('come before anything is said about the object', async () => {
    expect((await ask('nobody', 'POST', pods, 'no object')).status).toBe(403)
  })
})

describe('rules', () => {
  test('of a role hold in its namespace only', async () => {
    expect((await ask('reader', 'POST', pods, podNamed('one'))).status).toBe(201)
    expect((await ask('reader', 'POST', '/api/v1/namespaces/default/pods', podNamed('one'))).status).toBe(403)
    expect((await ask('reader', 'GET', '/api/v1/pods')).status).toBe(403)
  })

  test('with resourceNames hold for those names, also in a list by name', async () => {
    expect((await ask('named', 'GET', '/api/v1/nodes/a')).status).toBe(200)
    expect((await ask('named', 'GET', '/api/v1/nodes?fieldSelector=metadata.name%3Da')).status).toBe(200)
    expect((await ask('named', 'GET', '/api/v1/nodes/b')).status).toBe(403)
    expect((await ask('named', 'GET', '/api/v1/nodes')).status).toBe(403)
  })

  test('on a resource do not hold for its subresources', async () => {
    await ask('reader', 'POST', pods, podNamed('one'))
    expect((await ask('reader', 'POST', `${pods}/one/eviction`, {})).status).toBe(403)
  })

  test('can be asked for by those they are about', async () => {
    const review = (resource: string, verb: string) => ({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { resource, verb, namespace: 'kube-system' } },
    })
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
    const may = await ask('reader', 'POST', path, review('pods', 'create'))
    expect([may.status, may.body.status.allowed]).toEqual([201, true])
    const mayNot = await ask('reader', 'POST', path, review('pods', 'delete'))
    expect(mayNot.body.status).toEqual({ allowed: false })
  })
})

describe('signing in', () => {
  test.each([
    ['no token', ''],
    ['an unknown token', 'wrong'],
    ['an expired token', 'old'],
  ])('with %s is 401', async (_what, token) => {
    const client = clientOf(aks, 'admin', token)
    const { status, body } = await client.call('GET', '/api/v1/nodes')
    client.close()
    expect(status).toBe(401)
    expect(body).toMatchObject({ message: 'Unauthorized', reason: 'Unauthorized', code: 401 })
  })

  test('with a token that somebody else knows is that identity', async () => {
    const client = clientOf(aks, 'admin', 'signed')
    expect((await client.call('GET', '/api/v1/nodes')).status).toBe(200)
    client.close()
    expect(aks.requests.at(-1)?.user).toBe('from-entra')
  })

  test('works with a valid client certificate of the cluster, whose groups count', async () => {
    expect(await statusWith(aks.ca.issue({ commonName: 'admin' }))).toBe(200)
    expect(await statusWith(aks.ca.issue({ commonName: 'stranger' }))).toBe(403)
    const masters = { commonName: 'stranger', organizations: ['some', 'system:masters'] }
    expect(await statusWith(aks.ca.issue(masters))).toBe(200)
    const yesterday = new Date(Date.now() - 86_400_000)
    expect(
      await statusWith(aks.ca.issue({ commonName: 'admin', notBefore: yesterday, notAfter: yesterday })),
    ).toBe(401)
  })
})

function statusWith(pair: { certificate: string; key: string }): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(
      `${aks.server}/api/v1/nodes`,
      { ca: aks.ca.certificate, cert: pair.certificate, key: pair.key, agent: false },
      (response) => {
        response.resume()
        resolve(response.statusCode)
      },
    )
      .on('error', reject)
      .end()
  })
}
