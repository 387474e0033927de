import { describe, expect, jest, test } from '@jest/globals'
import type { AksOptions, KubeObject, NodeSpec } from '../aks/aks.ts'
import { formatReading } from '../support/format-reading.ts'
import { reading } from '../support/readings.ts'
import { type Bed, remedies, startBed, tried } from './bed.ts'

// Real nodes and processes, on machines that are busy with other things.
jest.setTimeout(60_000)

const nodeNames = ['a', 'b', 'c']

function service(name: string, more: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name },
    spec: { type: 'LoadBalancer', selector: { app: name }, ports: [{ port: 443 }], ...more },
  } as KubeObject
}

function slice(name: string, ready: Record<string, boolean>): KubeObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8443, protocol: 'TCP' }],
    endpoints: Object.entries(ready).map(([nodeName, isReady], index) => ({
      addresses: [`10.244.0.${index + 5}`],
      nodeName,
      conditions: { ready: isReady },
    })),
  } as KubeObject
}

const everywhere = { a: true, b: true, c: true }

/** Three nodes at 85 %, the service shop/web, and what is told besides. */
const start = (objects: KubeObject[], options: AksOptions = {}) =>
  startBed({ nodes: nodeNames.map((name) => tracking(name, 111_412)), objects, ...options })

/** What the probe says on a node of so many tracked connections of 131072; no test here is about its kernel. */
const answer = (conntrackCount: number) =>
  formatReading(
    reading({
      first: { conntrackCount },
      second: null,
      sysctls: { 'net.netfilter.nf_conntrack_max': 131_072 },
    }),
  )
const tracking = (name: string, count: number): NodeSpec => ({ name, state: { answer: answer(count) } })
const track = ({ aks }: Bed, name: string, count: number) =>
  aks.node(name).setFault({ message: answer(count) })

const policyOf = ({ aks }: Bed, name: string) =>
  aks.store.get<KubeObject & { spec: { externalTrafficPolicy?: string } }>('services', 'shop', name)?.spec
    .externalTrafficPolicy ?? 'Cluster'

const web = { services: ['shop/web'] }
const patches = ({ aks }: Bed) =>
  aks.requests.filter(({ method, path }) => method === 'PATCH' && path.endsWith('/services/web'))

describe('service-policy', () => {
  test.concurrent('sets a named service to Local, waits, and tells how many connections are gone', async () => {
    await using bed = await start([service('web'), slice('web', everywhere)])
    const { fix } = bed
    let slept = 0
    const { record, judgement, lines } = await fix([remedies.servicePolicy(web)], {
      onSleep: async (ms) => {
        slept += ms
        for (const name of nodeNames) track(bed, name, 66_000)
      },
    })
    expect(policyOf(bed, 'web')).toBe('Local')
    expect(tried(record.changes)).toEqual({ 'web externalTrafficPolicy': ['changed', 'Cluster', 'Local'] })
    expect(slept).toBe(120_000)
    expect(lines).toContain('105 s left')
    expect(
      record.effects.find(({ measure, node }) => measure === 'conntrack-entries' && node === 'b'),
    ).toMatchObject({
      before: 111_412,
      after: 66_000,
    })
    expect(lines.at(-1)).toBe('service-policy: tracked connections 334236 → 198000 (41 % less)')
    expect(judgement.verdict).toBe('healthy')
  })

  test.concurrent('sends the version that it planned on, and nothing but the policy', async () => {
    await using bed = await start([
      service('web', { internalTrafficPolicy: 'Local' }),
      slice('web', everywhere),
    ])
    const { fix } = bed
    await fix([remedies.servicePolicy(web)])
    const [patch, ...more] = patches(bed)
    expect(more).toEqual([])
    expect(patch?.body).toEqual({
      metadata: { resourceVersion: expect.any(String) },
      spec: { externalTrafficPolicy: 'Local' },
    })
  })

  test.concurrent('refuses a service without a ready endpoint on some node, and names the node', async () => {
    await using bed = await start([service('web'), slice('web', { a: true, b: false })])
    const { fix } = bed
    const { record } = await fix([remedies.servicePolicy(web)])
    expect(policyOf(bed, 'web')).toBe('Cluster')
    expect(record.changes[0]).toMatchObject({ outcome: 'refused', after: 'Cluster' })
    expect(record.unachieved).toEqual([
      'service-policy: externalTrafficPolicy of service shop/web left as it was: 2 nodes of 3 without a ready endpoint would drop its traffic: b, c; force-services: true changes it all the same',
    ])
  })

  test.concurrent('looks at nodes outside the scope of the run too, but not at cordoned ones', async () => {
    await using bed = await start([service('web'), slice('web', { a: true })], {
      nodes: [tracking('a', 120_000), tracking('b', 500), { ...tracking('c', 500), schedulable: false }],
    })
    const { fix } = bed
    const only = { nodeSelector: '', nodePools: [], nodes: ['a'] }
    const { record } = await fix([remedies.servicePolicy(web)], { scope: only })
    expect(record.changes[0]?.why).toContain(
      '1 node of 2 without a ready endpoint would drop its traffic: b;',
    )
  })

  test.concurrent('refuses one that could be entered by no node at all', async () => {
    await using bed = await start([service('web')], {
      nodes: [{ ...tracking('a', 120_000), schedulable: false }],
    })
    const { fix } = bed
    const { record } = await fix([remedies.servicePolicy(web)])
    expect(policyOf(bed, 'web')).toBe('Cluster')
    expect(record.changes[0]).toMatchObject({ outcome: 'refused' })
  })

  test.concurrent('changes it all the same when forced, and says what that costs', async () => {
    await using bed = await start([service('web'), slice('web', { a: true })])
    const { fix } = bed
    const { record } = await fix([remedies.servicePolicy({ ...web, forceServices: true })])
    expect(policyOf(bed, 'web')).toBe('Local')
    expect(record.changes[0]).toMatchObject({
      outcome: 'changed',
      why: expect.stringMatching(/^forced: 2 nodes of 3/),
    })
  })

  test.concurrent('takes * only together with force-services', async () => {
    const objects = [
      service('web'),
      slice('web', everywhere),
      service('api', { type: 'NodePort' }),
      slice('api', everywhere),
    ]
    await using bed = await start([...objects, service('inside', { type: 'ClusterIP' })])
    const { fix } = bed
    const { record } = await fix([remedies.servicePolicy({ services: ['*'] })])
    expect(record.changes.map(({ outcome }) => outcome)).toEqual(['refused', 'refused'])
    await fix([remedies.servicePolicy({ services: ['*'], forceServices: true })])
    expect([policyOf(bed, 'web'), policyOf(bed, 'api')]).toEqual(['Local', 'Local'])
  })

  test.concurrent('refuses what is no such service, and skips what is Local already', async () => {
    await using bed = await start([
      service('inside', { type: 'ClusterIP' }),
      service('web', { externalTrafficPolicy: 'Local' }),
    ])
    const { fix } = bed
    const services = ['shop/nobody', 'shop/inside', 'shop/web']
    const { record } = await fix([remedies.servicePolicy({ services })])
    expect(record.changes.map(({ outcome, why }) => [outcome, why])).toEqual([
      ['refused', 'there is no such service'],
      ['refused', 'it is of type ClusterIP; only LoadBalancer and NodePort have the policy'],
      ['skipped', 'it is Local already'],
    ])
  })

  test.concurrent('leaves services alone while no table is nearly full, unless the scope is all', async () => {
    await using bed = await start([service('web'), slice('web', everywhere)], {})
    const { fix } = bed
    for (const name of nodeNames) track(bed, name, 500)
    const { record } = await fix([remedies.servicePolicy(web)])
    expect(record.changes[0]).toMatchObject({ outcome: 'skipped', before: 'Cluster' })
    expect(record.unachieved).toEqual([])
    await fix([remedies.servicePolicy({ ...web, scope: 'all' })])
    expect(policyOf(bed, 'web')).toBe('Local')
  })
})

describe('service-policy, when something comes between,', () => {
  const touch = ({ aks }: Bed, spec: Record<string, unknown>) => {
    const now = aks.store.get<KubeObject & { spec: object }>('services', 'shop', 'web')
    if (now) aks.store.update('services', { ...now, spec: { ...now.spec, ...spec } } as KubeObject)
  }
  /** Acts just before the first patch is served. */
  const beforePatch = ({ aks }: Bed, act: () => void) => {
    let done = false
    aks.events.on('request', ({ method, path }) => {
      if (done || method !== 'PATCH' || !path.endsWith('/services/web')) return
      done = true
      act()
    })
  }

  test.concurrent('looks again at a service that changed since the plan, and changes it if it still fits', async () => {
    await using bed = await start([service('web'), slice('web', everywhere)])
    const { fix } = bed
    beforePatch(bed, () => touch(bed, { sessionAffinity: 'ClientIP' }))
    const { record } = await fix([remedies.servicePolicy(web)])
    expect(policyOf(bed, 'web')).toBe('Local')
    expect(record.changes[0]?.outcome).toBe('changed')
    expect(patches(bed).map(({ status }) => status)).toEqual([409, 200])
  })

  test.concurrent('refuses it when it does not fit any more', async () => {
    await using bed = await start([service('web'), slice('web', everywhere)])
    const { fix } = bed
    beforePatch(bed, () => {
      touch(bed, { sessionAffinity: 'ClientIP' })
      bed.aks.store.delete('endpointslices.discovery.k8s.io', 'shop', 'web-1')
    })
    const { record } = await fix([remedies.servicePolicy(web)])
    expect(policyOf(bed, 'web')).toBe('Cluster')
    expect(record.changes[0]).toMatchObject({
      outcome: 'refused',
      why: expect.stringMatching(/^it changed since it was planned, and now: 3 nodes of 3/),
    })
  })

  test.concurrent('does not claim a change that somebody else made', async () => {
    await using bed = await start([service('web'), slice('web', everywhere)])
    const { fix } = bed
    beforePatch(bed, () => touch(bed, { externalTrafficPolicy: 'Local' }))
    const { record } = await fix([remedies.servicePolicy(web)])
    expect(record.changes[0]).toMatchObject({
      outcome: 'unchanged',
      why: 'somebody else set it after the plan',
    })
  })

  test.concurrent('gives an API server that is overloaded the time that it asks for', async () => {
    await using bed = await start([service('web'), slice('web', everywhere)])
    const { fix, aks } = bed
    aks.misbehave({ match: { method: 'PATCH', times: 2 }, do: { status: 429, retryAfter: 7 } })
    const slept: number[] = []
    const { record } = await fix([remedies.servicePolicy({ ...web, settleSeconds: 0 })], {
      onSleep: (ms) => slept.push(ms),
    })
    expect(record.changes[0]?.outcome).toBe('changed')
    expect(slept).toEqual([7000, 7000])
  })

  test.concurrent('claims a change of which the answer was lost, though it came about only later', async () => {
    await using bed = await start([service('web'), slice('web', everywhere)])
    const { fix, aks } = bed
    aks.misbehave({ match: { method: 'PATCH', times: 1 }, do: 'reset' })
    let patch = 0
    aks.events.on('request', ({ method, path }) => {
      if (method !== 'PATCH' || !path.endsWith('/services/web')) return
      // The API server comes to the first one when the second has been sent.
      if (++patch === 2) touch(bed, { externalTrafficPolicy: 'Local' })
    })
    const { record } = await fix([remedies.servicePolicy(web)])
    expect(patches(bed).map(({ status }) => status)).toEqual([0, 409])
    expect(record.changes[0]).toMatchObject({ outcome: 'changed', before: 'Cluster', after: 'Local' })
  })

  test.concurrent('gives up a service that is changed again and again', async () => {
    await using bed = await start([service('web'), slice('web', everywhere)])
    const { fix } = bed
    let port = 1000
    bed.aks.events.on('request', ({ method, path }) => {
      if (method === 'PATCH' && path.endsWith('/services/web')) touch(bed, { ports: [{ port: port++ }] })
    })
    const { record } = await fix([remedies.servicePolicy(web)])
    expect(record.changes[0]).toMatchObject({
      outcome: 'failed',
      why: 'it is being changed by somebody else',
    })
    expect(patches(bed)).toHaveLength(2)
  })

  test.concurrent('reads the service when the answer to the patch is lost, and knows that it was changed', async () => {
    await using bed = await start([service('web'), slice('web', everywhere)])
    const { fix, aks } = bed
    aks.misbehave({ match: { method: 'PATCH', times: 1 }, do: 'lost-answer' })
    const { record } = await fix([remedies.servicePolicy(web)])
    expect(record.changes[0]?.outcome).toBe('changed')
    expect(patches(bed)).toHaveLength(1)
  })

  test.concurrent('sends the patch again when it did not arrive', async () => {
    await using bed = await start([service('web'), slice('web', everywhere)])
    const { fix, aks } = bed
    aks.misbehave({ match: { method: 'PATCH', times: 1 }, do: 'reset' })
    const { record } = await fix([remedies.servicePolicy(web)])
    expect(record.changes[0]?.outcome).toBe('changed')
    expect(policyOf(bed, 'web')).toBe('Local')
  })

  test.concurrent('names the right that is missing', async () => {
    const reader = [
      {
        apiGroups: [''],
        resources: ['nodes', 'services', 'pods'],
        verbs: ['get', 'list', 'watch', 'create', 'deletecollection'],
      },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list'] },
    ]
    await using bed = await start([service('web'), slice('web', everywhere)], {
      users: [{ name: 'reader', rules: reader }],
    })
    const { fix } = bed
    const { record } = await fix([remedies.servicePolicy(web)])
    expect(record.changes[0]).toMatchObject({
      outcome: 'failed',
      why: 'the right to patch services in namespace shop is missing',
      after: 'Cluster',
    })
  })

  test.concurrent('says so when a controller sets it back while the traffic settles', async () => {
    await using bed = await start([service('web'), slice('web', everywhere)])
    const { fix } = bed
    const { record } = await fix([remedies.servicePolicy(web)], {
      onSleep: () => touch(bed, { externalTrafficPolicy: 'Cluster' }),
    })
    expect(record.changes[0]).toMatchObject({ outcome: 'failed', after: 'Cluster' })
    expect(record.unachieved[0]).toContain('something set it back')
  })

  test.concurrent('keeps the change in the record when the run is ended while the traffic settles', async () => {
    await using bed = await start([service('web'), slice('web', everywhere)])
    const { fix } = bed
    const controller = new AbortController()
    const { record } = await fix([remedies.servicePolicy(web)], {
      signal: controller.signal,
      onSleep: () => controller.abort(new Error('SIGTERM')),
    })
    expect(record.interrupted).toBe(true)
    expect(tried(record.changes)).toEqual({ 'web externalTrafficPolicy': ['changed', 'Cluster', 'Local'] })
  })
})
