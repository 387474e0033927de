import { describe, expect, test } from '@jest/globals'
import { type KubePod, stateOf } from '../../src/node/pod-state.ts'

type Status = NonNullable<KubePod['status']>
type ContainerState = NonNullable<NonNullable<Status['containerStatuses']>[number]['state']>

const pod = (status?: Status): KubePod => ({ metadata: { name: 'p' }, ...(status && { status }) })
const container = (state: ContainerState, phase = 'Pending') => pod({ phase, containerStatuses: [{ state }] })
const waiting = (reason: string, message?: string) =>
  stateOf(container({ waiting: { reason, ...(message && { message }) } }))

describe('a pod', () => {
  test('has answered as soon as its container ended, though its phase does not say so yet', () => {
    const state = stateOf(
      container({ terminated: { exitCode: 0, reason: 'Completed', message: 'hello\n' } }, 'Pending'),
    )
    expect(state).toEqual({ kind: 'answered', message: 'hello\n' })
  })

  test('with a container that admission added answers with the words of ours', () => {
    const added = {
      name: 'agent',
      state: { terminated: { exitCode: 0, message: 'ach-probe 1\nof another\n' } },
    }
    const ours = { name: 'auditor', state: { terminated: { exitCode: 0, message: 'ours' } } }
    const waiting = { name: 'auditor', state: { running: {} } }
    expect(stateOf(pod({ containerStatuses: [added, ours] }))).toEqual({ kind: 'answered', message: 'ours' })
    expect(stateOf(pod({ containerStatuses: [added, waiting] })).kind).toBe('pending')
  })

  test('that was killed has answered what it said until then, and how it ended', () => {
    const terminated = { exitCode: 137, reason: 'OOMKilled', message: 'half' }
    expect(stateOf(container({ terminated }, 'Failed'))).toEqual({
      kind: 'answered',
      message: 'half',
      ended: 'OOMKilled, exit code 137',
    })
  })

  test('whose container the runtime could not start has failed with the words of the runtime', () => {
    const message = 'exec: "sh": executable file not found in $PATH: unknown'
    expect(stateOf(container({ terminated: { exitCode: 128, reason: 'StartError', message } }))).toEqual({
      kind: 'failed',
      why: `its container did not start: ${message}`,
      next: expect.stringContaining('shell'),
      neverRan: true,
    })
  })

  test.each([
    ['ErrImagePull', 'failed to resolve reference "x/y:1": x/y:1: not found'],
    ['InvalidImageName', 'Failed to apply default image tag "::": invalid reference format'],
    ['CreateContainerConfigError', 'container has runAsNonRoot and image will run as root'],
    ['CreateContainerError', 'failed to reserve container name'],
  ])('that waits with %s has failed with the words of the kubelet', (reason, message) => {
    const state = waiting(reason, message)
    expect(state).toEqual({
      kind: 'failed',
      why: expect.stringContaining(message),
      next: expect.any(String),
      neverRan: true,
    })
    expect(state).toMatchObject({ why: expect.stringContaining(reason) })
  })

  test('that backs off from an image has failed with what was said when the pull failed', () => {
    const message = 'Back-off pulling image "x": ErrImagePull: pull access denied'
    expect(waiting('ImagePullBackOff', message)).toMatchObject({
      kind: 'failed',
      why: 'its image cannot be pulled (ErrImagePull: pull access denied)',
    })
  })

  test.each([
    'failed to do request: Head "https://x": dial tcp 10.0.0.1:443: i/o timeout',
    'net/http: TLS handshake timeout',
    'unexpected status: 503 Service Unavailable',
  ])('of which the registry does not answer for a moment may still answer: %s', (message) => {
    expect(waiting('ErrImagePull', message)).toEqual({
      kind: 'pending',
      doing: expect.stringContaining(message),
      next: expect.stringContaining('image'),
    })
  })

  test.each(['OutOfcpu', 'OutOfmemory', 'OutOfpods'])(
    'that the kubelet refused with %s has failed and says so',
    (reason) => {
      const message = `Node didn't have enough resource: ${reason.slice(5)}, requested: 10, used: 3860, capacity: 3860`
      const state = stateOf(pod({ phase: 'Failed', reason, message }))
      expect(state).toMatchObject({
        kind: 'failed',
        why: `its kubelet refused the pod (${reason}: ${message})`,
      })
      expect(state).toHaveProperty('next')
    },
  )

  test.each([
    ['DeadlineExceeded', 'its pod ran into its deadline'],
    ['Evicted', 'its kubelet refused or ended the pod (Evicted'],
    ['NodeShutdown', 'its kubelet refused or ended the pod (NodeShutdown'],
  ])('that ended with %s without its container has failed', (reason, why) => {
    expect(stateOf(pod({ phase: 'Failed', reason, message: 'words' }))).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining(why),
    })
  })

  test('that ended well without a word has failed, not answered', () => {
    expect(stateOf(pod({ phase: 'Succeeded' })).kind).toBe('failed')
  })

  test.each([
    ['nobody has taken up', pod(), 'the kubelet has not started its pod'],
    [
      'is being made',
      container({ waiting: { reason: 'ContainerCreating' } }),
      'its pod waits (ContainerCreating)',
    ],
    ['runs', container({ running: {} }, 'Running'), 'its pod runs and has not answered'],
  ])('that %s is pending', (_what, given, doing) => {
    expect(stateOf(given)).toEqual({ kind: 'pending', doing })
  })

  test('cannot break lines or hide text with its words', () => {
    const state = waiting('CreateContainerError', 'a\n::error::b\u202e\u0007c')
    expect(state).toMatchObject({ why: expect.stringContaining('a ::error::b c') })
  })
})

describe('what a kubelet did to a pod', () => {
  test('is told before how its container ended, as both come in one update', () => {
    const state = stateOf({
      metadata: { name: 'p' },
      status: {
        phase: 'Failed',
        reason: 'DeadlineExceeded',
        message: 'Pod was active on the node longer than the specified deadline',
        containerStatuses: [{ name: 'auditor', state: { terminated: { exitCode: 137, reason: 'Error' } } }],
      },
    })
    expect(state).toMatchObject({ kind: 'failed', why: expect.stringContaining('ran into its deadline') })
  })

  test('that nobody knows the end of is not blamed on the image', () => {
    const terminated = { exitCode: 137, reason: 'ContainerStatusUnknown', message: '' }
    const status = { phase: 'Failed', containerStatuses: [{ name: 'auditor', state: { terminated } }] }
    const state = stateOf({ metadata: { name: 'p' }, status })
    expect(state).toEqual({ kind: 'failed', why: expect.stringContaining('nobody knows how it ended') })
  })
})
