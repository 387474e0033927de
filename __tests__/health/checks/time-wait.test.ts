import { expect, test } from '@jest/globals'
import { timeWait } from '../../../src/health/checks/time-wait.ts'
import { known, unknown } from '../../support/readings.ts'
import { onNode } from '../support.ts'

test.each([
  [99, 'ok', 100],
  [100, 'warning', 100],
  [499, 'warning', 100],
  [500, 'critical', 500],
])('%d sockets are %s', (sockets, status, threshold) => {
  expect(onNode(timeWait, { first: { timeWait: sockets } })).toMatchObject({
    status,
    threshold,
    value: sockets,
  })
})

test('no socket breaches a threshold of 0', () => {
  expect(onNode(timeWait, { first: { timeWait: 0 } }, { timeWaitWarning: 0 }).status).toBe('warning')
})

test('says how near a loss is: 500 sockets are 1.8 % of the ports towards one destination', () => {
  const finding = onNode(timeWait, { first: { timeWait: 500 } })
  expect(finding.summary).toBe(
    '500 TIME-WAIT sockets, at most 1.8 % of the 28,232 ports towards one destination',
  )
  expect(finding.evidence).toMatchObject({
    portsPerDestination: 28_232,
    shareOfOneDestinationPercent: 1.771,
    connectionsPerSecondPerDestinationWithoutReuse: 470,
    busiestDestinationTimeWaitSockets: 4,
    maxTimeWaitSockets: 131_072,
  })
})

test('measures nearness by the range of that node less its reserved ports', () => {
  const localPortRange = known({ first: 40_000, last: 40_099 })
  const finding = onNode(timeWait, { first: { timeWait: 45 }, localPortRange, reservedPorts: 10 })
  expect(finding.summary).toBe('45 TIME-WAIT sockets, at most 50.0 % of the 90 ports towards one destination')
})

test('more sockets than ports are all of the ports, not more', () => {
  const localPortRange = known({ first: 40_000, last: 40_099 })
  const finding = onNode(timeWait, { first: { timeWait: 3000 }, localPortRange })
  expect(finding.summary).toContain('at most 100.0 % of the 100 ports')
})

test('is judged without the port range', () => {
  const finding = onNode(timeWait, { first: { timeWait: 3000 }, localPortRange: unknown('malformed') })
  expect(finding).toMatchObject({ status: 'critical', summary: '3,000 TIME-WAIT sockets' })
})

test('is unknown without the count, with the reason', () => {
  expect(onNode(timeWait, { first: { timeWait: unknown('denied') } })).toMatchObject({
    status: 'unknown',
    summary: 'TIME-WAIT sockets: denied',
    decides: true,
  })
})

test('the advice depends on whether ports are reused already', () => {
  const first = { timeWait: 600 }
  expect(onNode(timeWait, { first }).advice).toContain('fix: sysctl and tw-reuse: 1')
  const reused = onNode(timeWait, { first, sysctls: { 'net.ipv4.tcp_tw_reuse': 1 } })
  expect(reused.advice).toContain('keep its connections open')
  const sysctls = { 'net.ipv4.tcp_tw_reuse': 1, 'net.ipv4.tcp_timestamps': 0 }
  expect(onNode(timeWait, { first, sysctls }).advice).not.toContain('Reuse is on')
})
