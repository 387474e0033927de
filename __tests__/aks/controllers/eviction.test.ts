import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { startAks } from '../aks.ts'
import { type Client, clientOf } from '../test-client.ts'
import type { KubeObject, Pod, SmallAks } from '../types.ts'

const idle = { state: { answer: '' }, fault: 'dead' } as const
const labels = { app: 'web' }

let aks: SmallAks
let client: Client

function deployment(replicas: number): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
    },
  } as KubeObject
}

function budget(spec: object): KubeObject {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { selector: { matchLabels: labels }, ...spec },
  } as KubeObject
}

function podsNow(): Pod[] {
  return aks.store.list<Pod>('pods', { namespace: 'shop' })
}

/** Starts the deployment and waits until its pods are bound and ready; later ones stay pending. */
async function start(replicas: number, budgets: KubeObject[]): Promise<void> {
  aks = await startAks({
    nodes: [
      { name: 'a', ...idle },
      { name: 'b', ...idle },
    ],
  })
  client = clientOf(aks)
  let ready = 0
  const all = new Promise<void>((resolve) => {
    aks.store.watch<Pod>('pods', {}, ({ type, object }) => {
      if (type === 'DELETED' || !object.spec.nodeName || object.status.phase === 'Running') return
      if (object.metadata.deletionTimestamp || ready >= replicas) return
      aks.store.patch('pods', 'shop', object.metadata.name, {
        status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
      })
      if (++ready === replicas) setImmediate(resolve)
    })
  })
  aks.store.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  for (const object of budgets) aks.store.create('poddisruptionbudgets.policy', object)
  aks.store.create('deployments.apps', deployment(replicas))
  await all
}

function evict(name: string | undefined, query = '') {
  return client.call<{ message: string; reason: string; details: unknown }>(
    'POST',
    `/api/v1/namespaces/shop/pods/${name}/eviction${query}`,
    { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'shop' } },
  )
}

beforeEach(() => start(2, [budget({ minAvailable: 2 })]))

afterEach(async () => {
  client.close()
  await aks.stop()
})

describe('an eviction', () => {
  test('that would break the budget is 429 and names it', async () => {
    const [pod] = podsNow()
    const { status, body } = await evict(pod?.metadata.name)
    expect(status).toBe(429)
    expect(body).toMatchObject({
      reason: 'TooManyRequests',
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: {
        causes: [
          {
            reason: 'DisruptionBudget',
            message: 'The disruption budget web needs 2 healthy pods and has 2 currently',
          },
        ],
      },
    })
    expect(podsNow().some(({ metadata }) => metadata.deletionTimestamp)).toBe(false)
  })

  test('passes once the budget allows it, and only as often as it does', async () => {
    aks.store.patch('poddisruptionbudgets.policy', 'shop', 'web', { spec: { minAvailable: 1 } })
    const [first, second] = podsNow()
    expect((await evict(first?.metadata.name, '?dryRun=All')).status).toBe(201)
    expect((await evict(first?.metadata.name)).status).toBe(201)
    expect(
      aks.store.get('pods', 'shop', first?.metadata.name ?? '')?.metadata.deletionTimestamp,
    ).toBeDefined()
    expect((await evict(second?.metadata.name)).status).toBe(429)
  })

  test('of a pod that is not there is 404', async () => {
    expect((await evict('none')).status).toBe(404)
  })

  test('makes the deployment start another pod elsewhere than on a cordoned node', async () => {
    aks.store.patch('poddisruptionbudgets.policy', 'shop', 'web', { spec: { minAvailable: 1 } })
    aks.store.patch('nodes', '', 'a', { spec: { unschedulable: true } })
    const pod = podsNow().find(({ spec }) => spec.nodeName === 'a')
    const bound = new Promise<string>((resolve) => {
      aks.store.watch<Pod>('pods', { fieldSelector: 'spec.nodeName=b' }, ({ type, object }) => {
        if (type === 'ADDED') resolve(object.metadata.name)
      })
    })
    await evict(pod?.metadata.name)
    expect(podsNow().map(({ metadata }) => metadata.name)).toContain(await bound)
  })

  test('is reckoned from the percentage of the wanted replicas', async () => {
    aks.store.patch('poddisruptionbudgets.policy', 'shop', 'web', { spec: { minAvailable: '100%' } })
    expect((await evict(podsNow()[0]?.metadata.name)).status).toBe(429)
    aks.store.patch('poddisruptionbudgets.policy', 'shop', 'web', {
      spec: { minAvailable: null, maxUnavailable: 1 },
    })
    expect((await evict(podsNow()[0]?.metadata.name)).status).toBe(201)
  })
})

test('the budget tells how many disruptions it allows', async () => {
  const { body } = await client.call('GET', '/apis/policy/v1/namespaces/shop/poddisruptionbudgets/web')
  expect(body).toMatchObject({
    status: { currentHealthy: 2, desiredHealthy: 2, expectedPods: 2, disruptionsAllowed: 0 },
  })
})
