import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { afterEach, expect, test } from '@jest/globals'
import type { NodeMachine } from '../node-types.ts'
import type { NodeSpec } from '../types.ts'
import { createRuntime } from './index.ts'
import { AUDITOR, because, host, MAX, output, podOf, whenNamespaces } from './test-pods.ts'

const own = (pid = process.pid) => `ach-${pid}-`
const namespaces = (pid?: number) =>
  (existsSync('/run/netns') ? readdirSync('/run/netns') : []).filter((name) => name.startsWith(own(pid)))

whenNamespaces(`a namespace node${because(host.noNamespaces)}`, () => {
  let machine: NodeMachine
  const start = async (spec: Partial<NodeSpec> = {}) => {
    machine = await createRuntime({ name: 'node-a', state: 'namespace', ...spec })
    return machine
  }
  afterEach(() => machine.stop())

  test('has exactly the 3000 sockets in TIME-WAIT that were made, IPv6 included, and tracks them', async () => {
    await start()
    await machine.makeTimeWait({ v4: 2800, v6: 200 })
    const said = await output(
      machine,
      'grep -c " 06 " /proc/net/tcp /proc/net/tcp6; grep -o "tw [0-9]*" /proc/net/sockstat; cat /proc/sys/net/netfilter/nf_conntrack_count',
    )
    expect(said).toBe('/proc/net/tcp:2800\n/proc/net/tcp6:200\ntw 3000\n3000\n')
  })

  test('fills the ports towards one destination', async () => {
    await start({ sysctls: { 'net.ipv4.ip_local_port_range': '40000 40099' } })
    await machine.fillDestination(90)
    expect(await output(machine, 'grep -c ":01BB 06" /proc/net/tcp')).toBe('90\n')
    await expect(machine.fillDestination(11)).rejects.toThrow('No local port is left towards 10.224.0.5:443.')
  })

  test('keeps connections established until they are let go, and they leave no TIME-WAIT', async () => {
    await start()
    const release = await machine.holdConnections(300)
    const count = 'grep -o "inuse [0-9]* orphan" /proc/net/sockstat; grep -o "tw [0-9]*" /proc/net/sockstat'
    expect(await output(machine, count)).toBe('inuse 300 orphan\ntw 0\n')
    await release()
    expect(await output(machine, count)).toBe('inuse 0 orphan\ntw 0\n')
  })

  test('tells the connection count that was set instead of the real one', async () => {
    await start({ conntrackCount: 1000, sysctls: { [MAX]: '131072' } })
    const read = 'cat /proc/sys/net/netfilter/nf_conntrack_count /proc/sys/net/netfilter/nf_conntrack_max'
    expect(await output(machine, read)).toBe('1000\n131072\n')
    await machine.setConntrackCount(111_411)
    expect(await output(machine, read)).toBe('111411\n131072\n')
  })

  test('lets counters grow between two reads of a running pod', async () => {
    await start()
    await machine.addToCounters({ 'conntrack.drop': 17 })
    const stop = machine.growCounters({ 'conntrack.drop': 100 })
    const drop = `awk 'NR == 2 { print $11 }' /proc/net/stat/nf_conntrack`
    const [first = '', second = ''] = (await output(machine, `${drop}; sleep 0.5; ${drop}`)).split('\n')
    stop()
    expect(Number.parseInt(first, 16)).toBeGreaterThanOrEqual(17)
    expect(Number.parseInt(second, 16)).toBeGreaterThan(Number.parseInt(first, 16))
  })

  test('can lack the counters, as kernels of Ubuntu do', async () => {
    await start({ missingFiles: ['net/stat/nf_conntrack'] })
    const said = await output(
      machine,
      'cat /proc/net/stat/nf_conntrack; cat /proc/net/sockstat; cat /proc/uptime',
    )
    expect(said).toMatch(/nf_conntrack.*: No such file or directory\nsockets: used/)
  })

  test('gives a pod without hostNetwork a network of its own', async () => {
    await start({ sysctls: { 'net.ipv4.tcp_fin_timeout': '17' } })
    await machine.makeTimeWait({ v4: 10 })
    const read =
      'cat /proc/sys/net/ipv4/tcp_fin_timeout; grep -o "tw [0-9]*" /proc/net/sockstat; ip -o link | wc -l'
    expect(await output(machine, read, AUDITOR, { hostNetwork: false })).toBe('60\ntw 0\n1\n')
    expect(await output(machine, read)).toBe('17\ntw 10\n2\n')
  })

  test('leaves neither namespace nor process nor file when it is stopped, running pods included', async () => {
    await start()
    await machine.makeTimeWait({ v4: 1 })
    const started = Promise.withResolvers<void>()
    machine.runPod(podOf('sleep 1000; true', AUDITOR), {
      onStatus: ({ containerStatuses: [status] }) => {
        if (status?.state?.running) started.resolve()
      },
    })
    await started.promise
    expect(namespaces()).toHaveLength(2)
    await machine.stop()
    expect(namespaces()).toEqual([])
    expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain(own())
    await start()
  })

  test('that a killed process left behind is taken away by the next one, and its pods died with it', async () => {
    const script = `
      const { createRuntime } = await import('${new URL('./index.ts', import.meta.url).href}')
      const machine = await createRuntime({ name: 'node-a', state: 'namespace' })
      const pod = ${JSON.stringify(podOf('sleep 1000; true', AUDITOR))}
      machine.runPod(pod, { onStatus: ({ containerStatuses: [{ state }] }) => {
        if (state.running) process.kill(process.pid, 'SIGKILL')
      } })`
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    expect(child).toMatchObject({ signal: 'SIGKILL', stderr: '' })
    const [left = ''] = namespaces(child.pid)
    const alive = () => execFileSync('ip', ['netns', 'pids', left], { encoding: 'utf8' })
    while (left !== '' && alive() !== '') await new Promise((resolve) => setTimeout(resolve, 10))
    await start()
    expect(namespaces(child.pid)).toEqual([])
  })
})
