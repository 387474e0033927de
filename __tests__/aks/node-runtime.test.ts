import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createRuntime } from './node-runtime/index.ts'
import { BUCKETS, because, host, MAX, output, TUNER, whenIsolated } from './node-runtime/test-pods.ts'
import type { NodeMachine } from './node-types.ts'

const machineMax = () => readFileSync('/proc/sys/net/netfilter/nf_conntrack_max', 'utf8')

describe.each([
  ['a recorded node', { sample: 'healthy' }, undefined],
  ['a namespace node', 'namespace', host.noNamespaces],
] as const)('%s', (_title, state, why) => {
  const run = why ? describe.skip : whenIsolated
  run(`runs pods with what they were granted${because(why ?? host.notIsolated)}`, () => {
    let machine: NodeMachine
    beforeAll(async () => {
      machine = await createRuntime({ name: 'node-a', state, cores: 16, memoryKb: 123_456 })
    })
    afterAll(() => machine.stop())

    test('an unprivileged pod cannot write a sysctl: the kernel says that the file system is read-only', async () => {
      const before = await machine.sysctl('net.ipv4.tcp_tw_reuse')
      const said = await output(
        machine,
        'echo 1 >/proc/sys/net/ipv4/tcp_tw_reuse; echo 9 >/proc/sys/net/netfilter/nf_conntrack_max',
      )
      expect(said.match(/Read-only file system/g)).toHaveLength(2)
      expect(await machine.sysctl('net.ipv4.tcp_tw_reuse')).toBe(before)
      expect(await machine.sysctl(MAX)).not.toBe('9')
    })

    test("a privileged pod writes the node's values and not the machine's", async () => {
      const machineBefore = machineMax()
      await output(
        machine,
        'echo 333333 >/proc/sys/net/netfilter/nf_conntrack_max; echo 1 >/proc/sys/net/ipv4/tcp_tw_reuse',
        TUNER,
      )
      expect(await machine.sysctl(MAX)).toBe('333333')
      expect(await machine.sysctl('net.ipv4.tcp_tw_reuse')).toBe('1')
      expect(machineMax()).toBe(machineBefore)
      expect(await output(machine, 'cat /proc/sys/net/netfilter/nf_conntrack_max')).toBe('333333\n')
    })

    test('the bucket count is rounded up to a multiple of 512, and no number is refused', async () => {
      await output(machine, 'echo 262100 >/proc/sys/net/netfilter/nf_conntrack_buckets', TUNER)
      expect(await machine.sysctl(BUCKETS)).toBe('262144')
      await output(machine, 'echo many >/proc/sys/net/netfilter/nf_conntrack_buckets', TUNER)
      expect(await machine.sysctl(BUCKETS)).toBe('262144')
    })

    test('an unprivileged pod has the user it asked for and no capability at all', async () => {
      const said = await output(
        machine,
        'id -u; id -g; grep -E "^(Cap(Prm|Eff|Bnd|Amb)|NoNewPrivs)" /proc/self/status',
      )
      expect(said.replaceAll('\t', ' ').split('\n')).toEqual([
        ...['65534', '65534'],
        ...['CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => `${name}: 0000000000000000`),
        'NoNewPrivs: 1',
        '',
      ])
    })

    test('a root pod that is not privileged has the default capabilities and cannot administrate the network', async () => {
      const said = await output(
        machine,
        'grep CapEff /proc/self/status; ip link set lo down; echo 1 >/proc/sys/net/ipv4/tcp_tw_reuse',
        {},
      )
      expect(said).toMatch(/CapEff:\s00000000a80425fb\n.*Operation not permitted\n.*Read-only file system/)
    })

    test('a read-only root can only be written where the termination message goes', async () => {
      const said = await output(machine, 'echo x >/x; echo x >/tmp/x; mkdir /dev/shm/x; echo end')
      expect(said).toMatch(/\/x: Read-only file system\n.*\/tmp\/x: Read-only file system\n/)
      expect(said).toMatch(/end\n$/)
    })

    test('a pod sees the size of its node', async () => {
      expect(await output(machine, "grep -c '^cpu[0-9]' /proc/stat; grep MemTotal /proc/meminfo")).toBe(
        '16\nMemTotal:       123456 kB\n',
      )
    })

    test("a pod sees neither the machine's processes nor its files", async () => {
      const said = await output(
        machine,
        'echo $$; ls -d /.proc/[0-9]* /proc/[0-9]* 2>/dev/null | wc -l; ls /home /work /usr/local',
      )
      const [pid, processes] = said.split('\n')
      expect(pid).toBe('1')
      expect(Number(processes)).toBeLessThan(6)
      if (host.busybox) expect(said.match(/No such file or directory/g)).toHaveLength(3)
    })

    test('the fault read-only-sysctls holds for privileged pods too', async () => {
      machine.setFault('read-only-sysctls')
      expect(await output(machine, 'echo 7 >/proc/sys/net/ipv4/tcp_tw_reuse', TUNER)).toContain(
        'Read-only file system',
      )
      machine.setFault(undefined)
    })

    test('twenty pods run at the same time', async () => {
      const said = await Promise.all(
        Array.from({ length: 20 }, (_, index) => output(machine, `echo ${index}`)),
      )
      expect(said).toEqual(Array.from({ length: 20 }, (_, index) => `${index}\n`))
    })
  })
})

describe('a recorded node', () => {
  test('serves the files of its sample, with the sysctls of the spec over them', async () => {
    const machine = await createRuntime({
      name: 'node-a',
      state: { sample: 'tw-3000' },
      sysctls: { [MAX]: '99' },
    })
    try {
      expect(await machine.sysctl(MAX)).toBe('99')
      const proc = ['net/sockstat', 'sys/kernel/osrelease', 'sys/net/netfilter/nf_conntrack_max']
      const script = proc.map((file) => `cat "\${PROC:-/proc}/${file}"`).join('; ')
      const said = await output(machine, script)
      expect(said).toMatch(/TCP: inuse 0 orphan 0 tw 3000 (?:.*\n)*6\.18\.44-fc-v669\n99\n$/)
    } finally {
      await machine.stop()
    }
  })

  test('runs the same scripts without isolation: PROC names its files, privilege decides what can be written', async () => {
    const machine = await createRuntime({ name: 'node-a' }, { isolated: false })
    try {
      const write = 'echo 77 >"$PROC/sys/net/netfilter/nf_conntrack_max"'
      const read = 'cat "$PROC/sys/net/netfilter/nf_conntrack_max" "$PROC/net/sockstat"'
      expect(await output(machine, `${write}; ${read}`)).toMatch(/Permission denied\n262144\nsockets: used/)
      expect(await output(machine, write, TUNER)).toBe('')
      expect(await machine.sysctl(MAX)).toBe('77')
      expect(await output(machine, read)).toMatch(/^77\n/)
    } finally {
      await machine.stop()
    }
  })

  test('adds to counters of netstat and of the connection table', async () => {
    const machine = await createRuntime({ name: 'node-a' })
    try {
      const script = `grep ^TcpExt "\${PROC:-/proc}/net/netstat" | awk '{ print $14 }'; awk 'NR == 2 { print $11 }' "\${PROC:-/proc}/net/stat/nf_conntrack"`
      const [name, before, drop] = (await output(machine, script)).split('\n')
      await machine.addToCounters({ [`TcpExt.${name}`]: 5, 'conntrack.drop': 17 })
      expect((await output(machine, script)).split('\n').slice(0, 3)).toEqual([
        name,
        String(Number(before) + 5),
        (Number.parseInt(drop ?? '', 16) + 17).toString(16).padStart(8, '0'),
      ])
      await expect(machine.addToCounters({ 'TcpExt.Nothing': 1 })).rejects.toThrow(
        'No counter TcpExt.Nothing',
      )
    } finally {
      await machine.stop()
    }
  })

  test('is refused when there is no such sample', async () => {
    await expect(createRuntime({ name: 'node-a', state: { sample: 'nowhere' } })).rejects.toThrow(
      'no sample "nowhere"',
    )
  })
})
