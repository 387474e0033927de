import { describe, expect, test } from '@jest/globals'
import { quantity } from './kubelet/admission.ts'
import { atEnd, bed, brief, stateOf } from './kubelet/test-bed.ts'
import { startKubelets } from './kubelet.ts'
import { createRuntime } from './node-runtime/index.ts'
import { AUDITOR, isReady, LOG, podOf, SAYS_READY, TUNER } from './node-runtime/test-pods.ts'
import type { Pod, PodSpec } from './objects.ts'
import { MemoryStore } from './store.ts'

describe('the kubelet', () => {
  test('tells what a real one tells: creating, running, terminated, and only then the phase', async () => {
    const { create, until, seen, finished } = await bed()
    const pod = create(`echo answer >${LOG}`)
    const last = await until(pod, atEnd)
    expect(seen.map(brief)).toEqual([
      ...[
        '- -',
        'Pending ContainerCreating',
        'Running running',
        'Running terminated',
        'Succeeded terminated',
      ],
    ])
    expect(last.status).toMatchObject({
      phase: 'Succeeded',
      hostIP: '10.224.0.7',
      startTime: expect.any(String),
    })
    expect(stateOf(last)?.terminated).toMatchObject({ exitCode: 0, reason: 'Completed', message: 'answer\n' })
    expect(last.status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'PodCompleted',
    })
    expect(finished.map(brief)).toEqual(['Running terminated'])
  })

  test('lets a pod fail whose container fails', async () => {
    const { create, until } = await bed()
    const last = await until(create('exit 3'), atEnd)
    expect(last.status.phase).toBe('Failed')
    expect(stateOf(last)?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' })
  })

  test('leaves pods of other nodes alone', async () => {
    const { create, until, seen } = await bed()
    const foreign = create('true', { nodeName: 'node-b' })
    await until(create('true'), atEnd)
    expect(seen.filter((pod) => pod.metadata.uid === foreign.metadata.uid).map(brief)).toEqual(['- -'])
  })

  test('ends a pod at its deadline', async () => {
    const { create, until } = await bed()
    const pod = create('sleep 1000; true', { activeDeadlineSeconds: 1, terminationGracePeriodSeconds: 0 })
    const last = await until(pod, atEnd)
    expect(last.status).toMatchObject({
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    })
    expect(stateOf(last)?.terminated).toMatchObject({ exitCode: 137 })
  })

  test('ends the processes of a deleted pod, tells how they ended, then takes it away', async () => {
    const { store, create, gone, seen, machine } = await bed()
    const script = `trap 'echo bye >${LOG}; exit 0' TERM; ${SAYS_READY}; while :; do sleep 0.02; done`
    const pod = create(script, {
      terminationGracePeriodSeconds: 20,
      containers: podOf(script, TUNER).spec.containers,
    })
    await isReady(machine)
    store.delete('pods', 'default', pod.metadata.name)
    await gone(pod)
    const last = seen.filter((form) => stateOf(form)?.terminated).at(-1)
    expect(last && stateOf(last)?.terminated?.message).toBe('bye\n')
  })

  test('kills at once what was deleted without grace', async () => {
    const { store, create, until, gone, machine } = await bed()
    const pod = create('sleep 1000; true')
    await until(pod, (form) => stateOf(form)?.running !== undefined)
    store.delete('pods', 'default', pod.metadata.name, { gracePeriodSeconds: 0 })
    await gone(pod)
    await machine.stop()
  })

  test('does not start what was deleted before it could start', async () => {
    const { store, create, gone, seen } = await bed({ fault: { delayMs: 60_000 } })
    const pod = create('true')
    store.delete('pods', 'default', pod.metadata.name)
    await gone(pod)
    expect(seen.some((form) => stateOf(form)?.running)).toBe(false)
  })

  test('refuses a pod for which too little CPU is free', async () => {
    const { create, until } = await bed()
    const asks = (cpu: string) =>
      ({
        containers: [
          { ...podOf('sleep 1000', AUDITOR).spec.containers[0], resources: { requests: { cpu } } },
        ],
      }) as PodSpec
    const first = create('', { ...asks('1950m'), terminationGracePeriodSeconds: 0 })
    await until(first, (form) => stateOf(form)?.running !== undefined)
    const last = await until(create('', asks('100m')), atEnd)
    expect(last.status).toMatchObject({
      phase: 'Failed',
      reason: 'OutOfcpu',
      message:
        "Pod was rejected: Node didn't have enough resource: cpu, requested: 100, used: 1950, capacity: 2000",
    })
  })

  test('starts a failed container again when the pod says so', async () => {
    const { create, until } = await bed()
    const again = await until(create('exit 1', { restartPolicy: 'OnFailure' }), (form) => {
      return (form.status.containerStatuses?.[0]?.restartCount ?? 0) >= 2
    })
    expect(stateOf(again)?.waiting).toMatchObject({ reason: 'CrashLoopBackOff' })
    expect(again.status.phase).toBe('Running')
  })
})

describe('kubelets that only answer', () => {
  test('answer for a thousand nodes at once, with one update a pod', async () => {
    const store = new MemoryStore()
    const kubelets = startKubelets({ store })
    let updates = 0
    store.watch<Pod>('pods', {}, ({ type }) => {
      if (type === 'MODIFIED') updates += 1
    })
    for (let node = 0; node < 1000; node += 1) {
      kubelets.add(await createRuntime({ name: `node-${node}`, state: { answer: `answer ${node}` } }))
    }
    for (let node = 0; node < 1000; node += 1)
      store.create('pods', podOf('', AUDITOR, { nodeName: `node-${node}` }))
    while (updates < 1000) await new Promise(setImmediate)
    const pods = store.list<Pod>('pods')
    expect(updates).toBe(1000)
    expect(
      pods.every((pod) => stateOf(pod)?.terminated?.message === `answer ${pod.spec.nodeName?.slice(5)}`),
    ).toBe(true)
    await kubelets.stop()
  })

  test('keep the pods of a DaemonSet running', async () => {
    const { create, until } = await bed({ state: { answer: 'x' } })
    const pod = await until(
      create('', { restartPolicy: 'Always' }),
      (form) => form.status.phase === 'Running',
    )
    expect(pod.status.containerStatuses?.[0]).toMatchObject({ ready: true, state: { running: {} } })
  })
})

test.each([
  ['100m', 0.1],
  ['2', 2],
  ['1.5', 1.5],
  ['16384Ki', 16_777_216],
  ['4Gi', 4_294_967_296],
  ['1e3', 1000],
])('the quantity %s is %d', (text, number) => {
  expect(quantity(text)).toBe(number)
})
