import { link, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { parseReading } from '../../src/node/parse.ts'
import { probeScript } from '../../src/node/probe.sh.ts'
import { isKnown, type PodSockets, type Reading } from '../../src/node/reading.ts'
import { type ProcFolder, procOfSample } from '../support/sample-proc.ts'
import { runScript, shells } from '../support/shells.ts'

const header =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const row = (local: string, remote: string, state: string) =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 0 1 0\n`
const port = (value: number) => value.toString(16).toUpperCase().padStart(4, '0')
const uid = (n: number) => `1234567${n}-89ab-4def-8123-456789abcdef`
const slice = (of: string) => `kubepods-burstable-pod${of.replaceAll('-', '_')}.slice`
const v2 = (of: string) => `0::/../../${slice(of)}/cri-containerd-0123456789abcdef.scope\n`
const quiet = { inUse: 1, tw: 0 }

describe.each(shells())('the probe of pods in $name', (shell) => {
  let proc: ProcFolder
  beforeEach(async () => {
    proc = await procOfSample('healthy')
    await sharing(1, 'net/sockstat')
  })
  afterEach(() => proc[Symbol.asyncDispose]())

  /** A process in a network namespace that is there already: one file is one namespace, as in the kernel. */
  async function sharing(pid: number, sockstat: string, cgroup = '0::/init.scope\n') {
    await mkdir(join(proc.path, `${pid}/net`), { recursive: true })
    await link(join(proc.path, sockstat), join(proc.path, `${pid}/net/sockstat`))
    await proc.write(`${pid}/cgroup`, cgroup)
  }

  async function pod(
    pid: number,
    { inUse, tw, inUse6 }: { inUse: number; tw: number; inUse6?: number },
    cgroup: string,
    rows: { tcp?: string[]; tcp6?: string[] } = {},
  ) {
    await proc.write(
      `${pid}/net/sockstat`,
      `sockets: used 9\nTCP: inuse ${inUse} orphan 0 tw ${tw} alloc 9 mem 9\n`,
    )
    if (inUse6 !== undefined) await proc.write(`${pid}/net/sockstat6`, `TCP6: inuse ${inUse6}\n`)
    await proc.write(`${pid}/net/tcp`, header + (rows.tcp ?? []).join(''))
    if (rows.tcp6) await proc.write(`${pid}/net/tcp6`, header + rows.tcp6.join(''))
    await proc.write(`${pid}/cgroup`, cgroup)
  }

  const answer = async () => {
    const { stdout } = await runScript(shell, probeScript({ sampleSeconds: 0, podDetail: true }), {
      proc: proc.path,
    })
    return stdout
  }
  async function probe(): Promise<Reading> {
    const parsed = parseReading(await answer(), { secondRead: false, podDetail: true })
    if ('lost' in parsed) throw new Error(parsed.lost)
    return parsed.reading
  }
  async function pods(): Promise<PodSockets[]> {
    const { busiestPods } = await probe()
    if (!busiestPods || !isKnown(busiestPods)) throw new Error(JSON.stringify(busiestPods))
    return busiestPods.value
  }

  test('reads each network namespace once, however many processes share it, and not that of the node', async () => {
    await pod(100, { inUse: 3, tw: 40, inUse6: 2 }, v2(uid(1)))
    await sharing(101, '100/net/sockstat', v2(uid(1)))
    await sharing(102, 'net/sockstat', v2(uid(2)))
    const reading = await probe()
    expect(reading.podNamespaces).toEqual({ value: 1 })
    expect(reading.podNamespacesLeft).toEqual({ value: 0 })
    expect(reading.busiestPods).toEqual({
      value: [{ uid: uid(1), tcpInUse: 5, timeWait: 40, destination: { value: null } }],
    })
  })

  test.each([
    ['cgroup v2 with systemd', v2(uid(1))],
    ['cgroup v2 with cgroupfs', `0::/kubepods/burstable/pod${uid(1)}/0123456789abcdef\n`],
    ['a guaranteed pod', `0::/kubepods.slice/kubepods-pod${uid(1).replaceAll('-', '_')}.slice/cri-x.scope\n`],
    ['cgroup v1', `12:pids:/\n4:memory:/kubepods/besteffort/pod${uid(1)}/0123\n1:name=systemd:/x\n`],
    ['a container of its own cgroup namespace root', `0::/../..//pod${uid(1)}/0123456789abcdef\n`],
    ['a cluster inside the pod', `0::/${slice(uid(1))}/x.scope/kubelet/kubepods/burstable/pod${uid(2)}/y\n`],
  ])('finds the pod of %s', async (_kind, cgroup) => {
    await pod(100, quiet, cgroup)
    expect((await pods()).map((each) => each.uid)).toEqual([uid(1)])
  })

  test('takes the hash that stands for the UID of a static pod', async () => {
    await pod(100, quiet, `0::/kubepods.slice/${slice('0123456789abcdef0123456789abcdef')}/x.scope\n`)
    expect((await pods())[0]?.uid).toBe('0123456789abcdef0123456789abcdef')
  })

  test('asks the other processes of a namespace when the first is of no pod', async () => {
    await pod(100, quiet, '0::/system.slice/some.service\n')
    await sharing(101, '100/net/sockstat', v2(uid(1)))
    expect((await pods())[0]?.uid).toBe(uid(1))
  })

  test('names no pod where the processes are of none, and tells their sockets', async () => {
    await pod(100, quiet, '0::/system.slice/podman-1234.service\n4:memory:/kubepods.slice\n')
    expect(await pods()).toEqual([{ tcpInUse: 1, timeWait: 0, destination: { value: null } }])
  })

  test('tells the five with the most sockets, TIME-WAIT included, the most first', async () => {
    for (let n = 0; n < 9; n++) await pod(100 + n, { inUse: 10 - n, tw: 10 * n }, v2(uid(n)))
    expect((await pods()).map((each) => [each.uid, each.tcpInUse + each.timeWait])).toEqual(
      [8, 7, 6, 5, 4].map((n) => [uid(n), 10 + 9 * n]),
    )
  })

  test('tells the destination towards which a pod takes the most local ports, whatever its range', async () => {
    const rows = [
      ...[1024, 2000, 32767, 32768, 60999, 61000].map((n) =>
        row(`0100630A:${port(n)}`, '0200630A:1538', '06'),
      ),
      ...[40000, 40001].map((n) => row(`0100630A:${port(n)}`, '0300630A:0050', '01')),
    ]
    await pod(100, { inUse: 2, tw: 6 }, v2(uid(1)), { tcp: rows })
    expect((await pods())[0]?.destination).toEqual({
      value: { remoteAddress: '10.99.0.2', remotePort: 5432, ports: 6, portsInDefaultRange: 2, timeWait: 6 },
    })
  })

  test('does not take connections to a port that the pod listens on for outgoing ones, and tells them apart', async () => {
    const mapped = (address: string) => `0000000000000000FFFF0000${address}`
    const any = `${'0'.repeat(32)}:1F90`
    const inbound = Array.from({ length: 7 }, (_, n) =>
      row(`${mapped('0100630A')}:1F90`, `${mapped('0200630A')}:${port(50000 + n)}`, '01'),
    )
    await pod(100, { inUse: 1, tw: 0, inUse6: 8 }, v2(uid(1)), {
      tcp: [row('0100630A:9C40', '0400630A:01BB', '01')],
      tcp6: [row(any, `${'0'.repeat(32)}:0000`, '0A'), ...inbound],
    })
    expect((await pods())[0]).toMatchObject({
      destination: { value: { remoteAddress: '10.99.0.4', remotePort: 443, ports: 1, timeWait: 0 } },
      busiestOwnPort: { port: 8080, sockets: 7 },
    })
  })

  test('forgets the sockets of one pod before it walks those of the next', async () => {
    const rows = (n: number) =>
      Array.from({ length: n }, (_, i) => row(`0100630A:${port(40000 + i)}`, '0200630A:0050', '01'))
    await pod(100, { inUse: 9, tw: 0 }, v2(uid(1)), { tcp: rows(9) })
    await pod(101, { inUse: 4, tw: 0 }, v2(uid(2)), { tcp: rows(4) })
    const found = (await pods()).map(({ destination }) => isKnown(destination) && destination.value?.ports)
    expect(found).toEqual([9, 4])
  })

  test('passes over a namespace whose processes ended meanwhile', async () => {
    await pod(100, quiet, v2(uid(1)))
    await proc.write('100/net/sockstat', '')
    await pod(101, quiet, v2(uid(2)))
    const reading = await probe()
    expect(reading.podNamespaces).toEqual({ value: 1 })
    expect((await pods()).map((each) => each.uid)).toEqual([uid(2)])
  })

  test('does not walk tables that are too large, and walks those of the other pods', async () => {
    await pod(100, { inUse: 9, tw: 200_000 }, v2(uid(1)))
    await pod(101, quiet, v2(uid(2)), { tcp: [row('0100630A:9C40', '0400630A:01BB', '01')] })
    const [large, small] = await pods()
    expect(large).toMatchObject({
      timeWait: 200_000,
      destination: { unknown: 'the busiest pods have more than 200000 TCP sockets, too many to go through' },
    })
    expect(small?.destination).toMatchObject({ value: { ports: 1 } })
  })

  test('says how many namespaces it left out', async () => {
    for (let n = 0; n < 1003; n++)
      await proc.write(`${1000 + n}/net/sockstat`, 'TCP: inuse 1 orphan 0 tw 1\n')
    const reading = await probe()
    expect([reading.podNamespaces, reading.podNamespacesLeft]).toEqual([{ value: 1000 }, { value: 3 }])
  })

  test('knows nothing where the node hides its processes, and reads everything else', async () => {
    await proc.remove('1')
    await pod(100, quiet, v2(uid(1)))
    const reading = await probe()
    expect(reading.busiestPods).toEqual({ unknown: expect.stringMatching(/^the node hides the processes/) })
    expect(reading.podNamespaces).toEqual(reading.busiestPods)
    expect(reading.first.timeWait).toEqual({ value: 85 })
  })

  test('has room for five pods with the longest values in the 4096 bytes of an answer', async () => {
    const remote = 'F'.repeat(32)
    const tcp6 = [
      row(`${remote}:FFFF`, `${remote}:0000`, '0A'),
      row(`${remote}:FFFF`, `${remote}:0001`, '06'),
      row(`${remote}:9C40`, `${remote}:FFFF`, '06'),
    ]
    for (let n = 0; n < 5; n++) await pod(100 + n, { inUse: 9, tw: 2, inUse6: 900 }, v2(uid(n)), { tcp6 })
    const line = (await answer()).split('\n').find((each) => each.startsWith('pods ')) ?? ''
    const longest = `pods found=5 namespaces=1000 left=9999999${[1, 2, 3, 4, 5]
      .map((n) => {
        const to = `${remote}:FFFF:65535:65535:65535`
        return ` ${n}=${uid(n)}:1999999998:999999999 ${n}.to=${to} ${n}.on=FFFF:200000`
      })
      .join('')}\n`
    expect(line.replace(/:\d+/g, ':N').length).toBeLessThanOrEqual(longest.replace(/:\d+/g, ':N').length)
    expect(line.match(/\d\.(to|on)=F{4}/g)).toHaveLength(10)
    // What the other lines hold at most is measured in the test of the probe.
    expect(3000 + longest.length).toBeLessThan(4096)
  })
})
