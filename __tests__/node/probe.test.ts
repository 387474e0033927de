import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { parseReading } from '../../src/node/parse.ts'
import { probeScript } from '../../src/node/probe.sh.ts'
import { isKnown, type Measured, type PortTuple, type Reading } from '../../src/node/reading.ts'
import { emptyProc, type ProcFolder, procOfSample } from '../support/sample-proc.ts'
import { type RunOptions, runScript, shells } from '../support/shells.ts'

const header =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const rest = '00000000:00000000 03:0000101C 00000000     0        0 0 3 00000000294bb723'
const row = (index: number, local: string, remote: string, state: string) =>
  `${String(index).padStart(4)}: ${local} ${remote} ${state} ${rest}\n`
const port = (value: number) => value.toString(16).toUpperCase().padStart(4, '0')

describe.each(shells())('the probe in $name', (shell) => {
  let proc: ProcFolder
  beforeEach(async () => {
    proc = await procOfSample('healthy')
  })
  afterEach(() => proc[Symbol.asyncDispose]())

  async function probe(sampleSeconds = 0, options: Partial<RunOptions> = {}): Promise<Reading> {
    const { stdout } = await runScript(shell, probeScript({ sampleSeconds }), { proc: proc.path, ...options })
    const parsed = parseReading(stdout, { secondRead: sampleSeconds > 0 })
    if ('lost' in parsed) throw new Error(parsed.lost)
    return parsed.reading
  }

  const tuples = async () => tuplesOf(await probe())

  test('says of each file that is not there that the kernel does not publish it, and reads the others', async () => {
    await proc.remove('net/stat')
    await proc.remove('sys/net/ipv4/tcp_tw_reuse_delay')
    await proc.remove('meminfo')
    const reading = await probe()
    expect(reasonOf(reading.first.counters['conntrack.drop'])).toBe(
      'the kernel does not publish it: there is no /proc/net/stat/nf_conntrack',
    )
    expect(reasonOf(reading.sysctls['net.ipv4.tcp_tw_reuse_delay'])).toContain(
      'there is no /proc/sys/net/ipv4/',
    )
    expect(reasonOf(reading.memoryKb)).toContain('there is no /proc/meminfo')
    expect(reading.first.conntrackCount).toEqual({ value: 55 })
    expect(reading.sysctls['net.ipv4.tcp_tw_reuse']).toEqual({ value: 2 })
  })

  test('says of a file that it may not read that it may not', async () => {
    await proc.deny('net/stat/nf_conntrack')
    await proc.deny('net/tcp6')
    const reading = await probe(0, { unprivileged: true })
    expect(reasonOf(reading.first.counters['conntrack.drop'])).toBe(
      'the probe may not read /proc/net/stat/nf_conntrack',
    )
    expect(reasonOf(reading.busiestTuples)).toBe('the probe may not read /proc/net/tcp or tcp6')
    expect(reading.first.timeWait).toEqual({ value: 85 })
  })

  test('does not say that a file is not there where the node has no process left to look with', async () => {
    await proc.deny('net/stat/nf_conntrack')
    const script = `ulimit -u 0\n${probeScript({ sampleSeconds: 0 })}`
    const { stdout } = await runScript(shell, script, { proc: proc.path, unprivileged: true })
    const parsed = parseReading(stdout, { secondRead: false })
    expect('reading' in parsed && reasonOf(parsed.reading.first.counters['conntrack.drop'])).toBe(
      'the probe may not read /proc/net/stat/nf_conntrack',
    )
  })

  test('says of a counter that this kernel does not have that it has none', async () => {
    const stat =
      'entries searched found new invalid insert_failed drop early_drop\n00000037 0 0 0 0 0 0000000a 0\n'
    await proc.write('net/stat/nf_conntrack', stat)
    const { counters } = (await probe()).first
    expect(counters['conntrack.drop']).toEqual({ value: 10 })
    for (const name of [
      'conntrack.clash_resolve',
      'conntrack.chain_too_long',
      'conntrack.search_restart',
    ] as const) {
      expect(reasonOf(counters[name])).toBe(
        'the kernel does not publish it: /proc/net/stat/nf_conntrack does not have it',
      )
    }
  })

  test('adds the hexadecimal counters of all CPUs, beyond 32 bits', async () => {
    const cpu = '00000037 ffffffff 0 0 7fffffff 80000000 fffffffe\n'
    const head = 'entries clash_resolve found new chaintoolong insert_failed drop\n'
    await proc.write('net/stat/nf_conntrack', head + cpu.repeat(128))
    const { counters } = (await probe()).first
    expect(counters['conntrack.clash_resolve']).toEqual({ value: 128 * 0xffffffff })
    expect(counters['conntrack.chain_too_long']).toEqual({ value: 128 * 0x7fffffff })
    expect(counters['conntrack.insert_failed']).toEqual({ value: 128 * 0x80000000 })
    expect(counters['conntrack.drop']).toEqual({ value: 128 * 0xfffffffe })
  })

  test('makes a column with a damaged number unknown, and only this one', async () => {
    await proc.write('net/stat/nf_conntrack', 'entries drop early_drop\n00000037 1 2\n00000037 1g 2\n')
    const { counters } = (await probe()).first
    expect(reasonOf(counters['conntrack.drop'])).toBe(
      '/proc/net/stat/nf_conntrack does not hold what it should',
    )
    expect(counters['conntrack.early_drop']).toEqual({ value: 4 })
  })

  test('keeps counters of more than 32 bits as they are', async () => {
    await proc.write('net/snmp', 'Tcp: ActiveOpens OutSegs\nTcp: 4294967296 9007199254740991\n')
    const { counters } = (await probe()).first
    expect(counters['Tcp.ActiveOpens']).toEqual({ value: 4294967296 })
    expect(counters['Tcp.OutSegs']).toEqual({ value: 9007199254740991 })
  })

  test('counts what an IPv4 and an IPv4-mapped socket take towards one destination together', async () => {
    await proc.write(
      'net/tcp',
      header +
        row(0, '0100630A:9C40', '0200630A:1F90', '06') +
        row(1, '0100630A:9C41', '0200630A:1F90', '01'),
    )
    const mapped = (address: string) => `0000000000000000FFFF0000${address}`
    await proc.write('net/tcp6', header + row(0, mapped('0100630A:9C42'), mapped('0200630A:1F90'), '06'))
    expect(await tuples()).toEqual([
      { localAddress: '10.99.0.1', remoteAddress: '10.99.0.2', remotePort: 8080, ports: 3, timeWait: 2 },
    ])
  })

  test('leaves out listeners, ports outside the range, reserved ports and a port seen before', async () => {
    await proc.write('sys/net/ipv4/ip_local_port_range', '40000\t40009\n')
    await proc.write('sys/net/ipv4/ip_local_reserved_ports', '1-100,40003,40005-40006,50000\n')
    const rows = Array.from({ length: 12 }, (_, i) =>
      row(i, `0100630A:${port(39999 + i)}`, '0200630A:0050', '01'),
    )
    const again = row(12, '0100630A:9C40', '0200630A:0050', '06')
    const listener = row(13, '00000000:9C41', '00000000:0000', '0A')
    await proc.write('net/tcp', header + rows.join('') + again + listener)
    await proc.remove('net/tcp6')
    const reading = await probe()
    expect(reading.reservedPorts).toEqual({ value: 3 })
    expect(reading.localPortRange).toEqual({ value: { first: 40000, last: 40009 } })
    expect(tuplesOf(reading)).toEqual([
      { localAddress: '10.99.0.1', remoteAddress: '10.99.0.2', remotePort: 80, ports: 7, timeWait: 0 },
    ])
  })

  test('names the five busiest of many destinations, the busiest first', async () => {
    let index = 0
    const rows = Array.from({ length: 40 }, (_, destination) =>
      Array.from({ length: destination + 1 }, (_, i) =>
        row(index++, `0100630A:${port(33000 + i)}`, `0200630A:${port(destination)}`, '06'),
      ).join(''),
    )
    await proc.write('net/tcp', header + rows.join(''))
    await proc.remove('net/tcp6')
    expect((await tuples()).map((tuple) => [tuple.remotePort, tuple.ports])).toEqual([
      [39, 40],
      [38, 39],
      [37, 38],
      [36, 37],
      [35, 36],
    ])
  })

  test('walks a table of fifty thousand rows', async () => {
    const rows = Array.from({ length: 50_000 }, (_, i) => {
      return row(
        i,
        `0100630A:${port(32768 + (i % 28232))}`,
        `0200630A:${port(1 + Math.floor(i / 28232))}`,
        '06',
      )
    })
    await proc.write('net/tcp', header + rows.join(''))
    expect((await tuples()).slice(0, 2).map((tuple) => [tuple.ports, tuple.timeWait])).toEqual([
      [28232, 28232],
      [21768, 21768],
    ])
  })

  test('does not walk a table that is too large, and reads everything else', async () => {
    await proc.write('net/sockstat', 'sockets: used 20\nTCP: inuse 20 orphan 0 tw 1200000 alloc 57 mem 212\n')
    const reading = await probe()
    expect(reasonOf(reading.busiestTuples)).toBe(
      'there are more than 500000 TCP sockets, too many to go through',
    )
    expect(reading.first.timeWait).toEqual({ value: 1200000 })
  })

  test('reads the counters again after the time that it was told, and walks the tables in between', async () => {
    await using tools = await emptyProc()
    const sleep = join(tools.path, 'sleep')
    await writeFile(
      sleep,
      `#!/bin/sh
echo "$1" >${tools.path}/slept
echo "4714.08 9000.00" >${proc.path}/uptime
echo 77 >${proc.path}/sys/net/netfilter/nf_conntrack_count
echo 1 >${proc.path}/sys/net/ipv4/tcp_tw_reuse
`,
    )
    await chmod(sleep, 0o755)
    const reading = await probe(3, { pathFirst: tools.path })
    expect(await readFile(join(tools.path, 'slept'), 'utf8')).toBe('3.00\n')
    expect([reading.first.uptimeSeconds, reading.second?.uptimeSeconds]).toEqual([
      { value: 4711.08 },
      { value: 4714.08 },
    ])
    expect([reading.first.conntrackCount, reading.second?.conntrackCount]).toEqual([
      { value: 55 },
      { value: 77 },
    ])
    expect(reading.sysctls['net.ipv4.tcp_tw_reuse']).toEqual({ value: 2 })
  })

  test('answers in at most 4096 bytes whatever the node holds', async () => {
    const long = '18446744073709551615'
    const columns = 'drop early_drop insert_failed chainlength clash_resolve invalid search_restart'
    await proc.write('net/stat/nf_conntrack', `${columns}\n${`${'ffffffffffff '.repeat(7)}\n`.repeat(4096)}`)
    for (const file of ['net/snmp', 'net/netstat'])
      await proc.write(file, await withAllValues(join(proc.path, file), long))
    await proc.write('net/sockstat', `TCP: inuse ${long} orphan 0 tw ${long}\n`)
    await proc.remove('net/sockstat6')
    await proc.write('sys/kernel/osrelease', `${'6.18 <b>'.repeat(40)}\n`)
    await proc.write('uptime', `${'9'.repeat(17)}.99 1\n`)
    await proc.write('meminfo', `MemTotal: ${long} kB\n`)
    const sysctls = [
      'nf_conntrack_count',
      'nf_conntrack_max',
      'nf_conntrack_buckets',
      'nf_conntrack_tcp_be_liberal',
    ]
    for (const name of sysctls) await proc.write(`sys/net/netfilter/${name}`, `${long}\n`)
    for (const wait of ['established', 'time_wait', 'close_wait']) {
      await proc.write(`sys/net/netfilter/nf_conntrack_tcp_timeout_${wait}`, `${long}\n`)
    }
    for (const name of ['tw_reuse', 'tw_reuse_delay', 'max_tw_buckets', 'fin_timeout', 'timestamps']) {
      await proc.write(`sys/net/ipv4/tcp_${name}`, `${long}\n`)
    }
    const { stdout } = await runScript(shell, probeScript({ sampleSeconds: 0.01 }), { proc: proc.path })
    const tupleBytes =
      5 * ' 1=FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF:FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF:FFFF:28232:28232'.length
    expect(stdout).toContain('tuples found=!too-many')
    // The line of the pods has the rest.
    expect(stdout.length + tupleBytes).toBeLessThan(3000)
    expect(stdout).toMatch(/\nend 16\n$/)
  })

  test('leaves its answer in the termination log where there is one, and says that all is well', async () => {
    await proc.write('termination-log', '')
    const script = probeScript({ sampleSeconds: 0, terminationLog: join(proc.path, 'termination-log') })
    const ran = await runScript(shell, script, { proc: proc.path })
    expect(ran).toEqual({ stdout: '', stderr: '', status: 0 })
    expect(await readFile(join(proc.path, 'termination-log'), 'utf8')).toMatch(
      /^ach-probe 1\n[\s\S]*\nend 11\n$/,
    )
  })

  test('prints its answer and fails where the termination log cannot be written to, so that the log is taken', async () => {
    await proc.write('termination-log', '')
    await proc.deny('termination-log')
    const script = probeScript({ sampleSeconds: 0, terminationLog: join(proc.path, 'termination-log') })
    const ran = await runScript(shell, script, { proc: proc.path, unprivileged: true })
    expect(ran.status).toBe(1)
    expect(ran.stdout).toMatch(/^ach-probe 1\n[\s\S]*\nend 11\n$/)
    // The kubelet takes 2048 bytes and 80 lines of a log.
    expect(ran.stdout.length).toBeLessThan(2048)
  })

  test('reads this machine without any privilege', async () => {
    const reading = await probe(0.01, { proc: '/proc', unprivileged: true })
    expect(reading.second?.timeWait).toEqual({ value: expect.any(Number) })
    expect(reading.kernel).toEqual({ value: expect.stringMatching(/^\d+\.\d+/) })
    expect(isKnown(reading.busiestTuples)).toBe(true)
  })
})

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 3601])(
  'a script with %d sample seconds is not made',
  (seconds) => {
    expect(() => probeScript({ sampleSeconds: seconds })).toThrow(RangeError)
  },
)

function tuplesOf(reading: Reading): PortTuple[] {
  if (!isKnown(reading.busiestTuples)) throw new Error(reading.busiestTuples.unknown)
  return reading.busiestTuples.value
}

function reasonOf(measured: Measured<unknown>): string {
  if (isKnown(measured)) throw new Error(`known: ${JSON.stringify(measured.value)}`)
  return measured.unknown
}

/** A file of pairs of lines (names, then values) with each value put in place of the recorded ones. */
async function withAllValues(file: string, value: string): Promise<string> {
  const lines = (await readFile(file, 'utf8')).split('\n')
  return lines.map((line, index) => (index % 2 === 0 ? line : line.replace(/ \S+/g, ` ${value}`))).join('\n')
}
