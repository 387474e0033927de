import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { startAks } from '../aks.ts'
import type { Workload } from '../kinds/workloads.ts'
import { type Client, clientOf } from '../test-client.ts'
import type { AksOptions, KubeObject, Pod, SmallAks } from '../types.ts'

const path = '/apis/apps/v1/namespaces/kube-system/daemonsets'
const idle = { state: { answer: '' }, fault: 'dead' } as const

let aks: SmallAks
let client: Client

async function start(options: AksOptions = {}): Promise<void> {
  aks = await startAks({
    nodes: [
      { name: 'a', ...idle },
      { name: 'b', ...idle },
    ],
    ...options,
  })
  client = clientOf(aks)
}

beforeEach(() => start())

afterEach(async () => {
  client.close()
  await aks.stop()
})

function daemonSet(image = 'x:1', spec: object = {}): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'tuner' },
    spec: {
      selector: { matchLabels: { app: 'tuner' } },
      template: {
        metadata: { labels: { app: 'tuner' } },
        spec: { ...spec, containers: [{ name: 'tuner', image }] },
      },
    },
  }
}

function podsNow(): Pod[] {
  return aks.store.list<Pod>('pods', { labelSelector: 'app=tuner' })
}

function makeReady(pod: Pod): void {
  aks.store.patch('pods', 'kube-system', pod.metadata.name, {
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  })
}

/** Resolves with the DaemonSet when its status is as wanted. */
function settled(test: (status: Record<string, unknown>, generation: number) => boolean): Promise<Workload> {
  return new Promise((resolve) => {
    const stop = aks.store.watch<Workload>('daemonsets.apps', { from: 'start' }, ({ object }) => {
      if (!test(object.status, object.metadata.generation ?? 0)) return
      setImmediate(() => stop())
      resolve(object)
    })
  })
}

describe('a DaemonSet', () => {
  test('gets a pod on every node, also on cordoned ones, and counts them', async () => {
    await client.call(
      'PATCH',
      '/api/v1/nodes/b',
      { spec: { unschedulable: true } },
      'application/merge-patch+json',
    )
    await client.call('POST', path, daemonSet())
    await settled((status) => status.currentNumberScheduled === 2)
    expect(new Set(podsNow().map(({ spec }) => spec.nodeName))).toEqual(new Set(['a', 'b']))
    expect(podsNow()[0]?.metadata.ownerReferences?.[0]).toMatchObject({
      kind: 'DaemonSet',
      name: 'tuner',
      controller: true,
    })
    for (const pod of podsNow()) makeReady(pod)
    const { status } = await settled(({ numberAvailable }) => numberAvailable === 2)
    expect(status).toEqual({
      observedGeneration: 1,
      desiredNumberScheduled: 2,
      currentNumberScheduled: 2,
      updatedNumberScheduled: 2,
      numberMisscheduled: 0,
      numberReady: 2,
      numberAvailable: 2,
    })
  })

  test('follows nodes that come and go', async () => {
    await client.call('POST', path, daemonSet())
    await settled((status) => status.currentNumberScheduled === 2)
    await aks.addNode({ name: 'c', ...idle })
    await settled((status) => status.currentNumberScheduled === 3)
    await aks.removeNode('a')
    await settled((status) => status.desiredNumberScheduled === 2 && status.currentNumberScheduled === 2)
    expect(new Set(podsNow().map(({ spec }) => spec.nodeName))).toEqual(new Set(['b', 'c']))
  })

  test('keeps off nodes whose taint it does not tolerate', async () => {
    await aks.addNode({ name: 'c', ...idle, taints: [{ key: 'gpu', effect: 'NoSchedule' }] })
    await client.call('POST', path, daemonSet())
    const { status } = await settled(({ currentNumberScheduled }) => currentNumberScheduled === 2)
    expect(status.desiredNumberScheduled).toBe(2)
  })

  test('makes a pod again that was deleted', async () => {
    await client.call('POST', path, daemonSet())
    await settled((status) => status.currentNumberScheduled === 2)
    const [first] = podsNow()
    const again = aks.events.once('pod-created')
    await client.call(
      'DELETE',
      `/api/v1/namespaces/kube-system/pods/${first?.metadata.name}?gracePeriodSeconds=0`,
    )
    const [pod] = await again
    expect(pod.spec.nodeName).toBe(first?.spec.nodeName)
  })

  test('replaces its pods one by one when the template changes', async () => {
    await client.call('POST', path, daemonSet('x:1'))
    await settled((status) => status.currentNumberScheduled === 2)
    for (const pod of podsNow()) makeReady(pod)
    await settled((status) => status.numberAvailable === 2)
    let mostDown = 0
    aks.events.on('pod-deleting', (pod) => {
      const up = podsNow().filter(
        ({ metadata, status }) => !metadata.deletionTimestamp && status.phase === 'Running',
      )
      mostDown = Math.max(mostDown, 2 - up.length)
      setImmediate(() =>
        aks.store.delete('pods', 'kube-system', pod.metadata.name, { gracePeriodSeconds: 0 }),
      )
    })
    aks.events.on('pod-created', (pod) => setImmediate(() => makeReady(pod)))
    await client.call('PUT', `${path}/tuner`, daemonSet('x:2'))
    await settled(
      (status, generation) =>
        generation === 2 &&
        status.observedGeneration === 2 &&
        status.updatedNumberScheduled === 2 &&
        status.numberAvailable === 2,
    )
    expect(podsNow().map(({ spec }) => spec.containers[0]?.image)).toEqual(['x:2', 'x:2'])
    expect(mostDown).toBe(1)
  })

  test('replaces a pod that has failed, but not over and over', async () => {
    await client.call('POST', path, daemonSet())
    await settled((status) => status.currentNumberScheduled === 2)
    const fail = (pod: Pod) =>
      aks.store.patch('pods', 'kube-system', pod.metadata.name, { status: { phase: 'Failed' } })
    const [first] = podsNow()
    if (!first) throw new Error('there is no pod')
    const again = aks.events.once('pod-created')
    fail(first)
    const [second] = await again
    expect(second.spec.nodeName).toBe(first.spec.nodeName)
    fail(second)
    await settled(() => true)
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    expect(aks.store.get('pods', 'kube-system', second.metadata.name)).toBeDefined()
  })

  test('takes its pods along when it is deleted', async () => {
    await client.call('POST', path, daemonSet())
    await settled((status) => status.currentNumberScheduled === 2)
    const gone = [
      aks.events.once('pod-deleting'),
      aks.events.once('pod-deleting', (pod) => pod.spec.nodeName === 'b'),
    ]
    await client.call('DELETE', `${path}/tuner`)
    await Promise.all(gone)
    expect(podsNow().every(({ metadata }) => metadata.deletionTimestamp)).toBe(true)
  })

  test('deleted in the foreground stays until its pods are gone', async () => {
    await client.call('POST', path, daemonSet())
    await settled((status) => status.currentNumberScheduled === 2)
    const deleting = aks.events.once('pod-deleting', () =>
      podsNow().every(({ metadata }) => metadata.deletionTimestamp),
    )
    await client.call('DELETE', `${path}/tuner?propagationPolicy=Foreground`)
    await deleting
    expect((await client.call('GET', `${path}/tuner`)).body).toMatchObject({
      metadata: { finalizers: ['foregroundDeletion'], deletionTimestamp: expect.any(String) },
    })
    const gone = new Promise((resolve) => {
      aks.store.watch('daemonsets.apps', {}, ({ type }) => type === 'DELETED' && resolve(undefined))
    })
    for (const { metadata } of podsNow())
      aks.store.delete('pods', 'kube-system', metadata.name, { gracePeriodSeconds: 0 })
    await gone
    expect(podsNow()).toEqual([])
  })
})

test('a DaemonSet whose pods are refused says so in an event and has none', async () => {
  const namespace: KubeObject = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'safe', labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } },
  }
  await aks.stop()
  client.close()
  await start({ objects: [namespace] })
  await client.call('POST', path.replace('kube-system', 'safe'), daemonSet('x:1', { hostNetwork: true }))
  await settled((status) => status.desiredNumberScheduled === 2)
  const { body } = await client.call<{ items: { reason: string; message: string }[] }>(
    'GET',
    '/api/v1/namespaces/safe/events?fieldSelector=involvedObject.name%3Dtuner',
  )
  expect(body.items[0]?.reason).toBe('FailedCreate')
  expect(body.items[0]?.message).toMatch(
    /^Error creating: pods "tuner-\w{5}" is forbidden: violates PodSecurity "baseline:latest": host namespaces \(hostNetwork=true\)$/,
  )
  expect(podsNow()).toEqual([])
})
