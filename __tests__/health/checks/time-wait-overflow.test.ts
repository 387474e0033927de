import { expect, test } from '@jest/globals'
import { timeWaitOverflow } from '../../../src/health/checks/time-wait-overflow.ts'
import { read, unknown } from '../../support/readings.ts'
import { input, only, onNode } from '../support.ts'

const COUNTER = 'TcpExt.TCPTimeWaitOverflow'

test('an old total is no overflow', () => {
  expect(onNode(timeWaitOverflow, { first: { counters: { [COUNTER]: 600 } } })).toMatchObject({
    status: 'ok',
    value: 0,
    summary: 'no socket skipped TIME-WAIT in 2 s',
  })
})

test('one socket over the window is a warning', () => {
  const finding = onNode(timeWaitOverflow, {
    first: { counters: { [COUNTER]: 600 } },
    second: { counters: { [COUNTER]: 601 } },
  })
  expect(finding).toMatchObject({
    status: 'warning',
    value: 0.5,
    summary: '1 socket skipped TIME-WAIT in 2 s (0.5/s), as tcp_max_tw_buckets (131072) was reached',
  })
})

test('it is told without the limit too', () => {
  const finding = onNode(timeWaitOverflow, {
    sysctls: { 'net.ipv4.tcp_max_tw_buckets': unknown() },
    second: { counters: { [COUNTER]: 4 } },
  })
  expect(finding.summary).toBe('4 sockets skipped TIME-WAIT in 2 s (2/s), as tcp_max_tw_buckets was reached')
})

test('it is unknown without the counter, or when that went back', () => {
  const lost = onNode(timeWaitOverflow, { second: { counters: { [COUNTER]: unknown('cut off') } } })
  expect(lost).toMatchObject({ status: 'unknown', summary: `${COUNTER}: cut off`, decides: true })
  const back = onNode(timeWaitOverflow, {
    first: { counters: { [COUNTER]: 5 } },
    second: { counters: { [COUNTER]: 4 } },
  })
  expect(back.status).toBe('unknown')
})

test('it is not made without a second read', () => {
  const nodes = [read('aks-np1-0', { second: null })]
  expect(only(timeWaitOverflow.make(input(nodes)))).toMatchObject({ status: 'not-made', decides: false })
})
