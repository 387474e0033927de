import { expect, test } from '@jest/globals'
import { evaluate } from '../../src/health/evaluate.ts'
import { CHECKS } from '../../src/health/finding.ts'
import { parseReading } from '../../src/node/parse.ts'
import { node, outOfScope, read, unread } from '../support/readings.ts'
import { input } from './support.ts'

test('every check says something about every subject, in the order of the checks', () => {
  const findings = evaluate(input([read('a'), read('b'), unread('c'), outOfScope('w')]))
  const counted = CHECKS.map((check) => findings.filter((finding) => finding.check === check).length)
  expect(counted).toEqual([2, 2, 2, 2, 2, 2, 2, 1, 1, 3])
  expect([...new Set(findings.map(({ check }) => check))]).toEqual([...CHECKS])
})

test('no check waits for another: the sickest node still has all its findings', () => {
  const sick = read('a', {
    sysctls: { 'net.netfilter.nf_conntrack_buckets': 1, 'net.ipv4.tcp_tw_reuse': 0 },
    first: { conntrackCount: 200_000, timeWait: 9000 },
    second: { counters: { 'conntrack.drop': 90, 'TcpExt.TCPTimeWaitOverflow': 8 } },
    reservedPorts: 28_232,
  })
  const breached = evaluate(input([sick]))
    .filter(({ status }) => status === 'critical' || status === 'warning')
    .map(({ check }) => check)
  expect(breached).toEqual(CHECKS.slice(0, 7))
})

test('sentences carry no markup and end without a full stop', () => {
  const nodes = [read('a', { first: { conntrackCount: 120_000, timeWait: 600 } }), read('b')]
  for (const { summary, advice } of evaluate(input(nodes))) {
    expect(summary).not.toMatch(/[`*|<>\n]|\.$/)
    if (advice !== undefined) expect(advice).not.toMatch(/[`*|<>\n]/)
  }
})

test('counters that the probe found absent do not decide', () => {
  const absent = 'drop=!absent early_drop=!absent insert_failed=!absent chain_too_long=!absent'
  const lines = [
    'ach-probe 1',
    `a.conntrack ${absent}`,
    'a uptime=10.00',
    `b.conntrack ${absent}`,
    'b uptime=12.00',
  ]
  const parsed = parseReading(`${lines.join('\n')}\nend ${lines.length}\n`, { secondRead: true })
  if (!('reading' in parsed)) throw new Error(parsed.lost)
  const findings = evaluate(input([{ kind: 'read', node: node('a'), reading: parsed.reading }]))
  expect(findings.filter(({ check }) => check === 'conntrack-drops')).toMatchObject([
    { status: 'unknown', decides: false },
  ])
  expect(findings.filter(({ check }) => check === 'time-wait-overflow')).toMatchObject([
    { status: 'unknown', decides: true },
  ])
})
