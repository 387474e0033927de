import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { NodeMachine } from '../node-types.ts'
import type { ContainerState } from '../objects.ts'
import { createRuntime } from './index.ts'
import {
  AUDITOR,
  because,
  host,
  isReady,
  LOG,
  output,
  podOf,
  SAYS_READY,
  stateAfter,
  TUNER,
  whenIsolated,
} from './test-pods.ts'

whenIsolated(`a container${because(host.notIsolated)}`, () => {
  let machine: NodeMachine
  beforeAll(async () => {
    machine = await createRuntime({ name: 'node-a' }, { backoffMs: 20 })
  })
  afterAll(() => machine.stop())

  const busybox = host.busybox ? test : test.skip
  busybox('runs on busybox and finds no other program', async () => {
    expect(machine.shell).toMatch(/^BusyBox v1\.\d+/)
    const said = await output(machine, 'readlink /proc/self/exe; echo $PATH; which awk node python3 perl')
    expect(said).toBe('/bin/busybox\n/bin\n/bin/awk\n')
  })

  test('ends with its exit code, message and times', async () => {
    const { terminated } = await stateAfter(machine, podOf(`echo bad >${LOG}; exit 7`, AUDITOR))
    expect(terminated).toMatchObject({ exitCode: 7, reason: 'Error', message: 'bad\n' })
    expect(terminated?.startedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect(terminated?.containerID).toMatch(/^containerd:\/\/[0-9a-f]{64}$/)
  })

  test('keeps the last 4096 bytes of a longer message', async () => {
    const script = `awk 'BEGIN { for (i = 0; i < 1000; i++) printf "%04d.", i }' >${LOG}`
    const { terminated } = await stateAfter(machine, podOf(script, AUDITOR))
    expect(Buffer.byteLength(terminated?.message ?? '')).toBe(4096)
    expect(terminated?.message).toMatch(/^\d?\d?\d?\d?\..*0999\.$/)
  })

  test('that fails without a message gives the end of its output when the pod asks for it', async () => {
    const script = 'for i in $(seq 200); do echo line $i; done; exit 1'
    const fallback = { terminationMessagePolicy: 'FallbackToLogsOnError' } as const
    const with80 = await stateAfter(machine, podOf(script, AUDITOR, fallback))
    expect(with80.terminated?.message).toMatch(/^line 121\n(?:.*\n)*line 200\n$/)
    const without = await stateAfter(machine, podOf(script, AUDITOR))
    expect(without.terminated).not.toHaveProperty('message')
  })

  test('writes its message where terminationMessagePath says', async () => {
    const spec = { terminationMessagePath: '/run/out/message' }
    const { terminated } = await stateAfter(machine, podOf('echo here >/run/out/message', AUDITOR, spec))
    expect(terminated?.message).toBe('here\n')
  })

  test('gets the environment of its manifest, fields of the pod included, and nothing of this process', async () => {
    const env = [
      { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      { name: 'A', value: 'one' },
      { name: 'B', value: '$(A) $$(A) $(C)' },
    ]
    const said = await output(machine, 'env | sort', AUDITOR, { env, nodeName: 'node-a' })
    expect(said.split('\n').filter((line) => !/^(PWD|SHLVL|_|PATH|OLDPWD)=/.test(line))).toEqual([
      ...['A=one', 'B=one $(A) $(C)', 'HOME=/', 'NODE=node-a', ''],
    ])
  })

  test("that must not run as root but would is refused with the kubelet's words", async () => {
    const state = await stateAfter(machine, podOf('true', { runAsNonRoot: true }))
    expect(state.waiting).toMatchObject({
      reason: 'CreateContainerConfigError',
      message: expect.stringContaining('container has runAsNonRoot and image will run as root'),
    })
  })

  test('whose mounts fail is a start error', async () => {
    const { terminated } = await stateAfter(
      machine,
      podOf('true', AUDITOR, { terminationMessagePath: '/proc/x/y' }),
    )
    expect(terminated).toMatchObject({ exitCode: 128, reason: 'StartError' })
    expect(terminated?.message).toContain('/proc/x')
  })

  test('that traps SIGTERM ends by itself within the grace period', async () => {
    const states: ContainerState[] = []
    const script = `trap 'echo asked >${LOG}; exit 3' TERM; ${SAYS_READY}; while :; do sleep 0.05; done`
    const running = machine.runPod(podOf(script, TUNER), {
      onStatus: ({ containerStatuses: [status] }) => states.push(status?.state ?? {}),
    })
    await isReady(machine)
    await running.kill(20)
    expect(states.at(-1)?.terminated).toMatchObject({ exitCode: 3, message: 'asked\n' })
  })

  test('that does not listen to SIGTERM, as no first process does by default, is killed after the grace period', async () => {
    const states: ContainerState[] = []
    const started = Promise.withResolvers<void>()
    const running = machine.runPod(podOf(`echo up >${LOG}; sleep 1000; true`, AUDITOR), {
      onStatus: ({ containerStatuses: [status] }) => {
        states.push(status?.state ?? {})
        if (status?.state?.running) started.resolve()
      },
    })
    await started.promise
    await running.kill(0.2)
    expect(states.at(-1)?.terminated).toMatchObject({ exitCode: 137, reason: 'Error' })
  })

  test('is started again after a failure when the pod says so', async () => {
    const counts: number[] = []
    const done = Promise.withResolvers<void>()
    const pod = podOf('exit 1', AUDITOR, { restartPolicy: 'OnFailure' })
    const running = machine.runPod(pod, {
      onStatus: ({ containerStatuses: [status] }) => {
        if (status?.state?.waiting?.reason === 'CrashLoopBackOff') counts.push(status.restartCount)
        if (counts.length === 3) done.resolve()
      },
    })
    await done.promise
    await running.kill(0)
    expect(counts).toEqual([1, 2, 3])
  })

  test('waits for the init containers, and shares an emptyDir with them', async () => {
    const mount = { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] }
    const pod = podOf(`cat /shared/note >${LOG}`, AUDITOR, { volumes: [{ name: 'shared', emptyDir: {} }] })
    const [main] = pod.spec.containers
    if (!main) throw new Error('no container')
    Object.assign(main, mount)
    pod.spec.initContainers = [
      { ...main, name: 'init', command: ['sh', '-c', 'sleep 0.1; echo done >/shared/note'] },
    ]
    expect((await stateAfter(machine, pod)).terminated?.message).toBe('done\n')
  })
})
