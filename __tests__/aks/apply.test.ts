import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { startAks } from './aks.ts'
import { type Client, clientOf } from './test-client.ts'
import type { KubeObject, SmallAks } from './types.ts'

const path = '/apis/apps/v1/namespaces/kube-system/daemonsets/tuner'
const applyType = 'application/apply-patch+yaml'

let aks: SmallAks
let client: Client

beforeEach(async () => {
  aks = await startAks({
    nodes: [],
    users: [
      { name: 'admin', groups: ['system:masters'] },
      {
        name: 'patcher',
        rules: [{ apiGroups: ['apps'], resources: ['daemonsets'], verbs: ['get', 'patch'] }],
      },
    ],
  })
  client = clientOf(aks)
})

afterEach(async () => {
  client.close()
  await aks.stop()
})

interface DaemonSet extends KubeObject {
  spec: { template: { spec: { containers: { name: string; image: string; env?: unknown[] }[] } } }
}

function daemonSet(image: string, more: object = {}): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'tuner', labels: { app: 'tuner' } },
    spec: {
      selector: { matchLabels: { app: 'tuner' } },
      template: {
        metadata: { labels: { app: 'tuner' } },
        spec: { containers: [{ name: 'tuner', image, ...more }] },
      },
    },
  }
}

function apply(body: object, manager: string, options = '') {
  return client.call<DaemonSet & { message: string; details: unknown }>(
    'PATCH',
    `${path}?fieldManager=${manager}${options}`,
    body,
    applyType,
  )
}

describe('server-side apply', () => {
  test('makes what is not there and changes what is', async () => {
    const made = await apply(daemonSet('x:1'), 'action')
    expect([made.status, made.body.metadata.generation]).toEqual([201, 1])
    const changed = await apply(daemonSet('x:2'), 'action')
    expect([changed.status, changed.body.metadata.generation]).toEqual([200, 2])
    expect(changed.body.spec.template.spec.containers[0]).toMatchObject({
      image: 'x:2',
      imagePullPolicy: 'IfNotPresent',
    })
  })

  test('of the same again writes nothing', async () => {
    await apply(daemonSet('x:1'), 'action')
    const before = aks.store.resourceVersion
    expect((await apply(daemonSet('x:1'), 'action')).status).toBe(200)
    expect(aks.store.resourceVersion).toBe(before)
  })

  test('takes away what is no longer applied and was only ours', async () => {
    await apply(
      daemonSet('x:1', {
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
      }),
      'action',
    )
    const { body } = await apply(daemonSet('x:1', { env: [{ name: 'B', value: '2' }] }), 'action')
    expect(body.spec.template.spec.containers[0]?.env).toEqual([{ name: 'B', value: '2' }])
  })

  test('leaves what others own', async () => {
    await apply(daemonSet('x:1'), 'action')
    const labels = {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'tuner', labels: { team: 'web' } },
    }
    await apply(labels, 'other')
    expect((await apply(daemonSet('x:2'), 'action')).body.metadata.labels).toEqual({
      app: 'tuner',
      team: 'web',
    })
  })

  test('is refused where another applier owns a field with another value', async () => {
    await apply(daemonSet('x:1'), 'gitops')
    const { status, body } = await apply(daemonSet('x:2'), 'action')
    expect(status).toBe(409)
    expect(body.message).toBe(
      'Apply failed with 1 conflict: conflict with "gitops": .spec.template.spec.containers[name="tuner"].image',
    )
    expect(body.details).toMatchObject({
      causes: [
        {
          reason: 'FieldManagerConflict',
          message: 'conflict with "gitops"',
          field: '.spec.template.spec.containers[name="tuner"].image',
        },
      ],
    })
  })

  test('is refused where somebody has patched a field since, and names when', async () => {
    await apply(daemonSet('x:1'), 'action')
    const image = { spec: { template: { spec: { containers: [{ name: 'tuner', image: 'x:9' }] } } } }
    await client.call(
      'PATCH',
      `${path}?fieldManager=kubectl-edit`,
      image,
      'application/strategic-merge-patch+json',
    )
    const { status, body } = await apply(daemonSet('x:2'), 'action')
    expect(status).toBe(409)
    expect(body.message).toMatch(
      /^Apply failed with 1 conflict: conflict with "kubectl-edit" using apps\/v1 at \d{4}-\S+Z: \.spec\.template\.spec\.containers\[name="tuner"\]\.image$/,
    )
  })

  test('lists several conflicts one a line', async () => {
    await apply(daemonSet('x:1', { command: ['a'] }), 'gitops')
    const { body } = await apply(daemonSet('x:2', { command: ['b'] }), 'action')
    expect(body.message).toBe(
      'Apply failed with 2 conflicts: conflicts with "gitops":\n- .spec.template.spec.containers[name="tuner"].image\n- .spec.template.spec.containers[name="tuner"].command',
    )
  })

  test('with force takes the field over, and then owns it alone', async () => {
    await apply(daemonSet('x:1'), 'gitops')
    const { status, body } = await apply(daemonSet('x:2'), 'action', '&force=true')
    expect([status, body.spec.template.spec.containers[0]?.image]).toEqual([200, 'x:2'])
    const back = await apply(daemonSet('x:1'), 'gitops')
    expect(back.body.message).toContain('conflict with "action"')
  })

  test('needs a field manager, and the right to create what is not there', async () => {
    const unnamed = await client.call<{ message: string }>('PATCH', path, daemonSet('x:1'), applyType)
    expect([unnamed.status, unnamed.body.message]).toEqual([
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    ])
    const patcher = clientOf(aks, 'patcher')
    const refused = await patcher.call<{ message: string }>(
      'PATCH',
      `${path}?fieldManager=a`,
      daemonSet('x:1'),
      applyType,
    )
    patcher.close()
    expect(refused.status).toBe(403)
    expect(refused.body.message).toContain(
      'User "patcher" cannot create resource "daemonsets" in API group "apps"',
    )
  })

  test('cannot change the selector', async () => {
    await apply(daemonSet('x:1'), 'action')
    const other = JSON.parse(
      JSON.stringify(daemonSet('x:1')).replaceAll('"app":"tuner"', '"app":"else"'),
    ) as object
    const { status, body } = await apply(other, 'action')
    expect(status).toBe(422)
    expect(body.message).toContain(
      'spec.selector: Invalid value: {"matchLabels":{"app":"else"}}: field is immutable',
    )
  })
})
