import { describe, expect, test } from '@jest/globals'
import { createRuntime } from '../node-runtime/index.ts'
import { AUDITOR, podOf } from '../node-runtime/test-pods.ts'
import type { KubeNode, Pod, PodSpec } from '../objects.ts'
import { atEnd, bed, brief, stateOf } from './test-bed.ts'

describe('a kubelet with a fault', () => {
  test('that is dead starts nothing', async () => {
    const { create, until, kubelets, seen } = await bed({ fault: 'dead' })
    const living = await createRuntime({ name: 'node-b' })
    kubelets.add(living)
    const pod = create('true')
    await until(create('true', { nodeName: 'node-b' }), atEnd)
    await kubelets.remove('node-b')
    await living.stop()
    expect(seen.filter((form) => form.metadata.uid === pod.metadata.uid).map(brief)).toEqual(['- -'])
  })

  test('that cannot pull goes from ErrImagePull to ImagePullBackOff, and on when the fault is gone', async () => {
    const { create, until, machine } = await bed({ fault: 'pull-error' }, { pullRetryMs: 10 })
    const pod = create('true')
    const first = await until(pod, (form) => stateOf(form)?.waiting?.reason === 'ErrImagePull')
    expect(stateOf(first)?.waiting?.message).toMatch(
      /^rpc error: code = NotFound desc = failed to pull and unpack image "mcr/,
    )
    const second = await until(pod, (form) => stateOf(form)?.waiting?.reason === 'ImagePullBackOff')
    expect(stateOf(second)?.waiting?.message).toMatch(
      /^Back-off pulling image "mcr.*": ErrImagePull: rpc error/,
    )
    expect(second.status.phase).toBe('Pending')
    machine.setFault(undefined)
    expect((await until(pod, atEnd)).status.phase).toBe('Succeeded')
  })

  test.each([
    ['registry.invalid/busybox:1', 'ErrImagePull', 'lookup registry.invalid: no such host'],
    ['Not An Image', 'InvalidImageName', 'invalid reference format'],
  ])('cannot pull %s anywhere', async (image, reason, text) => {
    const { create, until } = await bed()
    const [container] = podOf('true', AUDITOR).spec.containers
    const pod = create('', { containers: [{ ...container, image }] } as PodSpec)
    const form = await until(pod, (candidate) => stateOf(candidate)?.waiting?.reason === reason)
    expect(stateOf(form)?.waiting?.message).toContain(text)
  })

  test('that dies when a pod runs leaves the pod running and its node Unknown', async () => {
    const { store, kubelets, create, until } = await bed({ fault: 'dies-mid-run' })
    const pod = create('sleep 1000')
    await until(pod, (form) => form.status.phase === 'Running')
    store.delete('pods', 'default', pod.metadata.name)
    await kubelets.lose('node-a')
    const left = store.get<Pod>('pods', 'default', pod.metadata.name)
    expect(left && brief(left)).toBe('Running running')
    expect(store.get<KubeNode>('nodes', '', 'node-a')?.status.conditions).toMatchObject([
      {
        type: 'Ready',
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
      },
    ])
  })

  test.each([
    ['garbage', 'not an answer', 'not an answer'],
    ['too much', 'x'.repeat(5000), 'x'.repeat(4096)],
    ['control characters', 'a\u0000b\u001b[31m', 'a\u0000b\u001b[31m'],
    ['nothing', '', undefined],
  ])('answers with %s instead of running anything', async (_title, message, expected) => {
    const { create, until } = await bed({ fault: { message } })
    expect(stateOf(await until(create('exit 1'), atEnd))?.terminated?.message).toBe(expected)
  })

  test('that is slow runs the pod late', async () => {
    const { create, until, seen } = await bed({ fault: { delayMs: 100 } })
    const begun = performance.now()
    await until(create('true'), (form) => stateOf(form)?.running !== undefined)
    expect(performance.now() - begun).toBeGreaterThanOrEqual(99)
    expect(seen.map(brief).slice(0, 2)).toEqual(['- -', 'Pending ContainerCreating'])
  })
})
