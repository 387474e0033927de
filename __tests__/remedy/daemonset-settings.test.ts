import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { daemonSetManifest } from '../../src/remedy/daemonset-manifest.ts'
import { type DaemonSet, otherOwners, settingsOf } from '../../src/remedy/daemonset-object.ts'
import {
  DAEMONSET_SETTINGS,
  type DaemonSetSettings,
  isSettingValue,
  mergeSettings,
} from '../../src/remedy/daemonset-settings.ts'

const settings: DaemonSetSettings = {
  image: 'mcr.microsoft.com/azurelinux/busybox:1.36',
  'conntrack-max': '262144',
  'conntrack-buckets': '65536',
  'tw-reuse': '1',
  'max-tw-buckets': '2000000',
  nodes: 'pool np1; pool np2',
  'left-out': 'aks-np1-3',
}

const made = (with_: Partial<DaemonSetSettings> = {}): DaemonSet =>
  daemonSetManifest({ settings: { ...settings, ...with_ }, namespace: 'kube-system', runId: 'r1' })

const number = fc.oneof(fc.constant(''), fc.integer({ min: 1, max: 2 ** 24 }).map(String))
const anySettings: fc.Arbitrary<DaemonSetSettings> = fc.record({
  image: fc.constantFrom('busybox:1.36', 'registry.example:5000/busybox@sha256:0123'),
  'conntrack-max': number,
  'conntrack-buckets': number,
  'tw-reuse': fc.constantFrom('', '1', '2'),
  'max-tw-buckets': number,
  nodes: fc.constantFrom('all nodes', 'pool np1', 'node a; pool np2 where tier=web'),
  'left-out': fc.constantFrom('', 'a', 'a,b'),
})

describe('the settings of a DaemonSet', () => {
  test('are read back from the object that they make', () => {
    fc.assert(fc.property(anySettings, (any) => expect(settingsOf(made(any))).toEqual(any)))
  })

  test('cannot be told when its node affinity was changed by hand', () => {
    const object = made()
    const { nodeSelectorTerms } =
      object.spec?.template?.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution ??
      {}
    nodeSelectorTerms?.pop()
    expect(settingsOf(object)).toEqual({ unreadable: 'its node affinity was changed by other hands' })
  })

  test('cannot be told of an object that has none', () => {
    expect(settingsOf({ metadata: { name: 'x' } })).toEqual({
      unreadable: 'its image is not what this action writes',
    })
  })

  test.each([
    ['conntrack-max', '-1'],
    ['conntrack-max', '1e9'],
    ['conntrack-max', '4294967296'],
    ['tw-reuse', '3'],
    ['image', 'a b'],
    ['left-out', 'a;rm'],
    ['nodes', ''],
  ] as const)('%s cannot be %j', (setting, text) => expect(isSettingValue(setting, text)).toBe(false))
})

describe('a DaemonSet that is there', () => {
  test('keeps its larger sizes, its nodes and what it writes', () => {
    const present = {
      ...settings,
      'conntrack-max': '1048576',
      'conntrack-buckets': '262144',
      nodes: 'pool np9',
      'tw-reuse': '',
    }
    const wanted = { ...settings, 'max-tw-buckets': '', 'left-out': '' }
    expect(mergeSettings(present, wanted, new Set(['aks-np1-3']))).toEqual({
      ...settings,
      'conntrack-max': '1048576',
      'conntrack-buckets': '262144',
      nodes: 'pool np1; pool np2; pool np9',
      'left-out': '',
    })
  })

  test('gets nothing lowered, whatever is wanted', () => {
    fc.assert(
      fc.property(anySettings, anySettings, (present, wanted) => {
        const merged = mergeSettings(present, wanted, new Set())
        for (const size of ['conntrack-max', 'conntrack-buckets', 'max-tw-buckets'] as const) {
          expect(Number(merged[size])).toBe(Math.max(Number(present[size]), Number(wanted[size])))
        }
        for (const setting of DAEMONSET_SETTINGS) expect(isSettingValue(setting, merged[setting])).toBe(true)
      }),
    )
  })

  test('is as wanted after that: the same wish changes nothing more', () => {
    fc.assert(
      fc.property(anySettings, anySettings, (present, wanted) => {
        const merged = mergeSettings(present, wanted, new Set(['a', 'b']))
        expect(mergeSettings(merged, wanted, new Set(['a', 'b']))).toEqual(merged)
      }),
    )
  })
})

test('whoever else has set fields of the pod is an owner; status and restarts are not', () => {
  const entry = (manager: string, fieldsV1: object, subresource?: string) => ({
    manager,
    operation: 'Update',
    fieldsV1: fieldsV1 as Record<string, unknown>,
    ...(subresource && { subresource }),
  })
  const podSpec = { 'f:spec': { 'f:template': { 'f:spec': {} } } }
  const object = made()
  object.metadata.managedFields = [
    entry('aks-connection-health', podSpec),
    entry('kube-controller-manager', { 'f:status': {} }, 'status'),
    entry('kubectl-rollout', { 'f:spec': { 'f:template': { 'f:metadata': {} } } }),
    entry('argocd-controller', podSpec),
  ]
  expect(otherOwners(object)).toEqual(['argocd-controller'])
})
