import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from '@jest/globals'
import { connect } from '../../src/cluster/connect.ts'
import { readDataplane } from '../../src/cluster/dataplane.ts'
import type { KubeApi, ObjectMeta } from '../../src/cluster/kube-api.ts'
import { listAll } from '../../src/cluster/list.ts'
import { listExternalServices } from '../../src/cluster/services.ts'
import { watchCollection } from '../../src/cluster/watch.ts'
import { type AksOptions, type KubeObject, type SmallAks, startAks } from '../aks/aks.ts'
import { rejection } from './support/api.ts'

let aks: SmallAks | undefined
let api: KubeApi | undefined

afterEach(async () => {
  await api?.close()
  await aks?.stop()
})

async function start(options: AksOptions, user?: string): Promise<{ aks: SmallAks; api: KubeApi }> {
  aks = await startAks({ nodes: [], ...options })
  const environment = { HOME: '/nonexistent' }
  const connection = await connect(
    { kubeconfig: aks.kubeconfig(user), context: '' },
    { environment, mask: () => {} },
  )
  api = connection.api
  return { aks, api }
}

const service = (name: string, spec: object): KubeObject & { spec: object } => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec: { ports: [{ port: 80 }], ...spec },
})

const daemonSet = (name: string): KubeObject & { spec: object } => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name, namespace: 'kube-system' },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
})

const admin = { name: 'admin', groups: ['system:masters'] }

describe('the services that take traffic from outside', () => {
  const objects = [
    service('front', { type: 'LoadBalancer', externalTrafficPolicy: 'Cluster' }),
    service('edge', { type: 'NodePort', externalTrafficPolicy: 'Local' }),
    service('unset', { type: 'LoadBalancer' }),
    service('inside', { type: 'ClusterIP' }),
  ]

  test('are listed with their policy, which is Cluster where it is not set', async () => {
    const { api } = await start({ objects })
    const services = await listExternalServices(api)
    expect(services).toEqual({
      value: [
        {
          namespace: 'shop',
          name: 'edge',
          type: 'NodePort',
          policy: 'Local',
          resourceVersion: expect.any(String),
        },
        {
          namespace: 'shop',
          name: 'front',
          type: 'LoadBalancer',
          policy: 'Cluster',
          resourceVersion: expect.any(String),
        },
        {
          namespace: 'shop',
          name: 'unset',
          type: 'LoadBalancer',
          policy: 'Cluster',
          resourceVersion: expect.any(String),
        },
      ],
    })
  })

  test('are unknown, with the right that is missing, to a user that may not list them', async () => {
    const { api } = await start({ objects, users: [admin, { name: 'nobody' }] }, 'nobody')
    expect(await listExternalServices(api)).toEqual({
      unknown: 'the right services/list in the whole cluster is missing',
    })
  })

  test('are all listed where they fill several pages', async () => {
    const many = Array.from({ length: 1203 }, (_, index) => service(`s${index}`, { type: 'NodePort' }))
    const { api, aks } = await start({ objects: many })
    const services = await listExternalServices(api)
    expect('value' in services && services.value.length).toBe(1203)
    expect(aks.requests.filter(({ path }) => path === '/api/v1/services')).toHaveLength(3)
  })
})

describe('the dataplane', () => {
  const label = 'kubernetes.azure.com/ebpf-dataplane'

  test('is Cilium without kube-proxy where the DaemonSets say so', async () => {
    const { api } = await start({ objects: [daemonSet('cilium')] })
    expect(await readDataplane(api)).toEqual({ dataplane: 'cilium', kubeProxy: false })
  })

  test('is not named where only kube-proxy is there', async () => {
    const { api } = await start({ objects: [daemonSet('kube-proxy')] })
    expect(await readDataplane(api)).toEqual({ kubeProxy: true })
  })

  test('is Cilium by the label of a node to a user that may only list nodes, and kube-proxy stays unknown', async () => {
    const reader = { name: 'reader', rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }] }
    const nodes = [{ name: 'n', labels: { [label]: 'cilium' } }]
    const { api } = await start({ nodes, users: [admin, reader] }, 'reader')
    expect(await readDataplane(api)).toEqual({ dataplane: 'cilium' })
  })

  test('stays unknown to a user that may do nothing, who is told which right that takes', async () => {
    const { api } = await start(
      { objects: [daemonSet('cilium')], users: [admin, { name: 'nobody' }] },
      'nobody',
    )
    expect(await readDataplane(api)).toEqual({
      dataplaneUnknown: 'the right daemonsets.apps/get in "kube-system" is missing',
    })
  })
})

describe('a watch of a collection', () => {
  const configMap = (name: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'shop', labels: { run: 'x' } },
  })

  test('misses nothing and tells nothing twice while connections are cut, history is lost and the server goes away', async () => {
    const { aks, api } = await start({ objects: [configMap('first')], watchHistory: 50 })
    const controller = new AbortController()
    const present = new Set<string>()
    const doubled: string[] = []
    const following = rejection(
      (async () => {
        const path = '/api/v1/namespaces/shop/configmaps'
        const query = { labelSelector: 'run=x' }
        for await (const event of watchCollection<{ metadata: ObjectMeta }>(api, {
          path,
          query,
          signal: controller.signal,
        })) {
          if (event.type === 'SYNCED') continue
          const { name } = event.object.metadata
          if (event.type === 'ADDED' && present.has(name)) doubled.push(name)
          if (event.type === 'DELETED') present.delete(name)
          else present.add(name)
        }
      })(),
    )
    const until = async (done: () => boolean) => {
      while (!done()) await delay(10)
    }

    await until(() => present.has('first'))
    for (let round = 0; round < 5; round++) {
      for (let index = 0; index < 30; index++) aks.store.create('configmaps', configMap(`r${round}-${index}`))
      if (round === 0) aks.closeWatches()
      if (round === 1) aks.misbehave({ match: { path: /configmaps/, watch: true, times: 1 }, do: 'gone' })
      if (round === 2) {
        await aks.goAway()
        for (let index = 0; index < 60; index++) aks.store.create('configmaps', configMap(`away-${index}`))
        aks.store.delete('configmaps', 'shop', 'first')
        await aks.comeBack()
      }
      if (round === 3) aks.closeWatches()
      await delay(20)
    }
    const wanted = new Set(aks.store.list('configmaps').map(({ metadata }) => String(metadata.name)))
    await until(() => present.size === wanted.size)
    expect(present).toEqual(wanted)
    expect(present.has('first')).toBe(false)
    expect(doubled).toEqual([])
    const reason = new Error('done')
    controller.abort(reason)
    expect(await following).toBe(reason)
  })

  test('a list while the API server is away for a moment succeeds when it is back', async () => {
    const { aks, api } = await start({ objects: [configMap('first')] })
    await aks.goAway()
    const listing = listAll(api, { path: '/api/v1/namespaces/shop/configmaps' })
    await delay(300)
    await aks.comeBack()
    expect((await listing).items).toHaveLength(1)
  })
})
