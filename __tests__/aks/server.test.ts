import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { startAks } from './aks.ts'
import { type Client, clientOf, podNamed } from './test-client.ts'
import type { SmallAks } from './types.ts'

const pods = '/api/v1/namespaces/kube-system/pods'

interface List {
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number }
  items: { metadata: { name: string } }[]
}

let aks: SmallAks
let client: Client

beforeEach(async () => {
  aks = await startAks({
    nodes: ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, fault: 'dead', state: { answer: '' } })),
  })
  client = clientOf(aks)
})

afterEach(async () => {
  client.close()
  await aks.stop()
})

function namesOf(list: List): string[] {
  return list.items.map(({ metadata }) => metadata.name)
}

describe('reading', () => {
  test('tells the version of the cluster', async () => {
    const { body } = await client.call('GET', '/version')
    expect(body).toMatchObject({ major: '1', minor: '34', gitVersion: 'v1.34.1' })
  })

  test('pages show the state at the first page', async () => {
    const first = (await client.call<List>('GET', '/api/v1/nodes?limit=2')).body
    expect(namesOf(first)).toEqual(['a', 'b'])
    expect(first.metadata.remainingItemCount).toBe(3)
    await client.call('DELETE', '/api/v1/nodes/c')
    const second = (
      await client.call<List>('GET', `/api/v1/nodes?limit=2&continue=${first.metadata.continue}`)
    ).body
    expect(namesOf(second)).toEqual(['c', 'd'])
    const third = (
      await client.call<List>('GET', `/api/v1/nodes?limit=2&continue=${second.metadata.continue}`)
    ).body
    expect(namesOf(third)).toEqual(['e'])
    expect(third.metadata).toEqual({ resourceVersion: first.metadata.resourceVersion })
  })

  test('a page of a list that is forgotten is 410 with a token to go on from', async () => {
    const first = (await client.call<List>('GET', '/api/v1/nodes?limit=2')).body
    await client.call('POST', pods, podNamed('one'))
    aks.store.compact()
    const { status, body } = await client.call<List & { reason: string }>(
      'GET',
      `/api/v1/nodes?limit=2&continue=${first.metadata.continue}`,
    )
    expect([status, body.reason]).toEqual([410, 'Expired'])
    const rest = await client.call<List>('GET', `/api/v1/nodes?continue=${body.metadata.continue}`)
    expect(namesOf(rest.body)).toEqual(['c', 'd', 'e'])
  })

  test('knows a namespace by its name', async () => {
    const { status, body } = await client.call('GET', '/api/v1/namespaces/kube-system')
    expect([status, body]).toMatchObject([200, { kind: 'Namespace', status: { phase: 'Active' } }])
    const deleted = await client.call<{ message: string }>('DELETE', '/api/v1/namespaces/kube-system')
    expect(deleted.body.message).toBe(
      'namespaces "kube-system" is forbidden: this namespace may not be deleted',
    )
  })

  test('selects by labels and by fields', async () => {
    const query = `labelSelector=${encodeURIComponent('agentpool in (np1),kubernetes.io/os=linux')}&fieldSelector=metadata.name%3Db`
    expect(namesOf((await client.call<List>('GET', `/api/v1/nodes?${query}`)).body)).toEqual(['b'])
    const wrong = await client.call<{ message: string }>('GET', '/api/v1/nodes?fieldSelector=spec.foo%3Dx')
    expect([wrong.status, wrong.body.message]).toEqual([400, 'field label not supported: spec.foo'])
  })

  test('what is not there is 404 with a Status', async () => {
    const object = await client.call('GET', `${pods}/none`)
    expect(object.status).toBe(404)
    expect(object.body).toMatchObject({
      kind: 'Status',
      status: 'Failure',
      reason: 'NotFound',
      message: 'pods "none" not found',
      details: { name: 'none', kind: 'pods' },
      code: 404,
    })
    const resource = await client.call<{ message: string }>('GET', '/apis/nothing.example/v1/things')
    expect([resource.status, resource.body.message]).toEqual([
      404,
      'the server could not find the requested resource',
    ])
  })
})

describe('writing', () => {
  test('a pod gets the defaults that the kubelet relies on', async () => {
    const { status, body } = await client.call('POST', pods, podNamed('one'))
    expect(status).toBe(201)
    expect(body).toMatchObject({
      metadata: { namespace: 'kube-system', uid: expect.any(String) },
      spec: {
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 30,
        serviceAccountName: 'default',
        containers: [{ terminationMessagePath: '/dev/termination-log', imagePullPolicy: 'IfNotPresent' }],
      },
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    })
  })

  test('a pod without containers or with a bad label is 422 and names the field', async () => {
    const empty = await client.call<{ message: string; reason: string }>('POST', pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'x' },
      spec: { containers: [] },
    })
    expect([empty.status, empty.body.reason]).toEqual([422, 'Invalid'])
    expect(empty.body.message).toBe('Pod "x" is invalid: spec.containers: Required value')
    const label = await client.call<{ message: string }>('POST', pods, podNamed('x', { run: 'a/b' }))
    expect(label.body.message).toContain('metadata.labels: Invalid value: "a/b": a valid label must be')
  })

  test('a field that no pod has, or of the wrong type, is 400', async () => {
    const unknown = await client.call<{ message: string }>(
      'POST',
      pods,
      podNamed('x', {}, { hostNetwrok: true }),
    )
    expect(unknown.status).toBe(400)
    expect(unknown.body.message).toContain('strict decoding error: unknown field "spec.hostNetwrok"')
    const wrong = await client.call<{ message: string }>(
      'POST',
      pods,
      podNamed('x', {}, { hostNetwork: 'yes' }),
    )
    expect(wrong.status).toBe(400)
    expect(wrong.body.message).toContain(
      'cannot unmarshal string into Go struct field spec.hostNetwork of type bool',
    )
  })

  test('with dryRun everything is checked and nothing stored', async () => {
    expect((await client.call('POST', `${pods}?dryRun=All`, podNamed('one'))).status).toBe(201)
    expect((await client.call('GET', `${pods}/one`)).status).toBe(404)
  })

  test('deletecollection takes the labelled pods and leaves the rest', async () => {
    for (const [name, run] of [
      ['one', 'a'],
      ['two', 'a'],
      ['three', 'b'],
    ] as const) {
      await client.call('POST', pods, podNamed(name, { run }, { nodeName: 'a' }))
    }
    const { status, body } = await client.call<List & { kind: string }>(
      'DELETE',
      `${pods}?labelSelector=run%3Da`,
      { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 },
    )
    expect([status, body.kind, namesOf(body)]).toEqual([200, 'PodList', ['one', 'two']])
    expect(namesOf((await client.call<List>('GET', pods)).body)).toEqual(['three'])
  })

  test('a graceful delete answers with the pod that is going', async () => {
    await client.call('POST', pods, podNamed('one', {}, { nodeName: 'a' }))
    const { body } = await client.call('DELETE', `${pods}/one`, { gracePeriodSeconds: 7 })
    expect(body).toMatchObject({
      kind: 'Pod',
      metadata: { deletionGracePeriodSeconds: 7, deletionTimestamp: expect.any(String) },
    })
  })

  test('cordons a node by patch and refuses an unknown patch type', async () => {
    const patched = await client.call(
      'PATCH',
      '/api/v1/nodes/a',
      { spec: { unschedulable: true } },
      'application/merge-patch+json',
    )
    expect(patched.body).toMatchObject({ spec: { unschedulable: true } })
    const strange = await client.call('PATCH', '/api/v1/nodes/a', {}, 'application/json')
    expect(strange.status).toBe(415)
  })

  test('a patch of an old version is 409, also of a service', async () => {
    const services = '/api/v1/namespaces/default/services'
    const { body } = await client.call<{ metadata: { resourceVersion: string } }>('POST', services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    })
    expect(body).toMatchObject({ spec: { externalTrafficPolicy: 'Cluster', clusterIP: expect.any(String) } })
    const change = {
      metadata: { resourceVersion: body.metadata.resourceVersion },
      spec: { externalTrafficPolicy: 'Local' },
    }
    const path = `${services}/web`
    const first = await client.call('PATCH', path, change, 'application/merge-patch+json')
    expect(first.body).toMatchObject({
      spec: { externalTrafficPolicy: 'Local', healthCheckNodePort: expect.any(Number) },
    })
    const second = await client.call<{ message: string }>(
      'PATCH',
      path,
      change,
      'application/merge-patch+json',
    )
    expect(second.status).toBe(409)
    expect(second.body.message).toContain(
      'Operation cannot be fulfilled on services "web": the object has been modified',
    )
  })
})
