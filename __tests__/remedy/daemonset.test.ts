import { expect, jest, test } from '@jest/globals'
import type { DaemonSet } from '../../src/remedy/daemonset-object.ts'
import { BUCKETS, MAX, MAX_TW_BUCKETS } from '../../src/remedy/sysctl-targets.ts'
import type { AksOptions, KubeObject, NodeSpec, Pod } from '../aks/aks.ts'
import { type Bed, busy, calm, onNodes, remedies, startBed, tried } from './bed.ts'

const NAME = 'aks-connection-health-tuner'

// Real nodes and processes, on machines that are busy with other things.
jest.setTimeout(60_000)

const pool = { nodeSelector: '', nodePools: ['np1'], nodes: [] as string[] }
const large = { conntrackMax: 1_048_576, twReuse: 1, maxTwBuckets: 2_000_000 }

const start = (nodes: NodeSpec[], options: AksOptions = {}) => startBed({ nodes, ...options })

type Stored = DaemonSet & KubeObject
const stored = ({ aks }: Bed, namespace = 'kube-system') =>
  aks.store.get<Stored>('daemonsets.apps', namespace, NAME)
const tunerPods = ({ aks }: Bed) =>
  aks.store.list<Pod>('pods').filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === NAME)
const servedNodes = (bed: Bed) =>
  tunerPods(bed)
    .map(({ spec }) => spec.nodeName ?? '')
    .sort((a, b) => a.localeCompare(b))
const settingsIn = (changes: { setting: string; outcome: string; before: unknown; after: unknown }[]) =>
  Object.fromEntries(
    changes.map(({ setting, outcome, before, after }) => [setting, [outcome, before, after]]),
  )

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; !(await what()); ) {
    if (Date.now() > end) throw new Error('it did not come about within 10 s')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

onNodes('daemonset', () => {
  test.concurrent('serves the pool of a breaching node, writes at once, and is proven by a reading', async () => {
    await using bed = await start([busy('a'), busy('b', calm), busy('c', { ...calm, pool: 'np2' })])
    const { fix, aks } = bed
    const { record, judgement, lines } = await fix([remedies.daemonSet()])
    expect(servedNodes(bed)).toEqual(['a', 'b'])
    expect(record.unachieved).toEqual([])
    expect(settingsIn(record.changes.filter(({ target }) => target.kind === 'daemonset'))).toEqual({
      image: ['changed', null, 'mcr.microsoft.com/azurelinux/busybox:1.36'],
      'conntrack-max': ['changed', null, '262144'],
      'conntrack-buckets': ['changed', null, '65536'],
      nodes: ['changed', null, 'pool np1'],
      rollout: ['changed', null, '2 of 2 pods ready'],
    })
    expect(tried(record.changes)).toMatchObject({
      'a nf_conntrack_max': ['changed', '131072', '262144'],
      'b nf_conntrack_max': ['changed', '131072', '262144'],
    })
    expect(await aks.node('c').sysctl(MAX)).toBe('131072')
    expect(judgement.verdict).toBe('healthy')
    expect(lines.join('\n')).toMatch(/DaemonSet kube-system\/aks-connection-health-tuner: \d of 2 pods ready/)
  })

  test.concurrent('its pods are privileged and nothing besides: no token, no host path, a read-only root, small limits', async () => {
    await using bed = await start([busy('a')])
    const { fix } = bed
    await fix([remedies.daemonSet()])
    const { metadata, spec } = tunerPods(bed)[0] ?? {}
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      hostNetwork: true,
      tolerations: expect.arrayContaining([{ operator: 'Exists' }]),
    })
    expect(spec).not.toHaveProperty('priorityClassName', expect.stringMatching(/./))
    expect(spec).not.toHaveProperty('hostPID', true)
    expect(JSON.stringify(spec)).not.toContain('hostPath')
    for (const { securityContext, resources } of [
      ...(spec?.initContainers ?? []),
      ...(spec?.containers ?? []),
    ]) {
      expect(securityContext).toMatchObject({ privileged: true, readOnlyRootFilesystem: true })
      expect(resources?.limits).toEqual({ cpu: '100m', memory: '32Mi' })
    }
    expect(metadata?.labels).not.toHaveProperty('app.kubernetes.io/instance')
    expect(stored(bed)?.metadata.labels).toMatchObject({
      'app.kubernetes.io/managed-by': 'aks-connection-health',
      'app.kubernetes.io/instance': 'run-1',
    })
  })

  test.concurrent('a node that joins later gets the values too', async () => {
    await using bed = await start([busy('a')])
    const { fix, aks } = bed
    await fix([remedies.daemonSet()])
    await aks.addNode(busy('later', calm))
    await until(async () => (await aks.node('later').sysctl(MAX)) === '262144')
    expect(servedNodes(bed)).toEqual(['a', 'later'])
  })

  test.concurrent('gives a node with 16 cores the buckets that its larger maximum needs, and does not lower it', async () => {
    await using bed = await start([
      busy('a'),
      busy('big', { cores: 16, conntrackCount: 500_000, sysctls: { [MAX]: '1048576', [BUCKETS]: '65536' } }),
    ])
    const { fix, aks } = bed
    const { record } = await fix([remedies.daemonSet()])
    expect(record.unachieved).toEqual([])
    expect(await aks.node('big').sysctl(MAX)).toBe('1048576')
    expect(await aks.node('big').sysctl(BUCKETS)).toBe('262144')
  })

  test.concurrent('leaves a node out that could not be read, and takes it in when it can be', async () => {
    await using bed = await start([busy('a'), busy('dark', { fault: 'dead' })])
    const { fix, aks } = bed
    const { record } = await fix([remedies.daemonSet()], { auditSeconds: 1 })
    expect(servedNodes(bed)).toEqual(['a'])
    expect(record.plans[0]?.notes.join('\n')).toContain('nothing could be put back on them: dark')
    aks.node('dark').setFault(undefined)
    const again = await fix([remedies.daemonSet()])
    expect(settingsIn(again.record.changes)).toMatchObject({ 'left-out': ['changed', 'dark', ''] })
    expect(servedNodes(bed)).toEqual(['a', 'dark'])
  })

  test.concurrent('a second run finds it in place and changes nothing', async () => {
    await using bed = await start([busy('a')])
    const { fix, aks } = bed
    await fix([remedies.daemonSet({ scope: 'all' })])
    const version = stored(bed)?.metadata.generation
    const seen = aks.requests.length
    const { record } = await fix([remedies.daemonSet({ scope: 'all' })])
    expect(record.changes.every(({ outcome }) => outcome === 'skipped')).toBe(true)
    expect(stored(bed)?.metadata.generation).toBe(version)
    expect(aks.requests.slice(seen).some(({ method }) => method === 'PATCH')).toBe(false)
  })

  test.concurrent('what one that is there has is never lowered, and it goes on serving its nodes', async () => {
    await using bed = await start([busy('a'), busy('b', { pool: 'np2' })])
    const { fix, aks } = bed
    const only = (name: string) => ({ nodeSelector: '', nodePools: [name], nodes: [] as string[] })
    await fix([remedies.daemonSet({ limits: only('np1'), wanted: large })], { scope: only('np1') })
    const { record } = await fix([remedies.daemonSet({ limits: only('np2') })], { scope: only('np2') })
    expect(settingsIn(record.changes)).toMatchObject({ nodes: ['changed', 'pool np1', 'pool np1; pool np2'] })
    expect(record.changes.find(({ setting }) => setting === 'nodes')?.why).toContain('goes on serving')
    expect(servedNodes(bed)).toEqual(['a', 'b'])
    expect(await aks.node('a').sysctl(MAX)).toBe('1048576')
    expect(await aks.node('b').sysctl(MAX)).toBe('1048576')
  })

  test.concurrent('is not raised by a run that did not look at all the nodes that it serves', async () => {
    await using bed = await start([busy('a'), busy('b')])
    const { fix } = bed
    await fix([remedies.daemonSet()])
    const limits = { nodeSelector: '', nodePools: [], nodes: ['a'] }
    const { record } = await fix([remedies.daemonSet({ scope: 'all', limits, wanted: large })], {
      scope: limits,
    })
    expect(record.changes.filter(({ target }) => target.kind === 'daemonset')).toMatchObject([
      { outcome: 'refused', why: expect.stringContaining('did not look at (b)') },
    ])
  })

  test.concurrent('with a named node in the scope it serves that node alone', async () => {
    await using bed = await start([busy('a'), busy('b')])
    const { fix } = bed
    const limits = { nodeSelector: '', nodePools: [], nodes: ['a'] }
    await fix([remedies.daemonSet({ limits })], { scope: limits })
    expect(servedNodes(bed)).toEqual(['a'])
  })

  test.concurrent('writes no node and no object when it is a dry run', async () => {
    await using bed = await start([busy('a')])
    const { fix, stand, aks } = bed
    const from = await stand()
    const seen = aks.requests.length
    const { record } = await fix([remedies.daemonSet()], { from, dryRun: true })
    expect(record.plans[0]?.steps.map(({ setting, to }) => [setting, to])).toEqual([
      ['image', 'mcr.microsoft.com/azurelinux/busybox:1.36'],
      ['conntrack-max', '262144'],
      ['conntrack-buckets', '65536'],
      ['nodes', 'pool np1'],
      [BUCKETS, '65536'],
      [MAX, '262144'],
    ])
    expect(aks.requests.slice(seen).every(({ method }) => method === 'GET')).toBe(true)
  })

  test.concurrent('does nothing after a fix that made all nodes healthy, and says how to have it all the same', async () => {
    await using bed = await start([busy('a')])
    const { fix } = bed
    const { record, judgement } = await fix([remedies.daemonSet(), remedies.sysctl()])
    expect(record.plans.map(({ remedy }) => remedy)).toEqual(['sysctl', 'daemonset'])
    expect(stored(bed)).toBeUndefined()
    expect(record.changes.at(-1)).toMatchObject({
      remedy: 'daemonset',
      outcome: 'skipped',
      why: expect.stringContaining('fix-scope: all'),
    })
    expect(judgement.verdict).toBe('healthy')
  })
})

onNodes('daemonset, when something is in its way,', () => {
  const foreign = (more: object = {}): KubeObject =>
    ({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { namespace: 'kube-system', name: NAME, ...more },
      spec: {
        selector: { matchLabels: { app: 'x' } },
        template: {
          metadata: { labels: { app: 'x' } },
          spec: { nodeSelector: { none: 'at-all' }, containers: [{ name: 'x', image: 'busybox' }] },
        },
      },
    }) as KubeObject

  test.concurrent('leaves one of that name that it did not make', async () => {
    await using bed = await start([busy('a')], { objects: [foreign()] })
    const { fix } = bed
    const { record } = await fix([remedies.daemonSet()])
    expect(record.unachieved[0]).toContain('there is one of that name that this action did not make')
  })

  test.concurrent('leaves one that somebody else manages, and names who', async () => {
    await using bed = await start([busy('a')])
    const { fix, api } = bed
    await fix([remedies.daemonSet()])
    await api.request({
      method: 'PATCH',
      path: `/apis/apps/v1/namespaces/kube-system/daemonsets/${NAME}`,
      query: { fieldManager: 'argocd-controller' },
      contentType: 'application/merge-patch+json',
      body: { spec: { template: { spec: { terminationGracePeriodSeconds: 9 } } } },
    })
    const large = { conntrackMax: 524_288, twReuse: 1, maxTwBuckets: 2_000_000 }
    const { record } = await fix([remedies.daemonSet({ scope: 'all', wanted: large })])
    expect(record.unachieved[0]).toContain('argocd-controller manages it (metadata.managedFields)')
  })

  test.concurrent('does not make a second one beside that of another namespace', async () => {
    await using bed = await start([busy('a')], { objects: [namespace('tuning')] })
    const { fix } = bed
    await fix([remedies.daemonSet({ namespace: 'tuning' })])
    const { record } = await fix([remedies.daemonSet({ scope: 'all' })])
    expect(stored(bed)).toBeUndefined()
    expect(record.unachieved[0]).toContain('there is one in namespace tuning already')
  })

  test.concurrent('names why pods are refused, and does not wait for the deadline', async () => {
    await using bed = await start([busy('a')], {
      admit: ({ resource, object }) =>
        resource === 'pods' && JSON.stringify(object ?? {}).includes(NAME)
          ? { webhook: 'guard.example', message: 'Privileged container is not allowed' }
          : undefined,
    })
    const { fix } = bed
    const slept: number[] = []
    const { record, judgement } = await fix([remedies.daemonSet()], { onSleep: (ms) => slept.push(ms) })
    expect(slept.length).toBeLessThan(30)
    const rollout = record.changes.find(({ setting }) => setting === 'rollout')
    expect(rollout).toMatchObject({ outcome: 'failed', after: '0 of 1 pods ready' })
    expect(rollout?.why).toContain('Privileged container is not allowed')
    expect(tried(record.changes)).toMatchObject({ 'a nf_conntrack_max': ['failed', '131072', '131072'] })
    expect(judgement.verdict).toBe('critical')
  })

  test.concurrent('says which node did not get its pod ready in time, and gives the others theirs', async () => {
    await using bed = await start([busy('a'), busy('b')])
    const { fix, stand, aks } = bed
    const from = await stand()
    aks.node('b').setFault('pull-error')
    const { record } = await fix([remedies.daemonSet({ rolloutSeconds: 40 })], { from, auditSeconds: 1 })
    const rollout = record.changes.find(({ setting }) => setting === 'rollout')
    expect(rollout).toMatchObject({ outcome: 'failed', after: '1 of 2 pods ready' })
    expect(rollout?.why).toMatch(/b: (ErrImagePull|ImagePullBackOff)/)
    expect(tried(record.changes)).toMatchObject({
      'a nf_conntrack_max': ['changed', '131072', '262144'],
      'b nf_conntrack_max': ['unproven', '131072', undefined],
    })
  }, 20_000)

  test.concurrent('names the value that a node does not let it write', async () => {
    await using bed = await start([busy('a', { fault: 'read-only-sysctls' })])
    const { fix } = bed
    const { record } = await fix([remedies.daemonSet()])
    expect(tried(record.changes)).toMatchObject({ 'a nf_conntrack_max': ['failed', '131072', '131072'] })
    expect(record.unachieved.join('\n')).toContain('Read-only file system')
  })

  test.concurrent('says which right is missing, and leaves the other remedies their turn', async () => {
    const rules = [{ apiGroups: [''], resources: ['nodes', 'pods'], verbs: ['*'] }]
    await using bed = await start([busy('a')], { users: [{ name: 'small', rules }] })
    const { fix } = bed
    const { record } = await fix([remedies.daemonSet(), remedies.sysctl()])
    expect(record.unachieved).toContain(
      'daemonset: it could not be planned: the right to get daemonsets.apps in namespace kube-system is missing',
    )
    expect(tried(record.changes)).toMatchObject({ 'a nf_conntrack_max': ['changed', '131072', '262144'] })
  })

  test.concurrent('is taken back when the run is ended during its rollout, and the record says so', async () => {
    await using bed = await start([busy('a')])
    const { fix } = bed
    const from = await bed.stand()
    bed.aks.node('a').setFault({ delayMs: 60_000 })
    const controller = new AbortController()
    const { record } = await fix([remedies.daemonSet()], {
      from,
      signal: controller.signal,
      onSleep: () => controller.abort(new Error('SIGTERM')),
    })
    expect(stored(bed)).toBeUndefined()
    await until(() => tunerPods(bed).length === 0)
    expect(record.interrupted).toBe(true)
    expect(settingsIn(record.changes)).toMatchObject({
      'conntrack-max': ['failed', null, null],
      [MAX]: ['unproven', '131072', undefined],
    })
  })

  test.concurrent('one that was there before stays when the run is ended while it is changed', async () => {
    await using bed = await start([busy('a')])
    const { fix, stand, aks } = bed
    await fix([remedies.daemonSet({ limits: pool })])
    const from = await stand()
    aks.node('a').setFault({ delayMs: 60_000 })
    const controller = new AbortController()
    const { record } = await fix([remedies.daemonSet({ scope: 'all', limits: pool, wanted: large })], {
      from,
      signal: controller.signal,
      onSleep: () => controller.abort(new Error('SIGTERM')),
    })
    expect(stored(bed)).toBeDefined()
    expect(settingsIn(record.changes)).toMatchObject({ 'conntrack-max': ['changed', '262144', '1048576'] })
  })

  test.concurrent('is not taken over from a manager that comes between plan and apply', async () => {
    await using bed = await start([busy('a')])
    const { fix, aks } = bed
    await fix([remedies.daemonSet({ limits: pool })])
    let done = false
    aks.events.on('request', ({ method, path }) => {
      const now = stored(bed)
      if (done || method !== 'PATCH' || !path.endsWith(NAME) || !now) return
      done = true
      const fieldsV1 = { 'f:spec': { 'f:template': { 'f:spec': { 'f:hostNetwork': {} } } } }
      const entry = {
        manager: 'flux',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        fieldsType: 'FieldsV1',
        fieldsV1,
      }
      const managedFields = [...(now.metadata.managedFields ?? []), entry]
      aks.store.update('daemonsets.apps', {
        ...now,
        metadata: { ...now.metadata, managedFields },
      } as KubeObject)
    })
    const { record } = await fix([remedies.daemonSet({ scope: 'all', limits: pool, wanted: large })])
    expect(done).toBe(true)
    expect(settingsIn(record.changes)).toMatchObject({ 'conntrack-max': ['failed', '262144', '262144'] })
    expect(JSON.stringify(stored(bed))).toContain('raise 262144')
    const patches = aks.requests.filter(({ method, path }) => method === 'PATCH' && path.endsWith(NAME))
    expect(patches.map(({ query }) => query.force)).toEqual(['false', 'false'])
  })

  test.concurrent('is known to be there when the answer to its creation, or to a change, is lost', async () => {
    await using bed = await start([busy('a')])
    const { fix, aks } = bed
    const loseAnswer = () => aks.misbehave({ match: { method: 'PATCH', times: 1 }, do: 'lost-answer' })
    loseAnswer()
    const made = await fix([remedies.daemonSet({ limits: pool })])
    loseAnswer()
    const raised = await fix([remedies.daemonSet({ scope: 'all', limits: pool, wanted: large })])
    expect([made.record.unachieved, raised.record.unachieved]).toEqual([[], []])
    expect(settingsIn(raised.record.changes)).toMatchObject({
      'conntrack-max': ['changed', '262144', '1048576'],
      [MAX]: ['changed', '262144', '1048576'],
    })
  })

  test.concurrent('outlasts an API server that goes away for five seconds during the rollout', async () => {
    await using bed = await start([busy('a')])
    const { fix, aks } = bed
    aks.misbehave({ match: { method: 'PATCH', times: 1 }, do: { delayMs: 10 } })
    let gone = false
    aks.events.on('response', ({ method, path }) => {
      if (gone || method !== 'PATCH' || !path.endsWith(NAME)) return
      gone = true
      void aks.goAway().then(() => setTimeout(() => void aks.comeBack(), 5000))
    })
    const { record, judgement } = await fix([remedies.daemonSet()])
    expect(record.unachieved).toEqual([])
    expect(judgement.verdict).toBe('healthy')
  })
})

function namespace(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } as KubeObject
}

onNodes('the loop of the DaemonSet', () => {
  test.concurrent('writes again what something else wrote, and leaves what is larger', async () => {
    await using bed = await start([busy('a')])
    const { fix, aks } = bed
    await fix([remedies.daemonSet({ scope: 'all' })])
    expect(await aks.node('a').sysctl(MAX_TW_BUCKETS)).toBe('2000000')
    await aks.node('a').setSysctl(MAX, '131072')
    await aks.node('a').setSysctl(BUCKETS, '524288')
    const [pod] = tunerPods(bed)
    // A pod that is made anew does at once what the loop does each minute.
    bed.aks.store.delete('pods', 'kube-system', pod?.metadata.name ?? '')
    await until(async () => (await aks.node('a').sysctl(MAX)) === '262144')
    expect(await aks.node('a').sysctl(BUCKETS)).toBe('524288')
  })
})
