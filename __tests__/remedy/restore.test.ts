import { expect, jest, test } from '@jest/globals'
import { newRecord, recordChange } from '../../src/remedy/record.ts'
import type { Change, FixRecord } from '../../src/remedy/remedy.ts'
import { BUCKETS, MAX, MAX_TW_BUCKETS, TW_REUSE } from '../../src/remedy/sysctl-targets.ts'
import type { AksOptions, KubeObject, NodeSpec, Pod } from '../aks/aks.ts'
import { type Bed, busy, onNodes, podsLeft, remedies, startBed } from './bed.ts'

// Real nodes and processes, on machines that are busy with other things.
jest.setTimeout(60_000)

const NAME = 'aks-connection-health-tuner'

/** One that breaches in both ways. */
const open = (name: string) => busy(name, { sysctls: { [TW_REUSE]: '0' } })

const start = (nodes: NodeSpec[], options: AksOptions = {}) => startBed({ nodes, ...options })

const sysctls = async ({ aks }: Bed, name: string) =>
  Promise.all([BUCKETS, MAX, TW_REUSE, MAX_TW_BUCKETS].map((sysctl) => aks.node(name).sysctl(sysctl)))
const restore = ({ api }: Bed, record: FixRecord) => remedies.restore(record, api.server)

const web: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name: 'web' },
  spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 443 }] },
} as KubeObject
const policy = ({ aks }: Bed) =>
  aks.store.get<KubeObject & { spec: { externalTrafficPolicy: string; healthCheckNodePort?: number } }>(
    'services',
    'shop',
    'web',
  )?.spec

onNodes('restore', () => {
  test.concurrent('puts back the values of nodes and the policies of services that a fix changed', async () => {
    await using bed = await start([open('a'), open('b')], { objects: [web] })
    const { fix, aks } = bed
    const before = [await sysctls(bed, 'a'), await sysctls(bed, 'b')]
    const fixed = await fix([
      remedies.servicePolicy({ services: ['shop/web'], forceServices: true }),
      remedies.sysctl(),
    ])
    expect(policy(bed)?.externalTrafficPolicy).toBe('Local')
    expect(await sysctls(bed, 'a')).toEqual(['65536', '262144', '1', '2000000'])
    const { record } = await fix([restore(bed, fixed.record)])
    expect([await sysctls(bed, 'a'), await sysctls(bed, 'b')]).toEqual(before)
    expect(policy(bed)).toMatchObject({ externalTrafficPolicy: 'Cluster' })
    expect(policy(bed)?.healthCheckNodePort).toBeUndefined()
    expect(record.unachieved).toEqual([])
    expect(record.changes.map(({ outcome }) => outcome)).toEqual(Array(9).fill('changed'))
    expect(podsLeft(aks)).toEqual([])
  })

  test.concurrent('brings the maximum down before the buckets', async () => {
    await using bed = await start([open('a')])
    const { fix, aks } = bed
    const fixed = await fix([remedies.sysctl()])
    const seen = aks.requests.length
    await fix([restore(bed, fixed.record)])
    const script = JSON.stringify(
      aks.requests.slice(seen).find(({ body }) => JSON.stringify(body ?? '').includes('"tuner"'))?.body,
    )
    expect(script.indexOf(`tune ${MAX}`)).toBeGreaterThan(0)
    expect(script.indexOf(`tune ${MAX}`)).toBeLessThan(script.indexOf(`tune ${BUCKETS}`))
  })

  test.concurrent('leaves a value that somebody changed since, and says so', async () => {
    await using bed = await start([open('a')])
    const { fix, aks } = bed
    const fixed = await fix([remedies.sysctl()])
    await aks.node('a').setSysctl(MAX, '300000')
    const { record } = await fix([restore(bed, fixed.record)])
    const max = record.changes.find(({ setting }) => setting === MAX)
    expect(max).toMatchObject({ outcome: 'skipped', why: expect.stringContaining('no longer the 262144') })
    expect(await sysctls(bed, 'a')).toEqual(['16384', '300000', '0', expect.any(String)])
    expect(record.unachieved).toEqual([])
  })

  test.concurrent('leaves a value that is changed between its plan and the write', async () => {
    await using bed = await start([open('a')])
    const { fix, aks } = bed
    const fixed = await fix([remedies.sysctl()])
    let set: Promise<void> | undefined
    aks.events.on('pod-created', ({ metadata }) => {
      if (metadata.labels?.['app.kubernetes.io/component'] === 'tuner')
        set = aks.node('a').setSysctl(TW_REUSE, '2')
    })
    const from = await bed.stand()
    aks.node('a').setFault({ delayMs: 300 })
    const { record } = await fix([restore(bed, fixed.record)], { from })
    await set
    expect(record.changes.find(({ setting }) => setting === TW_REUSE)).toMatchObject({
      outcome: 'skipped',
      after: '2',
    })
    expect(await aks.node('a').sysctl(TW_REUSE)).toBe('2')
  })

  test.concurrent('can be run again: everything is back already', async () => {
    await using bed = await start([open('a')])
    const { fix } = bed
    const fixed = await fix([remedies.sysctl()])
    await fix([restore(bed, fixed.record)])
    const { record } = await fix([restore(bed, fixed.record)])
    expect(record.changes.map(({ outcome }) => outcome)).toEqual(Array(4).fill('skipped'))
    expect(record.changes[0]?.why).toContain('again already')
  })

  test.concurrent('names nodes and services that are gone', async () => {
    await using bed = await start([open('a'), open('b')], { objects: [web] })
    const { fix, aks } = bed
    const fixed = await fix([
      remedies.servicePolicy({ services: ['shop/web'], forceServices: true }),
      remedies.sysctl(),
    ])
    await aks.removeNode('b')
    aks.store.delete('services', 'shop', 'web')
    const { record } = await fix([restore(bed, fixed.record)])
    const why = (name: string) => record.changes.find(({ target }) => target.name === name)?.why
    expect(why('b')).toBe('there is no such node in the scope of this run')
    expect(why('web')).toBe('the service is gone')
  })

  test.concurrent('does not set a service to Local that would lose traffic by it', async () => {
    await using bed = await start([open('a')], { objects: [web] })
    const { fix } = bed
    const target = { kind: 'service', namespace: 'shop', name: 'web' } as const
    const values = { before: 'Local', wanted: 'Cluster', after: 'Cluster' }
    const record = newRecord(false)
    recordChange(record, {
      ...{ remedy: 'restore', target, setting: 'externalTrafficPolicy', outcome: 'changed', ...values },
    })
    const back = await fix([restore(bed, record)])
    expect(policy(bed)?.externalTrafficPolicy).toBe('Cluster')
    expect(back.record.unachieved[0]).toContain(
      '1 node of 1 without a ready endpoint would drop its traffic: a',
    )
  })

  test.concurrent('says in its plan when new connections will not get through any more', async () => {
    await using bed = await start([open('a')])
    const { fix, aks } = bed
    const fixed = await fix([remedies.sysctl()])
    await aks.node('a').setConntrackCount(200_000)
    const { record } = await fix([restore(bed, fixed.record)], { dryRun: true })
    expect(record.plans[0]?.steps.find(({ setting }) => setting === MAX)?.why).toBe(
      '200000 connections are tracked now: with 131072 no new ones get through',
    )
  })

  test.concurrent('puts back what a run that was ended may have written', async () => {
    await using bed = await start([open('a')])
    const { fix } = bed
    const fixed = await fix([remedies.sysctl()])
    for (const change of fixed.record.changes) {
      const { after: _after, ...rest } = change
      recordChange(fixed.record, { ...rest, after: undefined, outcome: 'unproven' })
    }
    await fix([restore(bed, fixed.record)])
    expect((await sysctls(bed, 'a')).slice(0, 3)).toEqual(['16384', '131072', '0'])
  })

  test.concurrent('stands alone', async () => {
    await using bed = await start([])
    const { fix } = bed
    await expect(fix([restore(bed, newRecord(false)), remedies.sysctl()])).rejects.toThrow(
      'restore stands alone',
    )
  })
})

onNodes('restore, with a DaemonSet,', () => {
  const stored = ({ aks }: Bed, namespace = 'kube-system') =>
    aks.store.get('daemonsets.apps', namespace, NAME)
  const tuners = ({ aks }: Bed) =>
    aks.store.list<Pod>('pods').filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === NAME)

  test.concurrent('removes it and its pods first, and then puts the values of the nodes back', async () => {
    await using bed = await start([open('a'), open('b')])
    const { fix } = bed
    const before = [await sysctls(bed, 'a'), await sysctls(bed, 'b')]
    const fixed = await fix([remedies.daemonSet()])
    expect(await sysctls(bed, 'a')).toEqual(['65536', '262144', '1', '2000000'])
    const { record } = await fix([restore(bed, fixed.record)])
    expect(stored(bed)).toBeUndefined()
    expect(tuners(bed)).toEqual([])
    expect([await sysctls(bed, 'a'), await sysctls(bed, 'b')]).toEqual(before)
    expect(record.changes[0]).toMatchObject({ setting: 'DaemonSet', outcome: 'changed', after: null })
    expect(record.unachieved).toEqual([])
  })

  test.concurrent('gives one that was there before its settings back', async () => {
    await using bed = await start([open('a')])
    const { fix, aks } = bed
    const limits = { nodeSelector: '', nodePools: ['np1'], nodes: [] }
    await fix([remedies.daemonSet({ limits })])
    await aks.node('a').setConntrackCount(250_000)
    const large = { conntrackMax: 1_048_576, twReuse: 1, maxTwBuckets: 2_000_000 }
    const raised = await fix([remedies.daemonSet({ limits, wanted: large })])
    expect(await aks.node('a').sysctl(MAX)).toBe('1048576')
    await fix([restore(bed, raised.record)])
    expect(JSON.stringify(stored(bed))).toContain('raise 262144')
    expect(await aks.node('a').sysctl(MAX)).toBe('262144')
  })

  test.concurrent('does not put values back that a DaemonSet which stays would write again', async () => {
    await using bed = await start([open('a')])
    const { fix } = bed
    const fixed = await fix([remedies.sysctl()])
    await fix([remedies.daemonSet({ scope: 'all' })])
    const { record } = await fix([restore(bed, fixed.record)])
    expect(record.changes.map(({ outcome }) => outcome)).toEqual(Array(4).fill('refused'))
    expect(record.unachieved[0]).toContain(`the DaemonSet kube-system/${NAME} stays and would write it again`)
    expect(await sysctls(bed, 'a')).toEqual(['65536', '262144', '1', '2000000'])
  })

  test.concurrent('one of another namespace than the report names is not taken for gone', async () => {
    await using bed = await start([open('a')], {
      objects: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'tuning' } } as KubeObject],
    })
    const { fix, aks } = bed
    const fixed = await fix([remedies.daemonSet()])
    aks.store.delete('daemonsets.apps', 'kube-system', NAME)
    await fix([remedies.daemonSet({ namespace: 'tuning', scope: 'all' })])
    const { record } = await fix([restore(bed, fixed.record)])
    expect(stored(bed, 'tuning')).toBeDefined()
    expect(record.changes.find(({ setting }) => setting === 'DaemonSet')).toMatchObject({
      why: 'it is gone already',
    })
    expect(record.unachieved[0]).toContain(`the DaemonSet tuning/${NAME} stays`)
  })

  test.concurrent('leaves one that somebody changed since, and the values that it keeps', async () => {
    await using bed = await start([open('a')])
    const { fix } = bed
    const fixed = await fix([remedies.daemonSet()])
    const larger = { conntrackMax: 524_288, twReuse: 1, maxTwBuckets: 2_000_000 }
    await fix([
      remedies.daemonSet({
        scope: 'all',
        wanted: larger,
        limits: { nodeSelector: '', nodePools: ['np1'], nodes: [] },
      }),
    ])
    const { record } = await fix([restore(bed, fixed.record)])
    expect(stored(bed)).toBeDefined()
    expect(record.changes.find(({ setting }) => setting === 'DaemonSet')?.why).toContain(
      'somebody changed it since the fix (conntrack-max',
    )
    expect(await bed.aks.node('a').sysctl(MAX)).toBe('524288')
  })

  test.concurrent('does not put values back when the DaemonSet could not be removed', async () => {
    await using bed = await start([open('a')])
    const { fix, aks } = bed
    const fixed = await fix([remedies.daemonSet()])
    aks.misbehave({
      match: { method: 'DELETE', path: /daemonsets/ },
      do: { status: 403, body: { kind: 'Status', reason: 'Forbidden', message: 'locked' } },
    })
    const { record } = await fix([restore(bed, fixed.record)])
    const outcomes = record.changes.map((change: Change) => [change.target.kind, change.outcome])
    expect(outcomes).toEqual([['daemonset', 'failed'], ...Array(4).fill(['node', 'refused'])])
    expect(await bed.aks.node('a').sysctl(MAX)).toBe('262144')
  })
})
