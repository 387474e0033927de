import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { NodeMachine, RunningPod } from '../node-types.ts'
import type { Pod } from '../objects.ts'
import { createRuntime } from './index.ts'
import { AUDITOR, because, host, output, podOf, whenNamespaces } from './test-pods.ts'

const PID_NAMES = 'for p in /proc/[0-9]*; do tr "\\0" " " <$p/cmdline; echo; done'

whenNamespaces(`a pod with hostPID${because(host.noNamespaces)}`, () => {
  let machine: NodeMachine
  beforeEach(async () => {
    machine = await createRuntime({ name: 'node-a', state: 'namespace' })
  })
  afterEach(() => machine.stop())

  /** Runs a pod that does nothing for long, and waits until it does. */
  async function start(
    spec: Partial<Pod['spec']> = {},
    seconds = 1000,
  ): Promise<{ pod: Pod; running: RunningPod }> {
    const pod = podOf(`sleep ${seconds}; true`, AUDITOR, { hostNetwork: false, ...spec })
    const begun = Promise.withResolvers<void>()
    const running = machine.runPod(pod, {
      onStatus: ({ containerStatuses: [status] }) => {
        if (status?.state?.running) begun.resolve()
      },
    })
    await begun.promise
    return { pod, running }
  }

  test('sees the processes of all pods of its node and no others; one without it sees its own', async () => {
    await start({}, 4711)
    await start({ hostNetwork: true }, 4712)
    const all = await output(machine, PID_NAMES, AUDITOR, { hostPID: true })
    expect(all).toContain('sleep 4711')
    expect(all).toContain('sleep 4712')
    expect(all).not.toContain('node_modules')
    expect(await output(machine, PID_NAMES)).not.toContain('sleep 471')
  })

  test('finds the network namespace of another pod by a process of it, and may do nothing to that process', async () => {
    const { pod } = await start()
    await machine.podTraffic(pod.metadata.name).makeTimeWait({ v4: 50 })
    const script = `
      for p in /proc/[0-9]*; do grep -q "tw 50 " $p/net/sockstat && kill -9 \${p#/proc/} && echo killed; done
      grep -o "tw [0-9]*" /proc/net/sockstat`
    expect(await output(machine, script, AUDITOR, { hostPID: true })).toMatch(/not permitted\n(.*\n)*tw 0\n$/)
    expect(await output(machine, script, AUDITOR, { hostPID: true })).not.toContain('killed')
  })

  const cgroups = host.cgroupRoot === undefined ? test.skip : test
  cgroups(
    'finds the UID of another pod in the cgroup of its processes, as from a cgroup of its own',
    async () => {
      const { pod } = await start({}, 4713)
      const script =
        'for p in /proc/[0-9]*; do grep -q 4713 $p/cmdline && cat $p/cgroup; done; grep 0:: /proc/self/cgroup'
      const said = await output(machine, script, AUDITOR, { hostPID: true })
      const slice = `kubepods-besteffort-pod${pod.metadata.uid?.replaceAll('-', '_')}.slice`
      expect(said).toMatch(new RegExp(`:/\\.\\./\\.\\./${slice}/cri-containerd-\\d+\\.scope\\n`))
    },
  )

  test('leaves nothing running when it is killed, and the other pods as they are', async () => {
    const { running } = await start({ hostPID: true, hostNetwork: true }, 4714)
    await start({}, 4715)
    await running.kill(0)
    const left = await output(machine, PID_NAMES, AUDITOR, { hostPID: true })
    expect(left).not.toContain('sleep 4714')
    expect(left).toContain('sleep 4715')
  })
})

whenNamespaces(`a pod without hostNetwork${because(host.noNamespaces)}`, () => {
  let machine: NodeMachine
  beforeEach(async () => {
    machine = await createRuntime({ name: 'node-a', state: 'namespace' })
  })
  afterEach(() => machine.stop())

  test('has the sysctls of its securityContext in its own network namespace, and not the node', async () => {
    const name = 'net.ipv4.ip_local_port_range'
    const securityContext = { sysctls: [{ name, value: '40000 40099' }] }
    const read = 'cat /proc/sys/net/ipv4/ip_local_port_range'
    expect(await output(machine, read, AUDITOR, { hostNetwork: false, securityContext })).toBe(
      '40000\t40099\n',
    )
    expect(await machine.sysctl(name)).toBe('32768\t60999')
  })
})
