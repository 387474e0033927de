import { expect, test } from '@jest/globals'
import { nodeReadable } from '../../../src/health/checks/node-readable.ts'
import { outOfScope, read, unread } from '../../support/readings.ts'
import { input, only } from '../support.ts'

test('every node in scope has a finding, by name', () => {
  const found = nodeReadable.make(input([read('b'), outOfScope('w'), unread('a')]))
  expect(found.map(({ subject, status }) => [subject, status])).toEqual([
    [{ kind: 'node', name: 'a', pool: 'np1' }, 'unknown'],
    [{ kind: 'node', name: 'b', pool: 'np1' }, 'ok'],
  ])
})

test('an unread node says why, and what to do next', () => {
  const [finding] = nodeReadable.make(input([unread('a', 'The image could not be pulled.'), read('b')]))
  expect(finding).toMatchObject({
    summary: 'The image could not be pulled.',
    advice: 'Look at the events of the node.',
    decides: true,
  })
})

test('without a next step there is no advice', () => {
  const [finding] = nodeReadable.make(input([unread('a', 'It is not ready.', {}, null), read('b')]))
  expect(finding).not.toHaveProperty('advice')
})

test('if none was read that is a finding of its own, on the cluster', () => {
  const [first, ...others] = nodeReadable.make(input([unread('a'), unread('b'), outOfScope()]))
  expect(first).toMatchObject({
    status: 'unknown',
    subject: { kind: 'cluster' },
    summary: 'none of 2 nodes was read (1 node out of scope)',
    decides: true,
  })
  expect(others).toHaveLength(2)
})

test.each([
  ['no node at all', [], 'no Linux node is in scope'],
  ['only nodes out of scope', [outOfScope()], 'no Linux node is in scope (1 node out of scope)'],
])('%s is unknown', (_name, nodes, summary) => {
  expect(only(nodeReadable.make(input(nodes)))).toMatchObject({ status: 'unknown', summary, decides: true })
})
