import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { UserError } from '../../src/errors.ts'
import type { Change } from '../../src/remedy/remedy.ts'
import { readRestoreReport } from '../../src/remedy/restore-input.ts'
import { MAX, TW_REUSE } from '../../src/remedy/sysctl-targets.ts'

const cluster = { server: 'https://api.example:443', id: '/subscriptions/1/clusters/a' }
const node = { kind: 'node', name: 'aks-np1-0', pool: 'np1' } as const
const change: Change = {
  remedy: 'sysctl',
  target: node,
  setting: MAX,
  before: '131072',
  wanted: '262144',
  after: '262144',
  outcome: 'changed',
}

const report = (changes: unknown, rest: object = {}) =>
  JSON.stringify({
    schemaVersion: 1,
    tool: { name: 'aks-connection-health', version: '1.0.0' },
    cluster,
    fix: { dryRun: false, plans: [], changes, effects: [], interrupted: false, unachieved: [] },
    ...rest,
  })

const itemsOf = (...changes: unknown[]) => readRestoreReport(report(changes), cluster)

describe('what an earlier report lets be put back', () => {
  test('is what it changed: value before, and value that the fix left', () => {
    expect(itemsOf(change)).toEqual([{ target: node, setting: MAX, before: '131072', wrote: '262144' }])
  })

  test('is a change that may have been made, with what it wanted to write', () => {
    const { after: _after, ...unproven } = { ...change, outcome: 'unproven' }
    expect(itemsOf(unproven)).toEqual([{ target: node, setting: MAX, before: '131072', wrote: '262144' }])
  })

  test('is what the fix wrote on a node, not what somebody else had written by the time of the proof', () => {
    for (const outcome of ['changed', 'failed']) {
      expect(itemsOf({ ...change, after: '524288', outcome })).toEqual([
        { target: node, setting: MAX, before: '131072', wrote: '262144' },
      ])
    }
  })

  test('is not what was skipped, refused, found as wanted, or failed without effect', () => {
    const same = { ...change, after: '131072' }
    expect(
      itemsOf(
        { ...same, outcome: 'skipped' },
        { ...same, outcome: 'refused' },
        { ...change, before: '262144', outcome: 'unchanged' },
        { ...same, outcome: 'failed' },
      ),
    ).toEqual([])
  })

  test('of two changes of one value is the first before and the last written', () => {
    const second = { ...change, remedy: 'daemonset', before: '262144', wanted: '524288', after: '524288' }
    expect(itemsOf(change, second)).toEqual([
      { target: node, setting: MAX, before: '131072', wrote: '524288' },
    ])
  })

  test('tells DaemonSets of several namespaces apart', () => {
    const made = (namespace: string) => ({
      ...change,
      remedy: 'daemonset',
      target: { kind: 'daemonset', namespace, name: 'aks-connection-health-tuner' },
      setting: 'conntrack-max',
      before: null,
    })
    expect(itemsOf(made('a'), made('b')).map(({ target }) => target)).toEqual([
      made('a').target,
      made('b').target,
    ])
  })

  test('has a value without a record in it, so that it can be told', () => {
    const { before: _before, ...unknown } = change
    expect(itemsOf(unknown)).toEqual([{ target: node, setting: MAX, before: undefined, wrote: '262144' }])
  })

  test('has no setting that the action does not write', () => {
    expect(itemsOf({ ...change, setting: 'kernel.panic' }, { ...change, setting: 'rollout' })).toEqual([])
  })
})

describe('a report that is not to be trusted is refused', () => {
  test.each<[string, unknown]>([
    ['a value that is no integer', { ...change, before: '1; reboot' }],
    ['a number instead of a text', { ...change, before: 131072 }],
    ['a value that the kernel does not take', { ...change, setting: TW_REUSE, before: '7' }],
    ['a node name that is none', { ...change, target: { ...node, name: '../../etc' } }],
    ['a target that there is not', { ...change, target: { kind: 'pod', name: 'a' } }],
    ['an outcome that there is not', { ...change, outcome: 'great' }],
    [
      'a policy that there is not',
      {
        ...change,
        target: { kind: 'service', namespace: 'a', name: 'b' },
        setting: 'externalTrafficPolicy',
        before: 'Everywhere',
      },
    ],
    ['a setting that is no text', { ...change, setting: {} }],
    ['a change that is no object', 'change'],
  ])('%s', (_what, bad) => {
    expect(() => itemsOf(bad)).toThrow(UserError)
    expect(() => itemsOf(bad)).toThrow(/restore-from cannot be used: fix\.changes\[0\]/)
  })

  test('too many changes', () => {
    expect(() => readRestoreReport(report(Array(50_001).fill(change)), cluster)).toThrow(
      /more than 50000 changes/,
    )
  })

  test.each<[string, string, RegExp]>([
    ['no JSON', '{', /it is not JSON/],
    ['another program', report([], { tool: { name: 'x' } }), /no report of this action/],
    ['another version', report([], { schemaVersion: 2 }), /no report of this action/],
    ['no fix', report([], { fix: undefined }), /changed nothing/],
    ['a dry run', report([], { fix: { dryRun: true, changes: [] } }), /dry run/],
    [
      'another cluster',
      report([], { cluster: { ...cluster, id: '/subscriptions/1/clusters/b' } }),
      /another cluster/,
    ],
    ['another server', report([], { cluster: { server: 'https://b:443' } }), /another cluster/],
  ])('%s', (_what, text, why) => {
    expect(() => readRestoreReport(text, cluster)).toThrow(why)
  })

  test('whatever stands in it: it is read, or refused as a mistake of the user', () => {
    fc.assert(
      fc.property(fc.json(), (changes) => {
        try {
          readRestoreReport(report(JSON.parse(changes)), cluster)
        } catch (error) {
          expect(error).toBeInstanceOf(UserError)
        }
      }),
    )
  })
})

test('the same cluster is known by its id whatever its letters, or else by its server', () => {
  expect(readRestoreReport(report([change]), { ...cluster, id: cluster.id.toUpperCase() })).toHaveLength(1)
  expect(readRestoreReport(report([change], { cluster: { server: cluster.server } }), cluster)).toHaveLength(
    1,
  )
})
