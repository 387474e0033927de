import { describe, expect, jest, test } from '@jest/globals'
import type { Change } from '../../src/remedy/remedy.ts'
import { BUCKETS, MAX } from '../../src/remedy/sysctl-targets.ts'
import type { NodeSpec, Pod } from '../aks/aks.ts'
import { busy, onNodes, remedies, startBed, tried } from './bed.ts'

// Real nodes and processes, on machines that are busy with other things.
jest.setTimeout(60_000)

const NAME = 'aks-connection-health-tuner'

/** One with buckets enough. */
const roomy = (name: string, more: Partial<NodeSpec> = {}) =>
  busy(name, { ...more, sysctls: { [BUCKETS]: '65536', ...more.sysctls } })

const maxOf = (changes: Change[], node = 'a') =>
  changes.find(({ target, setting }) => target.kind === 'node' && target.name === node && setting === MAX)
const isTuner = (pod: Pod) => pod.metadata.labels?.['app.kubernetes.io/component'] === 'tuner'

onNodes('what somebody else writes while a fix is under way', () => {
  test.concurrent('is not claimed when it is as large as was wanted, and not put back', async () => {
    await using bed = await startBed({ nodes: [roomy('a')] })
    const from = await bed.stand()
    await bed.aks.node('a').setSysctl(MAX, '300000')
    const fixed = await bed.fix([remedies.daemonSet()], { from })
    expect(maxOf(fixed.record.changes)).toMatchObject({ outcome: 'unchanged', before: '300000' })
    await bed.fix([remedies.restore(fixed.record, bed.api.server)])
    expect(await bed.aks.node('a').sysctl(MAX)).toBe('300000')
  })

  test.concurrent('is left by a restore when it came after the write and before the proof', async () => {
    await using bed = await startBed({ nodes: [roomy('a'), roomy('b')] })
    const fixed = await bed.fix([remedies.sysctl()], {
      onSleep: async () => {
        await bed.aks.node('a').setSysctl(MAX, '524288')
        await bed.aks.node('b').setSysctl(MAX, '196608')
      },
    })
    const { record } = await bed.fix([remedies.restore(fixed.record, bed.api.server)])
    expect(await bed.aks.node('a').sysctl(MAX)).toBe('524288')
    expect(await bed.aks.node('b').sysctl(MAX)).toBe('196608')
    for (const node of ['a', 'b']) {
      expect(maxOf(record.changes, node)).toMatchObject({
        outcome: 'skipped',
        why: expect.stringContaining('no longer the 262144 that the fix wrote'),
      })
    }
  })

  test.concurrent('is what a restore of a DaemonSet puts back, not what was there at its plan', async () => {
    await using bed = await startBed({ nodes: [roomy('a')] })
    const from = await bed.stand()
    await bed.aks.node('a').setSysctl(MAX, '140000')
    const fixed = await bed.fix([remedies.daemonSet()], { from })
    expect(maxOf(fixed.record.changes)).toMatchObject({ outcome: 'changed', before: '140000' })
    await bed.fix([remedies.restore(fixed.record, bed.api.server)])
    expect(await bed.aks.node('a').sysctl(MAX)).toBe('140000')
  })

  test.concurrent('does not make "no limit" a failure', async () => {
    await using bed = await startBed({ nodes: [roomy('a')] })
    const from = await bed.stand()
    await bed.aks.node('a').setSysctl(MAX, '0')
    const { record } = await bed.fix([remedies.sysctl()], { from })
    expect(maxOf(record.changes)).toMatchObject({ outcome: 'unchanged', before: '0', after: '0' })
    expect(record.unachieved).toEqual([])
  })
})

onNodes('a node that was replaced by another of that name since the fix', () => {
  test.concurrent.each(['sysctl', 'daemonSet'] as const)(
    'keeps its values, also where they are equal to those that %s wrote',
    async (remedy) => {
      await using bed = await startBed({ nodes: [roomy('a')] })
      const fixed = await bed.fix([remedies[remedy]()])
      await bed.aks.removeNode('a')
      await bed.aks.addNode(roomy('a', { sysctls: { [MAX]: '262144' } }))
      const { record } = await bed.fix([remedies.restore(fixed.record, bed.api.server)])
      expect(maxOf(record.changes)).toMatchObject({
        outcome: 'skipped',
        why: expect.stringContaining('started anew or replaced since'),
      })
      expect(await bed.aks.node('a').sysctl(MAX)).toBe('262144')
    },
  )
})

onNodes('a node that was started anew since the fix', () => {
  const restart = (bed: Awaited<ReturnType<typeof startBed>>) => {
    const bootID = '00000000-0000-4000-8000-000000000000'
    bed.aks.store.patch('nodes', '', 'a', { status: { nodeInfo: { bootID } } })
  }

  test.concurrent('keeps what it has, as what a tuner wrote is gone', async () => {
    await using bed = await startBed({ nodes: [roomy('a')] })
    const fixed = await bed.fix([remedies.sysctl()])
    restart(bed)
    await bed.fix([remedies.restore(fixed.record, bed.api.server)])
    expect(await bed.aks.node('a').sysctl(MAX)).toBe('262144')
  })

  test.concurrent('gets back what a DaemonSet wrote, as that wrote it again', async () => {
    await using bed = await startBed({ nodes: [roomy('a')] })
    const fixed = await bed.fix([remedies.daemonSet()])
    restart(bed)
    await bed.fix([remedies.restore(fixed.record, bed.api.server)])
    expect(await bed.aks.node('a').sysctl(MAX)).toBe('131072')
  })
})

onNodes('a tuner that was given up', () => {
  test.concurrent('and wrote all the same is not hidden', async () => {
    await using bed = await startBed({ nodes: [roomy('a'), roomy('b')] })
    const from = await bed.stand()
    bed.aks.node('a').setFault('pull-error')
    bed.aks.node('b').setFault({ delayMs: 8000 })
    bed.aks.events.on('pod-created', (pod) => {
      if (isTuner(pod) && pod.spec.nodeName === 'a')
        setTimeout(() => bed.aks.node('a').setFault(undefined), 500)
    })
    const { record } = await bed.fix([remedies.sysctl()], {
      from,
      onSleep: () => bed.aks.node('b').setFault(undefined),
    })
    expect(await bed.aks.node('a').sysctl(MAX)).toBe('262144')
    expect(tried(record.changes)).toMatchObject({ 'a nf_conntrack_max': ['changed', '131072', '262144'] })
  })
})

onNodes('a node that leaves while a fix is under way', () => {
  test.concurrent('is not judged by what it was before', async () => {
    await using bed = await startBed({ nodes: [roomy('a'), roomy('b')] })
    const { standing, judgement } = await bed.fix([remedies.sysctl()], {
      onSleep: () => bed.aks.removeNode('b'),
    })
    expect(standing.nodes.map(({ node, kind }) => [node.name, kind])).toEqual([
      ['a', 'read'],
      ['b', 'out-of-scope'],
    ])
    expect(judgement.verdict).toBe('healthy')
  })
})

onNodes('a DaemonSet', () => {
  const stored = (bed: Awaited<ReturnType<typeof startBed>>) =>
    bed.aks.store.get('daemonsets.apps', 'kube-system', NAME)

  test.concurrent('that the API server makes only after the run was ended is taken back, or named', async () => {
    await using bed = await startBed({ nodes: [roomy('a')] })
    const from = await bed.stand()
    const controller = new AbortController()
    bed.aks.misbehave({ match: { method: 'PATCH', times: 1 }, do: 'hang' })
    bed.aks.events.on('request', ({ method, path, query, body }) => {
      if (method !== 'PATCH' || controller.signal.aborted) return
      controller.abort(new Error('SIGTERM'))
      const contentType = 'application/apply-patch+yaml'
      setTimeout(() => void bed.api.request({ method, path, query, body, contentType }), 300)
    })
    const { record } = await bed.fix([remedies.daemonSet()], { from, signal: controller.signal })
    expect(record.interrupted).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(stored(bed)).toBeUndefined()
    expect(record.changes.find(({ setting }) => setting === 'conntrack-max')?.outcome).toBe('failed')
  })

  test.concurrent('of which nothing is seen after a lost answer is not said to be gone', async () => {
    await using bed = await startBed({ nodes: [roomy('a')] })
    const from = await bed.stand()
    const controller = new AbortController()
    bed.aks.misbehave({ match: { method: 'PATCH', times: 1 }, do: 'hang' })
    bed.aks.events.on('request', ({ method }) => {
      if (method === 'PATCH') controller.abort(new Error('SIGTERM'))
    })
    const { record } = await bed.fix([remedies.daemonSet()], { from, signal: controller.signal })
    expect(record.changes.find(({ setting }) => setting === 'conntrack-max')).toMatchObject({
      outcome: 'unproven',
      why: expect.stringContaining('look whether it is there'),
    })
  })

  test.concurrent('plans for each node the buckets that its pods write, whichever node calls for them', async () => {
    await using bed = await startBed({
      nodes: [
        roomy('a', { sysctls: { [BUCKETS]: '16384' } }),
        roomy('large', { conntrackCount: 500_000, sysctls: { [MAX]: '1048576', [BUCKETS]: '65536' } }),
      ],
    })
    const planned = await bed.fix([remedies.daemonSet()], { dryRun: true })
    const { record } = await bed.fix([remedies.daemonSet()])
    const to = planned.record.plans[0]?.steps.find(
      ({ target, setting }) => target.name === 'a' && setting === BUCKETS,
    )?.to
    expect([to, await bed.aks.node('a').sysctl(BUCKETS)]).toEqual(['262144', '262144'])
    expect(record.unachieved).toEqual([])
  })

  test.concurrent('is refused where its buckets would take too much of the memory of a node that it serves', async () => {
    await using bed = await startBed({
      nodes: [
        roomy('small', { memoryKb: 3 * 2 ** 20 }),
        roomy('large', { conntrackCount: 500_000, sysctls: { [MAX]: '100000000', [BUCKETS]: '65536' } }),
      ],
    })
    const { record } = await bed.fix([remedies.daemonSet({ scope: 'all' })])
    expect(stored(bed)).toBeUndefined()
    expect(record.unachieved.join('\n')).toMatch(
      /DaemonSet .* left as it was: .* node small too: .* % of the memory of the node/,
    )
  })
})

describe('an unread node', () => {
  test.concurrent('that a fix of all was asked for is not passed over in silence', async () => {
    await using bed = await startBed({
      nodes: [roomy('a', { state: { sample: 'healthy' } }), { name: 'dark', fault: 'dead' }],
    })
    const { record } = await bed.fix([remedies.sysctl({ scope: 'all' })], { auditSeconds: 1 })
    expect(record.unachieved.join('\n')).toMatch(/nf_conntrack_max of node dark left as it was: /)
    const breached = await bed.fix([remedies.sysctl()], { auditSeconds: 1 })
    expect(breached.record.unachieved).toEqual([])
  })
})
