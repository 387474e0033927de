import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { newRecord, recordChange } from '../../src/remedy/record.ts'
import type { Change } from '../../src/remedy/remedy.ts'
import { BUCKETS, MAX, MAX_TW_BUCKETS, TW_REUSE } from '../../src/remedy/sysctl-targets.ts'
import { type AksOptions, type KubeObject, type NodeSpec, namespacesPossible, type Pod } from '../aks/aks.ts'
import { type Bed, podsLeft, remedies, startBed } from './bed.ts'

// Real nodes and processes, on machines that are busy with other things.
jest.setTimeout(60_000)

const onNodes = namespacesPossible() ? describe : describe.skip
const NAME = 'aks-connection-health-tuner'

function busy(name: string, more: Partial<NodeSpec> = {}): NodeSpec {
  return {
    name,
    state: 'namespace',
    conntrackCount: 111_412,
    ...more,
    sysctls: { [MAX]: '131072', [BUCKETS]: '16384', [TW_REUSE]: '0', ...more.sysctls },
  }
}

let bed: Bed
async function start(nodes: NodeSpec[], options: AksOptions = {}): Promise<Bed> {
  bed = await startBed({ nodes, ...options })
  return bed
}
afterEach(() => bed.stop())

const sysctls = async (name: string) =>
  Promise.all([BUCKETS, MAX, TW_REUSE, MAX_TW_BUCKETS].map((sysctl) => bed.aks.node(name).sysctl(sysctl)))
const restore = (record: Parameters<typeof remedies.restore>[0]) => remedies.restore(record, bed.api.server)

const web: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name: 'web' },
  spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 443 }] },
} as KubeObject
const policy = () =>
  bed.aks.store.get<KubeObject & { spec: { externalTrafficPolicy: string; healthCheckNodePort?: number } }>(
    'services',
    'shop',
    'web',
  )?.spec

onNodes('restore', () => {
  test('puts back the values of nodes and the policies of services that a fix changed', async () => {
    const { fix, aks } = await start([busy('a'), busy('b')], { objects: [web] })
    const before = [await sysctls('a'), await sysctls('b')]
    const fixed = await fix([
      remedies.servicePolicy({ services: ['shop/web'], forceServices: true }),
      remedies.sysctl(),
    ])
    expect(policy()?.externalTrafficPolicy).toBe('Local')
    expect(await sysctls('a')).toEqual(['65536', '262144', '1', '2000000'])
    const { record } = await fix([restore(fixed.record)])
    expect([await sysctls('a'), await sysctls('b')]).toEqual(before)
    expect(policy()).toMatchObject({ externalTrafficPolicy: 'Cluster' })
    expect(policy()?.healthCheckNodePort).toBeUndefined()
    expect(record.unachieved).toEqual([])
    expect(record.changes.map(({ outcome }) => outcome)).toEqual(Array(9).fill('changed'))
    expect(podsLeft(aks)).toEqual([])
  })

  test('brings the maximum down before the buckets', async () => {
    const { fix, aks } = await start([busy('a')])
    const fixed = await fix([remedies.sysctl()])
    const seen = aks.requests.length
    await fix([restore(fixed.record)])
    const script = JSON.stringify(
      aks.requests.slice(seen).find(({ body }) => JSON.stringify(body ?? '').includes('"tuner"'))?.body,
    )
    expect(script.indexOf(`tune ${MAX}`)).toBeGreaterThan(0)
    expect(script.indexOf(`tune ${MAX}`)).toBeLessThan(script.indexOf(`tune ${BUCKETS}`))
  })

  test('leaves a value that somebody changed since, and says so', async () => {
    const { fix, aks } = await start([busy('a')])
    const fixed = await fix([remedies.sysctl()])
    await aks.node('a').setSysctl(MAX, '300000')
    const { record } = await fix([restore(fixed.record)])
    const max = record.changes.find(({ setting }) => setting === MAX)
    expect(max).toMatchObject({ outcome: 'skipped', why: expect.stringContaining('no longer the 262144') })
    expect(await sysctls('a')).toEqual(['16384', '300000', '0', expect.any(String)])
    expect(record.unachieved).toEqual([])
  })

  test('leaves a value that is changed between its plan and the write', async () => {
    const { fix, aks } = await start([busy('a')])
    const fixed = await fix([remedies.sysctl()])
    let set: Promise<void> | undefined
    aks.events.on('pod-created', ({ metadata }) => {
      if (metadata.labels?.['app.kubernetes.io/component'] === 'tuner')
        set = aks.node('a').setSysctl(TW_REUSE, '2')
    })
    const from = await bed.stand()
    aks.node('a').setFault({ delayMs: 300 })
    const { record } = await fix([restore(fixed.record)], { from })
    await set
    expect(record.changes.find(({ setting }) => setting === TW_REUSE)).toMatchObject({
      outcome: 'skipped',
      after: '2',
    })
    expect(await aks.node('a').sysctl(TW_REUSE)).toBe('2')
  })

  test('can be run again: everything is back already', async () => {
    const { fix } = await start([busy('a')])
    const fixed = await fix([remedies.sysctl()])
    await fix([restore(fixed.record)])
    const { record } = await fix([restore(fixed.record)])
    expect(record.changes.map(({ outcome }) => outcome)).toEqual(Array(4).fill('skipped'))
    expect(record.changes[0]?.why).toContain('again already')
  })

  test('names nodes and services that are gone', async () => {
    const { fix, aks } = await start([busy('a'), busy('b')], { objects: [web] })
    const fixed = await fix([
      remedies.servicePolicy({ services: ['shop/web'], forceServices: true }),
      remedies.sysctl(),
    ])
    await aks.removeNode('b')
    aks.store.delete('services', 'shop', 'web')
    const { record } = await fix([restore(fixed.record)])
    const why = (name: string) => record.changes.find(({ target }) => target.name === name)?.why
    expect(why('b')).toBe('there is no such node in the scope of this run')
    expect(why('web')).toBe('the service is gone')
  })

  test('does not set a service to Local that would lose traffic by it', async () => {
    const { fix } = await start([busy('a')], { objects: [web] })
    const target = { kind: 'service', namespace: 'shop', name: 'web' } as const
    const values = { before: 'Local', wanted: 'Cluster', after: 'Cluster' }
    const record = newRecord(false)
    recordChange(record, {
      ...{ remedy: 'restore', target, setting: 'externalTrafficPolicy', outcome: 'changed', ...values },
    })
    const back = await fix([restore(record)])
    expect(policy()?.externalTrafficPolicy).toBe('Cluster')
    expect(back.record.unachieved[0]).toContain(
      '1 node of 1 without a ready endpoint would drop its traffic: a',
    )
  })

  test('says in its plan when new connections will not get through any more', async () => {
    const { fix, aks } = await start([busy('a')])
    const fixed = await fix([remedies.sysctl()])
    await aks.node('a').setConntrackCount(200_000)
    const { record } = await fix([restore(fixed.record)], { dryRun: true })
    expect(record.plans[0]?.steps.find(({ setting }) => setting === MAX)?.why).toBe(
      '200000 connections are tracked now: with 131072 no new ones get through',
    )
  })

  test('puts back what a run that was ended may have written', async () => {
    const { fix } = await start([busy('a')])
    const fixed = await fix([remedies.sysctl()])
    for (const change of fixed.record.changes) {
      const { after: _after, ...rest } = change
      recordChange(fixed.record, { ...rest, after: undefined, outcome: 'unproven' })
    }
    await fix([restore(fixed.record)])
    expect((await sysctls('a')).slice(0, 3)).toEqual(['16384', '131072', '0'])
  })

  test('stands alone', async () => {
    const { fix } = await start([])
    await expect(fix([restore(newRecord(false)), remedies.sysctl()])).rejects.toThrow('restore stands alone')
  })
})

onNodes('restore, with a DaemonSet,', () => {
  const stored = (namespace = 'kube-system') => bed.aks.store.get('daemonsets.apps', namespace, NAME)
  const tuners = () =>
    bed.aks.store
      .list<Pod>('pods')
      .filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === NAME)

  test('removes it and its pods first, and then puts the values of the nodes back', async () => {
    const { fix } = await start([busy('a'), busy('b')])
    const before = [await sysctls('a'), await sysctls('b')]
    const fixed = await fix([remedies.daemonSet()])
    expect(await sysctls('a')).toEqual(['65536', '262144', '1', '2000000'])
    const { record } = await fix([restore(fixed.record)])
    expect(stored()).toBeUndefined()
    expect(tuners()).toEqual([])
    expect([await sysctls('a'), await sysctls('b')]).toEqual(before)
    expect(record.changes[0]).toMatchObject({ setting: 'DaemonSet', outcome: 'changed', after: null })
    expect(record.unachieved).toEqual([])
  })

  test('gives one that was there before its settings back', async () => {
    const { fix, aks } = await start([busy('a')])
    const limits = { nodeSelector: '', nodePools: ['np1'], nodes: [] }
    await fix([remedies.daemonSet({ limits })])
    await aks.node('a').setConntrackCount(250_000)
    const large = { conntrackMax: 1_048_576, twReuse: 1, maxTwBuckets: 2_000_000 }
    const raised = await fix([remedies.daemonSet({ limits, wanted: large })])
    expect(await aks.node('a').sysctl(MAX)).toBe('1048576')
    await fix([restore(raised.record)])
    expect(JSON.stringify(stored())).toContain('raise 262144')
    expect(await aks.node('a').sysctl(MAX)).toBe('262144')
  })

  test('does not put values back that a DaemonSet which stays would write again', async () => {
    const { fix } = await start([busy('a')])
    const fixed = await fix([remedies.sysctl()])
    await fix([remedies.daemonSet({ scope: 'all' })])
    const { record } = await fix([restore(fixed.record)])
    expect(record.changes.map(({ outcome }) => outcome)).toEqual(Array(4).fill('refused'))
    expect(record.unachieved[0]).toContain(`the DaemonSet kube-system/${NAME} stays and would write it again`)
    expect(await sysctls('a')).toEqual(['65536', '262144', '1', '2000000'])
  })

  test('one of another namespace than the report names is not taken for gone', async () => {
    const { fix, aks } = await start([busy('a')], {
      objects: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'tuning' } } as KubeObject],
    })
    const fixed = await fix([remedies.daemonSet()])
    aks.store.delete('daemonsets.apps', 'kube-system', NAME)
    await fix([remedies.daemonSet({ namespace: 'tuning', scope: 'all' })])
    const { record } = await fix([restore(fixed.record)])
    expect(stored('tuning')).toBeDefined()
    expect(record.changes.find(({ setting }) => setting === 'DaemonSet')).toMatchObject({
      why: 'it is gone already',
    })
    expect(record.unachieved[0]).toContain(`the DaemonSet tuning/${NAME} stays`)
  })

  test('leaves one that somebody changed since, and the values that it keeps', async () => {
    const { fix } = await start([busy('a')])
    const fixed = await fix([remedies.daemonSet()])
    const larger = { conntrackMax: 524_288, twReuse: 1, maxTwBuckets: 2_000_000 }
    await fix([
      remedies.daemonSet({
        scope: 'all',
        wanted: larger,
        limits: { nodeSelector: '', nodePools: ['np1'], nodes: [] },
      }),
    ])
    const { record } = await fix([restore(fixed.record)])
    expect(stored()).toBeDefined()
    expect(record.changes.find(({ setting }) => setting === 'DaemonSet')?.why).toContain(
      'somebody changed it since the fix (conntrack-max',
    )
    expect(await bed.aks.node('a').sysctl(MAX)).toBe('524288')
  })

  test('does not put values back when the DaemonSet could not be removed', async () => {
    const { fix, aks } = await start([busy('a')])
    const fixed = await fix([remedies.daemonSet()])
    aks.misbehave({
      match: { method: 'DELETE', path: /daemonsets/ },
      do: { status: 403, body: { kind: 'Status', reason: 'Forbidden', message: 'locked' } },
    })
    const { record } = await fix([restore(fixed.record)])
    const outcomes = record.changes.map((change: Change) => [change.target.kind, change.outcome])
    expect(outcomes).toEqual([['daemonset', 'failed'], ...Array(4).fill(['node', 'refused'])])
    expect(await bed.aks.node('a').sysctl(MAX)).toBe('262144')
  })
})
