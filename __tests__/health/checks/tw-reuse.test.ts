import { expect, test } from '@jest/globals'
import { twReuse } from '../../../src/health/checks/tw-reuse.ts'
import { unknown } from '../../support/readings.ts'
import { onNode } from '../support.ts'

const REUSE = 'net.ipv4.tcp_tw_reuse'
const STAMPS = 'net.ipv4.tcp_timestamps'

test.each([
  [0, 1, [1, 2], 'critical'],
  [0, 0, [1, 2], 'critical'],
  [1, 1, [1, 2], 'ok'],
  [2, 1, [1, 2], 'ok'],
  [1, 2, [1, 2], 'ok'],
  [1, 0, [1, 2], 'warning'],
  [2, 0, [1, 2], 'warning'],
  [2, 1, [1], 'warning'],
  [1, 1, [2], 'warning'],
  [0, 1, [0], 'ok'],
  [0, 0, [0, 1], 'ok'],
  [3, 1, [1, 2], 'warning'],
])('reuse %d with timestamps %d, allowed %j, is %s', (reuse, stamps, twReuseAllowed, status) => {
  const finding = onNode(twReuse, { sysctls: { [REUSE]: reuse, [STAMPS]: stamps } }, { twReuseAllowed })
  expect(finding).toMatchObject({ status, value: reuse, decides: true })
})

test('2 is accepted and shown as what it is', () => {
  expect(onNode(twReuse, { sysctls: { [REUSE]: 2 } }).summary).toBe(
    'tcp_tw_reuse is 2: reuse over loopback only, none for connections that leave the node',
  )
})

test('reuse without timestamps is said to be without effect, and what to set', () => {
  const finding = onNode(twReuse, { sysctls: { [REUSE]: 1, [STAMPS]: 0 } })
  expect(finding.summary).toBe('tcp_tw_reuse is 1: without effect, as tcp_timestamps is 0')
  expect(finding.advice).toContain('net.ipv4.tcp_timestamps')
})

test('the advice sets a value that is allowed', () => {
  expect(onNode(twReuse, { sysctls: { [REUSE]: 0 } }).advice).toContain('tw-reuse: 1;')
  expect(onNode(twReuse, { sysctls: { [REUSE]: 0 } }, { twReuseAllowed: [2] }).advice).toContain(
    'tw-reuse: 2;',
  )
})

test('an unknown value decides', () => {
  expect(onNode(twReuse, { sysctls: { [REUSE]: unknown('denied') } })).toMatchObject({
    status: 'unknown',
    summary: 'tcp_tw_reuse: denied',
    decides: true,
  })
})

test('unknown timestamps matter only where there is reuse', () => {
  const stamps = { [STAMPS]: unknown('denied') }
  expect(onNode(twReuse, { sysctls: { [REUSE]: 1, ...stamps } })).toMatchObject({
    status: 'unknown',
    summary: 'tcp_timestamps: denied',
  })
  expect(onNode(twReuse, { sysctls: { [REUSE]: 0, ...stamps } }).status).toBe('critical')
})
