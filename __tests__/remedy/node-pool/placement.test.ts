import { describe, expect, test } from '@jest/globals'
import { toleratesAll, toleratesCordon } from '../../../src/remedy/node-pool/placement.ts'

const taint = (key: string, effect = 'NoSchedule') => ({ key, effect })

describe('the taints of a node', () => {
  test('that come and go with its state keep no pod from its pool', () => {
    const passing = [
      taint('node.kubernetes.io/unschedulable'),
      taint('node.kubernetes.io/not-ready', 'NoExecute'),
      taint('ToBeDeletedByClusterAutoscaler'),
    ]
    expect(toleratesAll({}, passing)).toBe(true)
    expect(toleratesAll({}, [...passing, taint('CriticalAddonsOnly')])).toBe(false)
  })
})

describe('a pod tolerates a cordon', () => {
  test.each([
    [true, { operator: 'Exists' }],
    [true, { operator: 'Exists', effect: 'NoSchedule' }],
    [true, { key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }],
    [false, { operator: 'Exists', effect: 'NoExecute' }],
    [false, { key: 'CriticalAddonsOnly', operator: 'Exists' }],
    [false, { key: 'node.kubernetes.io/unschedulable', operator: 'Equal', value: 'true' }],
  ])('%s with %j', (tolerates, toleration) => {
    expect(toleratesCordon({ tolerations: [toleration] })).toBe(tolerates)
  })
})
