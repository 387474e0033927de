import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { removePods, sweepStale } from '../../src/node/cleanup.ts'
import { auditorPod, type PodOptions, tunerPod } from '../../src/node/pod.ts'
import type { NodeInfo } from '../../src/node/reading.ts'
import type { AksOptions, KubeObject } from '../aks/aks.ts'
import { type Bed, bed } from './support.ts'

const ready = { os: 'linux', pool: 'np1', ready: true, schedulable: true, taints: [] }
const options: PodOptions = {
  namespace: 'kube-system',
  image: 'mcr.microsoft.com/azurelinux/busybox:1.36',
  script: 'sleep 60',
  runId: 'run-1',
  pass: 'audit-1',
  activeDeadlineSeconds: 60,
  expires: new Date(Date.now() + 600_000),
}
const past = new Date(Date.now() - 1000)

let opened: Bed
async function start(rest: AksOptions = {}): Promise<Bed> {
  opened = await bed({ nodes: [{ name: 'n0', state: { answer: 'x' } }], ...rest })
  return opened
}
beforeEach(() => start())
afterEach(() => opened[Symbol.asyncDispose]())

function put(make: typeof auditorPod, other: Partial<PodOptions> = {}): string {
  const node: NodeInfo = { ...ready, name: 'n0' }
  const pod = make(node, { ...options, ...other })
  const status = { phase: 'Pending' }
  opened.aks.store.create('pods', { ...pod, status } as unknown as KubeObject)
  return pod.metadata.name
}

describe('the removal of the pods of a run', () => {
  test('removes its auditors and tuners and sees that they are gone', async () => {
    put(auditorPod)
    put(tunerPod, { pass: 'tune-1' })
    expect(await removePods(opened.api, 'kube-system', 'run-1')).toEqual({ complete: true, left: [] })
    expect(opened.podsLeft()).toEqual([])
  })

  test('leaves the pods of other runs', async () => {
    const other = put(auditorPod, { runId: 'run-2' })
    await removePods(opened.api, 'kube-system', 'run-1')
    expect(opened.podsLeft()).toEqual([other])
  })

  test('may be asked for twice, and where there is nothing', async () => {
    expect(await removePods(opened.api, 'kube-system', 'run-9')).toEqual({ complete: true, left: [] })
    expect(await removePods(opened.api, 'nowhere', 'run-9')).toMatchObject({ complete: true })
  })

  test('finds a pod whose creation was still under way', async () => {
    put(auditorPod)
    let late: string | undefined
    opened.aks.events.on('response', ({ method }) => {
      if (method === 'DELETE') late ??= put(auditorPod, { pass: 'audit-2' })
    })
    expect(await removePods(opened.api, 'kube-system', 'run-1')).toEqual({ complete: true, left: [] })
    expect(late).toBeDefined()
    expect(opened.podsLeft()).toEqual([])
  })

  test('gives up in time and names what is left', async () => {
    const name = put(auditorPod)
    opened.aks.misbehave({ match: { method: 'DELETE' }, do: 'hang' })
    const removal = await removePods(opened.api, 'kube-system', 'run-1', { timeoutMs: 300 })
    expect(removal).toEqual({
      complete: false,
      left: [],
      why: 'not all of them were seen to be gone within 0.3 s',
    })
    expect(opened.podsLeft()).toEqual([name])
  })
})

describe('the sweep of stale pods', () => {
  test('removes what dead runs left, auditors and tuners', async () => {
    put(auditorPod, { runId: 'dead-1', expires: past })
    put(tunerPod, { runId: 'dead-2', expires: past })
    expect(await sweepStale(opened.api, 'kube-system')).toEqual({ removed: 2 })
    expect(opened.podsLeft()).toEqual([])
  })

  test('never touches a pod of a run that may be alive', async () => {
    const alive = put(auditorPod)
    put(auditorPod, { runId: 'dead', expires: past })
    await sweepStale(opened.api, 'kube-system')
    expect(opened.podsLeft()).toEqual([alive])
  })

  test('never touches a pod that does not say when it expires, nor one that is not ours', async () => {
    const { store } = opened.aks
    const name = put(auditorPod)
    store.patch('pods', 'kube-system', name, { metadata: { annotations: null } })
    const foreign = put(auditorPod, { runId: 'x', expires: past })
    store.patch('pods', 'kube-system', foreign, {
      metadata: { labels: { 'app.kubernetes.io/managed-by': 'helm' } },
    })
    const daemon = put(tunerPod, { runId: 'y', expires: past })
    store.patch('pods', 'kube-system', daemon, {
      metadata: { labels: { 'app.kubernetes.io/component': 'tuner-daemonset' } },
    })
    expect(await sweepStale(opened.api, 'kube-system')).toEqual({ removed: 0 })
    expect(store.list('pods', { namespace: 'kube-system' }).length).toBe(3)
  })

  test('without the right to it says which one is missing', async () => {
    const users = [
      { name: 'admin', groups: ['system:masters'] },
      { name: 'audit', rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }] },
    ]
    await opened[Symbol.asyncDispose]()
    await start({ users })
    put(auditorPod, { expires: past })
    expect(await sweepStale(opened.as('audit'), 'kube-system')).toEqual({
      removed: 0,
      why: expect.stringContaining('no right to pods/delete in "kube-system"'),
    })
  })
})
