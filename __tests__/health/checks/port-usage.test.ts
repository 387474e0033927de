import { expect, test } from '@jest/globals'
import { portUsage } from '../../../src/health/checks/port-usage.ts'
import type { Thresholds } from '../../../src/health/finding.ts'
import { known, type ReadingOverrides, tuple, unknown } from '../../support/readings.ts'
import { onNode } from '../support.ts'

const HUNDRED = known({ first: 40_000, last: 40_099 })

function usage(ports: number, overrides: ReadingOverrides = {}, thresholds: Partial<Thresholds> = {}) {
  const busiestTuples = known([tuple({ ports, timeWait: 0 })])
  return onNode(portUsage, { localPortRange: HUNDRED, busiestTuples, ...overrides }, thresholds)
}

test.each([
  [69, 'ok', 70],
  [70, 'warning', 70],
  [79, 'warning', 70],
  [80, 'critical', 80],
  [100, 'critical', 80],
])('%d of 100 ports are %s', (ports, status, threshold) => {
  expect(usage(ports)).toMatchObject({ status, threshold, value: ports })
})

test('reserved ports are not there to take', () => {
  expect(usage(64, { reservedPorts: 20 })).toMatchObject({ status: 'critical', value: 80 })
})

test('names the destination', () => {
  const busiestTuples = known([tuple({ ports: 90, timeWait: 80, remoteAddress: 'fd00::5' })])
  const finding = usage(0, { busiestTuples })
  expect(finding.summary).toBe(
    '90.0 % of 100 ports taken towards [fd00::5]:443 (90, 80 of them in TIME-WAIT)',
  )
  expect(finding.evidence).toMatchObject({
    destination: '[fd00::5]:443',
    portsTaken: 90,
    timeWaitSockets: 80,
  })
})

test('the ceiling without reuse is in the advice', () => {
  const busiestTuples = known([tuple({ ports: 28_000 })])
  expect(onNode(portUsage, { busiestTuples }).advice).toContain('470 new ones a second is the ceiling')
})

test('the busiest counts wherever it stands in the list', () => {
  const busiestTuples = known([tuple({ ports: 1 }), tuple({ ports: 90, remotePort: 8443 })])
  expect(usage(0, { busiestTuples })).toMatchObject({ status: 'critical', value: 90 })
})

test('without outgoing connections nothing is taken', () => {
  expect(usage(0, { busiestTuples: known([]) })).toMatchObject({
    status: 'ok',
    value: 0,
    summary: 'no outgoing connection; 100 ports free towards every destination',
  })
})

test('nothing taken breaches a threshold of 0', () => {
  expect(usage(0, { busiestTuples: known([]) }, { portWarningPercent: 0 }).status).toBe('warning')
})

test('a range that is all reserved is all taken', () => {
  expect(usage(0, { reservedPorts: 100 })).toMatchObject({
    status: 'critical',
    value: 100,
    summary: 'no local port is left: all of ip_local_port_range is reserved',
  })
})

test.each<[string, ReadingOverrides, string]>([
  ['the sockets', { busiestTuples: unknown('too many') }, 'TCP sockets: too many'],
  ['the range', { localPortRange: unknown('malformed') }, 'ip_local_port_range: malformed'],
  ['the reserved ports', { reservedPorts: unknown('denied') }, 'ip_local_reserved_ports: denied'],
  ['a number of ports', { busiestTuples: known([tuple({ ports: Number.NaN })]) }, 'a destination reads NaN'],
  ['a possible range', { localPortRange: known({ first: 9, last: 3 }) }, 'reads 9 to 3'],
  ['a range that holds the reserved', { reservedPorts: 101 }, '101 ports reserved, which is no such range'],
])('without %s it is unknown', (_name, overrides, why) => {
  const finding = usage(5, overrides)
  expect(finding).toMatchObject({ status: 'unknown', decides: true })
  expect(finding.summary).toContain(why)
})
