import { expect, jest, test } from '@jest/globals'
import { BUCKETS, MAX, MAX_TW_BUCKETS, TW_REUSE } from '../../src/remedy/sysctl-targets.ts'
import type { AksOptions, NodeSpec, Pod } from '../aks/aks.ts'
import { type Bed, busy, calm, onNodes, podsLeft, remedies, startBed, tried } from './bed.ts'

// Real nodes and processes, on machines that are busy with other things.
jest.setTimeout(60_000)

const start = (nodes: NodeSpec[], options: AksOptions = {}) => startBed({ nodes, ...options })

const isTuner = (pod: Pod) => pod.metadata.labels?.['app.kubernetes.io/component'] === 'tuner'
const tunersMade = ({ aks }: Bed) =>
  aks.requests.filter(
    ({ method, body }) => method === 'POST' && JSON.stringify(body ?? '').includes('"tuner"'),
  )

onNodes('sysctl', () => {
  test.concurrent('brings a node at 85 % of 131072 to 262144 and under 70 %, and the verdict is healthy', async () => {
    await using bed = await start([busy('a')])
    const { stand, fix, aks } = bed
    const before = await stand()
    expect(before.findings.find(({ check }) => check === 'conntrack-usage')?.status).toBe('critical')
    const { record, judgement, standing } = await fix([remedies.sysctl()], { from: before })
    expect(tried(record.changes)).toEqual({
      'a nf_conntrack_buckets': ['changed', '16384', '65536'],
      'a nf_conntrack_max': ['changed', '131072', '262144'],
    })
    expect(record.unachieved).toEqual([])
    expect(judgement.verdict).toBe('healthy')
    expect(standing.findings.find(({ check }) => check === 'conntrack-usage')?.value).toBeLessThan(70)
    expect(await aks.node('a').sysctl(MAX)).toBe('262144')
    expect(await aks.node('a').sysctl(BUCKETS)).toBe('65536')
    expect(podsLeft(aks)).toEqual([])
  })

  test.concurrent('says how much fuller the node was, and how many connections it tracks', async () => {
    await using bed = await start([busy('a')])
    const { fix } = bed
    const { record } = await fix([remedies.sysctl()])
    const percent = record.effects.find(({ measure }) => measure === 'conntrack-percent')
    expect(percent).toMatchObject({ remedy: 'sysctl', node: 'a', reductionPercent: 50 })
    expect([percent?.before, percent?.after].map((value) => value?.toFixed(1))).toEqual(['85.0', '42.5'])
    expect(record.plans[0]?.impact).toContain('a: 85 % of 131072 in use, 43 % of 262144 afterwards.')
  })

  test.concurrent('does not lower a node with 16 cores and 524288, and says what would raise it', async () => {
    await using bed = await start([
      busy('a', { cores: 16, conntrackCount: 450_000, sysctls: { [MAX]: '524288', [BUCKETS]: '131072' } }),
    ])
    const { fix, aks } = bed
    const { record, judgement } = await fix([remedies.sysctl()])
    expect(record.changes.map(({ setting, outcome, after }) => [setting, outcome, after])).toEqual([
      [BUCKETS, 'skipped', '131072'],
      [MAX, 'skipped', '524288'],
    ])
    expect(record.plans[0]?.notes.join()).toContain('a larger conntrack-max raises it')
    expect(judgement.verdict).toBe('critical')
    expect(await aks.node('a').sysctl(MAX)).toBe('524288')
    expect(tunersMade(bed)).toEqual([])
  })

  test.concurrent('gives a node with 16 cores what kube-proxy would give it', async () => {
    await using bed = await start([busy('a', { cores: 16 })])
    const { fix, aks } = bed
    await fix([remedies.sysctl()])
    expect(await aks.node('a').sysctl(MAX)).toBe('524288')
    expect(await aks.node('a').sysctl(BUCKETS)).toBe('131072')
  })

  test.concurrent('fixes a table that is full while the fix runs', async () => {
    await using bed = await start([busy('a', { conntrackCount: 131_072 })])
    const { fix } = bed
    const { judgement, record } = await fix([remedies.sysctl()])
    expect(judgement.verdict).toBe('healthy')
    expect(record.effects.find(({ measure }) => measure === 'conntrack-percent')).toMatchObject({
      before: 100,
      after: 50,
    })
  })

  test.concurrent('writes tcp_tw_reuse and tcp_max_tw_buckets, as the kernel of the node then says', async () => {
    await using bed = await start([busy('a', { ...calm, sysctls: { ...calm.sysctls, [TW_REUSE]: '0' } })])
    const { fix, aks } = bed
    const { record, judgement } = await fix([remedies.sysctl()])
    expect(await aks.node('a').sysctl(TW_REUSE)).toBe('1')
    expect(await aks.node('a').sysctl(MAX_TW_BUCKETS)).toBe('2000000')
    expect(record.changes.map(({ setting }) => setting)).toEqual([TW_REUSE, MAX_TW_BUCKETS])
    expect(judgement.verdict).toBe('healthy')
    expect(record.plans[0]?.notes.join('\n')).toContain(
      'securityContext:\n  sysctls:\n    - name: net.ipv4.tcp_tw_reuse',
    )
  })

  test.concurrent('leaves the verdict critical when only one of two symptoms is cured', async () => {
    await using bed = await start([busy('a')])
    const { fix, aks } = bed
    await aks.node('a').makeTimeWait({ v4: 550 })
    const { standing, judgement, record } = await fix([remedies.sysctl()])
    const statusOf = (check: string) => standing.findings.find((finding) => finding.check === check)?.status
    expect([statusOf('conntrack-usage'), statusOf('time-wait')]).toEqual(['ok', 'critical'])
    expect(judgement).toMatchObject({ verdict: 'critical', fails: true })
    expect(record.unachieved).toEqual([])
  })

  test.concurrent('touches only the nodes that breach, and every node with the scope all', async () => {
    await using bed = await start([busy('a'), busy('b', calm)])
    const { fix, aks } = bed
    await fix([remedies.sysctl()])
    expect(await aks.node('b').sysctl(MAX)).toBe('131072')
    await fix([remedies.sysctl({ scope: 'all' })])
    expect(await aks.node('b').sysctl(MAX)).toBe('262144')
  })

  test.concurrent('does nothing the second time', async () => {
    await using bed = await start([busy('a')])
    const { fix } = bed
    await fix([remedies.sysctl({ scope: 'all' })])
    const made = tunersMade(bed).length
    const { record } = await fix([remedies.sysctl({ scope: 'all' })])
    expect(record.changes.map(({ outcome }) => outcome)).toEqual(Array(4).fill('skipped'))
    expect(tunersMade(bed)).toHaveLength(made)
  })

  test.concurrent('plans without a write when it is a dry run', async () => {
    await using bed = await start([busy('a')])
    const { fix, stand, aks } = bed
    const from = await stand()
    const seen = aks.requests.length
    const { record } = await fix([remedies.sysctl()], { from, dryRun: true })
    expect(record.plans[0]?.steps.map(({ setting, from, to }) => [setting, from, to])).toEqual([
      [BUCKETS, '16384', '65536'],
      [MAX, '131072', '262144'],
    ])
    expect(record.changes).toEqual([])
    expect(aks.requests.slice(seen).filter(({ method }) => method !== 'GET')).toEqual([])
    expect(await aks.node('a').sysctl(MAX)).toBe('131072')
  })

  test.concurrent('waits five seconds before the reading that proves it, as the guide does', async () => {
    await using bed = await start([busy('a')])
    const { fix } = bed
    const slept: number[] = []
    await fix([remedies.sysctl()], { onSleep: (ms) => slept.push(ms) })
    expect(slept).toEqual([5000])
  })
})

onNodes('sysctl, when something goes wrong,', () => {
  test.concurrent('names the node whose values are read-only, and gives the others theirs', async () => {
    await using bed = await start([busy('a'), busy('b', { fault: 'read-only-sysctls' })])
    const { fix, aks } = bed
    const { record, judgement } = await fix([remedies.sysctl()])
    expect(tried(record.changes)).toMatchObject({
      'a nf_conntrack_max': ['changed', '131072', '262144'],
      'b nf_conntrack_max': ['failed', '131072', '131072'],
    })
    expect(record.unachieved).toHaveLength(2)
    expect(record.unachieved[1]).toMatch(
      /nf_conntrack_max of node b could not be changed: the node does not let it be written: Read-only/,
    )
    expect(judgement.verdict).toBe('critical')
    expect(await aks.node('a').sysctl(MAX)).toBe('262144')
  })

  test.concurrent('names the node whose tuner admission refuses, and gives the others theirs', async () => {
    await using bed = await start([busy('a'), busy('b'), busy('c')], {
      admit: ({ resource, object }) => {
        const pod = object as Pod | undefined
        const refused = resource === 'pods' && pod && isTuner(pod) && pod.spec.nodeName === 'b'
        return refused
          ? { webhook: 'guard.example', message: 'Privileged container is not allowed' }
          : undefined
      },
    })
    const { fix, aks } = bed
    const { record } = await fix([remedies.sysctl()])
    expect(tried(record.changes)).toMatchObject({
      'a nf_conntrack_max': ['changed', '131072', '262144'],
      'b nf_conntrack_max': ['failed', '131072', '131072'],
      'c nf_conntrack_max': ['changed', '131072', '262144'],
    })
    expect(record.unachieved.join('\n')).toContain('Privileged container is not allowed')
    expect(podsLeft(aks)).toEqual([])
  })

  test.concurrent('says of a node that dies between plan and apply that its values may or may not be written', async () => {
    await using bed = await start([busy('a'), busy('b')])
    const { fix, stand, aks } = bed
    const from = await stand()
    aks.node('b').setFault('dead')
    // What is being deleted there stays; the run would wait for it, which is not what is tested here.
    aks.events.on('pod-deleting', ({ metadata: { namespace = '', name } }) => {
      const gone = () => aks.store.get('pods', namespace, name) === undefined
      setImmediate(() => gone() || aks.store.delete('pods', namespace, name, { gracePeriodSeconds: 0 }))
    })
    const { record, judgement } = await fix([remedies.sysctl({ nodeTimeoutSeconds: 1 })], {
      from,
      auditSeconds: 1,
    })
    expect(tried(record.changes)).toMatchObject({
      'a nf_conntrack_max': ['changed', '131072', '262144'],
      'b nf_conntrack_max': ['unproven', '131072', undefined],
    })
    expect(judgement.verdict).toBe('unknown')
    expect(podsLeft(aks)).toEqual([])
  })

  test.concurrent('says of a node that left the cluster that nothing is known of it', async () => {
    await using bed = await start([busy('a'), busy('b')])
    const { fix, stand, aks } = bed
    const from = await stand()
    await aks.removeNode('b')
    const { record } = await fix([remedies.sysctl({ nodeTimeoutSeconds: 2 })], { from })
    expect(tried(record.changes)).toMatchObject({
      'a nf_conntrack_max': ['changed', '131072', '262144'],
      'b nf_conntrack_max': ['unproven', '131072', undefined],
    })
  })

  test.concurrent('outlasts an API server that goes away for five seconds while the tuners run', async () => {
    await using bed = await start([busy('a'), busy('b')])
    const { fix, stand, aks } = bed
    const from = await stand()
    aks.misbehave({ match: { method: 'POST', path: /pods/, skip: 1, times: 1 }, do: { goAwayForMs: 5000 } })
    const { record, judgement } = await fix([remedies.sysctl()], { from })
    expect(tried(record.changes)).toMatchObject({
      'a nf_conntrack_max': ['changed', '131072', '262144'],
      'b nf_conntrack_max': ['changed', '131072', '262144'],
    })
    expect(judgement.verdict).toBe('healthy')
    expect(podsLeft(aks)).toEqual([])
  }, 30_000)

  test.concurrent('leaves no pod and a true record when the run is ended while a tuner runs', async () => {
    await using bed = await start([busy('a')])
    const { fix, stand, aks } = bed
    const from = await stand()
    aks.node('a').setFault({ delayMs: 60_000 })
    const controller = new AbortController()
    aks.events.on('pod-created', (pod) => {
      if (isTuner(pod)) setTimeout(() => controller.abort(new Error('SIGTERM')), 20)
    })
    const { record } = await fix([remedies.sysctl()], { from, signal: controller.signal })
    expect(record.interrupted).toBe(true)
    expect(tried(record.changes)).toMatchObject({ 'a nf_conntrack_max': ['unproven', '131072', undefined] })
    expect(record.unachieved.at(-1)).toBe('The run was ended before all remedies were through.')
    expect(podsLeft(aks)).toEqual([])
  })

  test.concurrent('keeps what was written in the record when the run is ended before the proof', async () => {
    await using bed = await start([busy('a')])
    const { fix } = bed
    const controller = new AbortController()
    const { record } = await fix([remedies.sysctl()], {
      signal: controller.signal,
      onSleep: () => controller.abort(new Error('SIGTERM')),
    })
    expect(record.interrupted).toBe(true)
    expect(tried(record.changes)).toMatchObject({ 'a nf_conntrack_max': ['changed', '131072', '262144'] })
  })

  test.concurrent('says so when something writes the old value again before the proof', async () => {
    await using bed = await start([busy('a')])
    const { fix, aks } = bed
    const { record, judgement } = await fix([remedies.sysctl()], {
      onSleep: () => aks.node('a').setSysctl(MAX, '131072'),
    })
    expect(tried(record.changes)).toMatchObject({ 'a nf_conntrack_max': ['failed', '131072', '131072'] })
    expect(record.unachieved[0]).toContain('something on the node wrote it after the fix')
    expect(judgement.verdict).toBe('critical')
  })

  test.concurrent('does not take an old reading for the new one when the nodes cannot be read again', async () => {
    await using bed = await start([busy('a')])
    const { fix, stand, aks } = bed
    const from = await stand()
    aks.misbehave({
      match: { method: 'GET', path: /^\/api\/v1\/nodes/ },
      do: { status: 403, body: { kind: 'Status', reason: 'Forbidden', message: 'no more' } },
    })
    const { judgement, record, standing } = await fix([remedies.sysctl()], { from })
    expect(judgement.verdict).toBe('unknown')
    expect(standing.nodes.map(({ kind }) => kind)).toEqual(['unread'])
    expect(tried(record.changes)).toMatchObject({ 'a nf_conntrack_max': ['changed', '131072', '262144'] })
    expect(record.unachieved.join('\n')).toContain('could not be read again after sysctl')
  })
})
