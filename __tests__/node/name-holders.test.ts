import { describe, expect, test } from '@jest/globals'
import { listServices } from '../../src/cluster/services.ts'
import { nameHolders } from '../../src/node/name-holders.ts'
import type { NodeResult, PodSockets, Reading, RemoteName } from '../../src/node/reading.ts'
import type { AksOptions, KubeObject, Pod } from '../aks/types.ts'
import { node as info, reading, tuple } from '../support/readings.ts'
import { type Bed, bed } from './support.ts'

const nodes = [{ name: 'np1-0' }, { name: 'np1-1' }].map((node) => ({ ...node, ready: false }))

function pod(
  name: string,
  of: { node?: string; ip?: string; phase?: string; hostNetwork?: boolean } = {},
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: {
      nodeName: of.node ?? 'np1-0',
      containers: [{ name: 'a', image: 'example.org/a:1' }],
      ...(of.hostNetwork && { hostNetwork: true }),
    },
    status: { phase: (of.phase ?? 'Running') as 'Running', ...(of.ip !== undefined && { podIP: of.ip }) },
  }
}

function service(name: string, clusterIP: string): KubeObject {
  const spec = { type: 'ClusterIP', clusterIP, ports: [{ port: 80 }] }
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'data' }, spec } as KubeObject
}

const sockets = (uid: string | undefined, address: string): PodSockets => ({
  ...(uid !== undefined && { uid }),
  tcpInUse: 5,
  timeWait: 100,
  destination: {
    value: { remoteAddress: address, remotePort: 5432, ports: 90, portsInDefaultRange: 90, timeWait: 80 },
  },
})

const read = (name: string, address: string, of: Partial<Reading>): NodeResult => ({
  kind: 'read',
  node: info(name, { internalAddress: address }),
  reading: { ...reading({ busiestTuples: { value: [] } }), ...of },
})

function uidOf({ aks }: Bed, name: string): string {
  const uid = aks.store.get('pods', 'shop', name)?.metadata.uid
  if (uid === undefined) throw new Error(`no pod ${name}`)
  return uid
}

/** What the first node's pods are called, and where they go, after one naming of all nodes. */
async function named(on: Bed, results: NodeResult[], user?: string) {
  const api = user === undefined ? on.api : on.as(user)
  const { addresses } = await listServices(on.api)
  const before = on.aks.requests.length
  const found = await nameHolders(api, results, { nodes: ['np1-0', 'np1-1'], services: addresses })
  const calls = on.aks.requests.slice(before).map(({ path, query }) => `${path} ${query.fieldSelector}`)
  const [first] = found.results
  const pods = first?.kind === 'read' ? first.reading.busiestPods : undefined
  const list = pods && 'value' in pods ? pods.value : []
  const remotes = list.map(({ destination: to }): RemoteName | undefined =>
    'value' in to && to.value !== null ? to.value.remote : undefined,
  )
  return { ...found, calls, names: list.map(({ pod: name }) => name), remotes, pods: list }
}

const onBed = async (options: Partial<AksOptions>, pods: (on: Bed) => PodSockets[], user?: string) => {
  await using on = await bed({ nodes, ...options })
  const results = [
    read('np1-0', '10.224.0.4', { busiestPods: { value: pods(on) } }),
    read('np1-1', '10.224.0.9', {}),
  ]
  return await named(on, results, user)
}

describe('naming what holds connections', () => {
  test('finds a pod by its UID with one request a node, and the owner above its ReplicaSet', async () => {
    const web = pod('web-5d8f-abc')
    web.metadata.labels = { 'pod-template-hash': '5d8f' }
    web.metadata.ownerReferences = [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d8f', uid: 'x', controller: true },
    ]
    const found = await onBed({ objects: [web] }, (on) => [sockets(uidOf(on, 'web-5d8f-abc'), '127.0.0.1')])
    expect(found.names).toEqual([
      { namespace: 'shop', name: 'web-5d8f-abc', owner: { kind: 'Deployment', name: 'web' } },
    ])
    expect(found.calls).toEqual(['/api/v1/pods spec.nodeName=np1-0'])
    expect(found).not.toHaveProperty('unknown')
  })

  test('finds a static pod by the hash of its manifest, and no other pod by what anybody may annotate', async () => {
    const hash = '0123456789abcdef0123456789abcdef'
    const fixed = pod('etcd')
    fixed.metadata.annotations = { 'kubernetes.io/config.hash': hash }
    const uid = '12345678-89ab-4def-8123-456789abcdef'
    const fake = pod('fake')
    fake.metadata.annotations = { 'kubernetes.io/config.hash': uid }
    const found = await onBed({ objects: [fixed, fake] }, () => [sockets(hash, '::1'), sockets(uid, '::1')])
    expect(found.names).toEqual([{ namespace: 'shop', name: 'etcd' }, undefined])
  })

  test('finds nodes, services and what every machine of Azure reaches without a request', async () => {
    const all = ['10.224.0.9', '10.0.0.77', '168.63.129.16']
    const objects = [service('pg', '10.0.0.77')]
    const found = await onBed({ objects }, () => all.map((address) => sockets(undefined, address)))
    expect(found.remotes).toEqual([
      { kind: 'node', name: 'np1-1' },
      { kind: 'service', namespace: 'data', name: 'pg' },
      { kind: 'azure', name: 'Azure DNS and platform' },
    ])
    expect(found.calls).toEqual([])
  })

  test('asks for the pod that has an address, which one that is over has no more', async () => {
    const objects = [
      pod('old', { ip: '10.1.0.7', phase: 'Succeeded', node: 'np1-1' }),
      pod('pg-0', { ip: '10.1.0.7', node: 'np1-1' }),
      pod('agent', { ip: '10.224.9.9', node: 'far', hostNetwork: true }),
      pod('one', { ip: '10.1.0.8', node: 'np1-1' }),
      pod('two', { ip: '10.1.0.8', node: 'np1-1' }),
    ]
    const all = ['10.1.0.7', '10.224.9.9', '10.1.0.8', '20.1.2.3']
    const found = await onBed({ objects }, () => all.map((address) => sockets(undefined, address)))
    expect(found.remotes).toEqual([
      { kind: 'pod', namespace: 'shop', name: 'pg-0' },
      { kind: 'node', name: 'far' },
      undefined,
      undefined,
    ])
    expect(found.calls.toSorted()).toEqual(
      all.map((address) => `/api/v1/pods status.podIP=${address}`).toSorted(),
    )
  })

  test('asks nothing for an address of a pod of a node that it has asked for', async () => {
    const objects = [pod('web', { ip: '10.1.0.1' }), pod('pg-0', { ip: '10.1.0.7' })]
    const found = await onBed({ objects }, (on) => [sockets(uidOf(on, 'web'), '10.1.0.7')])
    expect(found.remotes).toEqual([{ kind: 'pod', namespace: 'shop', name: 'pg-0' }])
    expect(found.calls).toHaveLength(1)
  })

  test('takes the range of ports that a pod sets in its manifest', async () => {
    const web = pod('web')
    const name = 'net.ipv4.ip_local_port_range'
    web.spec.securityContext = { sysctls: [{ name, value: '1024 65535' }] }
    const odd = pod('odd')
    odd.spec.securityContext = { sysctls: [{ name, value: '9000 80' }] }
    const found = await onBed({ objects: [web, odd] }, (on) => [
      sockets(uidOf(on, 'web'), '::1'),
      sockets(uidOf(on, 'odd'), '::1'),
    ])
    expect(found.pods.map(({ portRange }) => portRange)).toEqual([{ first: 1024, last: 65_535 }, undefined])
  })

  test('names the busiest destination of the node itself, where no pods were looked into', async () => {
    await using on = await bed({ nodes, objects: [service('pg', '10.0.0.77')] })
    const busiestTuples = { value: [tuple({ remoteAddress: '10.0.0.77' })] }
    const { results } = await named(on, [read('np1-0', '10.224.0.4', { busiestTuples })])
    expect(results[0]).toMatchObject({
      reading: { busiestTuples: { value: [{ remote: { kind: 'service', name: 'pg' } }] } },
    })
  })

  test('leaves UIDs and addresses as they are without the right to list pods, and asks only once', async () => {
    const users = [{ name: 'poor', rules: [] }]
    const pods = () => ['10.1.0.7', '10.1.0.8'].map((address) => sockets('x', address))
    const found = await onBed({ users }, pods, 'poor')
    expect(found.names).toEqual([undefined, undefined])
    expect(found.unknown).toBe('the right pods/list in the whole cluster is missing')
    expect(found.calls).toHaveLength(1)
  })

  test('asks about ten addresses at most, and not at all about other nodes', async () => {
    await using on = await bed({ nodes })
    const pods = (from: number) =>
      Array.from({ length: 5 }, (_, n) => sockets(undefined, `10.1.${from}.${n + 1}`))
    const results = ['np1-0', 'np1-1', 'np1-2', 'np1-3'].map((name, n) =>
      read(name, `10.224.0.${n}`, { busiestPods: { value: pods(n) } }),
    )
    await nameHolders(on.api, results, { nodes: ['np1-2', 'np1-0', 'np1-1'], services: [] })
    const asked = on.aks.requests.map(({ query }) => query.fieldSelector)
    expect(asked).toHaveLength(10)
    expect(asked.filter((selector) => selector?.startsWith('status.podIP=10.1.2.'))).toHaveLength(5)
    expect(asked.filter((selector) => selector?.startsWith('status.podIP=10.1.3.'))).toEqual([])
  })

  test('keeps names on one bounded line', async () => {
    await using on = await bed({ nodes })
    const name = `web\n::error::${'x'.repeat(500)}\u202e`
    on.aks.misbehave({
      match: { path: /pods\?/ },
      do: {
        status: 200,
        body: { items: [{ metadata: { name, namespace: 'a\nb', uid: 'u' } }, 7, null, {}] },
      },
    })
    const { names } = await named(on, [
      read('np1-0', '10.0.0.1', { busiestPods: { value: [sockets('u', '::1')] } }),
    ])
    expect(names[0]?.name).toMatch(/^web ::error::x+…$/)
    expect(names[0]?.namespace).toBe('a b')
  })
})
