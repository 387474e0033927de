import { describe, expect, test } from '@jest/globals'
import { poolDrift } from '../../../src/health/checks/pool-drift.ts'
import { known, type ReadingOverrides, read, unknown, unread } from '../../support/readings.ts'
import { input, only } from '../support.ts'

function findings(...nodes: ReturnType<typeof read>[]) {
  return poolDrift.make(input(nodes))
}

const tuned: ReadingOverrides = { sysctls: { 'net.ipv4.tcp_tw_reuse': 1 } }

test('nodes that are alike are ok', () => {
  expect(only(findings(read('a'), read('b'), read('c')))).toMatchObject({
    status: 'ok',
    subject: { kind: 'pool', name: 'np1' },
    summary: '3 nodes with the same 14 settings',
    evidence: { nodesCompared: 3, settingsCompared: 14 },
  })
})

test('the odd node is named, with the setting and both values', () => {
  const finding = only(findings(read('a'), read('b', tuned), read('c')))
  expect(finding).toMatchObject({
    status: 'warning',
    value: 1,
    threshold: 1,
    summary: '1 setting differs between 3 nodes: net.ipv4.tcp_tw_reuse is 2 on 2 nodes, 1 on b',
    evidence: { settings: 'net.ipv4.tcp_tw_reuse', 'net.ipv4.tcp_tw_reuse': '2 on 2 nodes, 1 on b' },
  })
})

test('of two halves neither is the odd one', () => {
  expect(only(findings(read('a'), read('b', tuned))).summary).toContain('1 on b, 2 on a')
})

test('port range and reserved ports are settings too', () => {
  const odd = read('b', { localPortRange: known({ first: 1024, last: 60_999 }), reservedPorts: 3 })
  expect(only(findings(read('a'), odd, read('c'))).evidence.settings).toBe(
    'net.ipv4.ip_local_port_range, net.ipv4.ip_local_reserved_ports',
  )
})

test('a sentence stays short however many settings and nodes differ', () => {
  const sysctls = {
    'net.ipv4.tcp_tw_reuse': 1,
    'net.ipv4.tcp_timestamps': 0,
    'net.ipv4.tcp_fin_timeout': 5,
    'net.core.somaxconn': 128,
  }
  const odd = Array.from({ length: 40 }, (_, index) => read(`odd-${index + 10}`, { sysctls }))
  const even = Array.from({ length: 50 }, (_, index) => read(`even-${index + 10}`))
  const { summary } = only(findings(...odd, ...even))
  expect(summary).toContain('odd-10, odd-11, odd-12 and 37 more')
  expect(summary).toContain('; and 1 more setting')
  expect(summary.length).toBeLessThan(400)
})

test('pools are compared each for itself, by name', () => {
  const found = findings(
    read('a', tuned, { pool: 'np2' }),
    read('b', tuned, { pool: 'np2' }),
    read('c'),
    read('d'),
  )
  expect(found.map(({ subject, status }) => [subject, status])).toEqual([
    [{ kind: 'pool', name: 'np1' }, 'ok'],
    [{ kind: 'pool', name: 'np2' }, 'ok'],
  ])
})

test('one node has nothing to be compared with', () => {
  expect(only(poolDrift.make(input([read('a'), unread('b')])))).toMatchObject({ status: 'ok' })
})

test('nodes of no pool are not compared, and that is said', () => {
  const found = findings(read('a', {}, { pool: '' }), read('b', tuned, { pool: '' }))
  expect(only(found)).toMatchObject({ status: 'not-made', decides: false, subject: { kind: 'cluster' } })
})

describe('what depends on the size of the machine', () => {
  const large = (name: string, max = 524_288) =>
    read(
      name,
      { sysctls: { 'net.netfilter.nf_conntrack_max': max } },
      { vmSize: 'Standard_D16s_v5', cores: 16 },
    )

  test('may differ between VM sizes of one pool, and that is said', () => {
    const finding = only(findings(read('a'), read('b'), large('c'), large('d')))
    expect(finding.status).toBe('ok')
    expect(finding.summary).toBe(
      '4 nodes with the same 13 settings; net.netfilter.nf_conntrack_max the same on nodes of one VM size',
    )
  })

  test('may not differ between nodes of one VM size', () => {
    expect(only(findings(read('a'), large('c'), large('d', 131_072))).status).toBe('warning')
  })

  test('does not excuse a setting that does not depend on it', () => {
    const odd = read('c', tuned, { vmSize: 'Standard_D16s_v5', cores: 16 })
    expect(only(findings(read('a'), odd)).status).toBe('warning')
  })
})

describe('what could not be read', () => {
  test('leaves drift undecided', () => {
    const lost = read('b', { sysctls: { 'net.ipv4.tcp_tw_reuse': unknown('denied') } })
    expect(only(findings(read('a'), lost))).toMatchObject({
      status: 'unknown',
      decides: true,
      summary: 'not all settings could be compared: net.ipv4.tcp_tw_reuse could not be read on b',
    })
  })

  test('does not hide the drift that was seen', () => {
    const lost = read('b', { sysctls: { 'net.ipv4.tcp_tw_reuse': 1, 'net.core.somaxconn': unknown() } })
    expect(only(findings(read('a'), lost)).status).toBe('warning')
  })

  test('is no fault where older kernels do not have the setting', () => {
    const older = read('b', { sysctls: { 'net.ipv4.tcp_tw_reuse_delay': unknown('no such file') } })
    expect(only(findings(read('a'), older))).toMatchObject({
      status: 'ok',
      summary: '2 nodes with the same 13 settings; net.ipv4.tcp_tw_reuse_delay not on every kernel',
      evidence: { notCompared: 'net.ipv4.tcp_tw_reuse_delay' },
    })
  })
})
