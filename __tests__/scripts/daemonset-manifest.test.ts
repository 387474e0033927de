import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { load } from 'js-yaml'
import { daemonSetYaml } from '../../scripts/daemonset-manifest.ts'
import { type DaemonSet, settingsOf } from '../../src/remedy/daemonset-object.ts'
import { startBed } from '../remedy/bed.ts'

const path = new URL('../../deploy/tuner-daemonset.yaml', import.meta.url)

test('deploy/tuner-daemonset.yaml is what the code makes; scripts/daemonset-manifest.ts writes it anew', () => {
  expect(readFileSync(path, 'utf8')).toBe(daemonSetYaml())
})

test('it has the defaults of the inputs', () => {
  expect(settingsOf(load(readFileSync(path, 'utf8')) as DaemonSet)).toMatchObject({
    'conntrack-max': '262144',
    'conntrack-buckets': '65536',
    'tw-reuse': '1',
    'max-tw-buckets': '2000000',
    nodes: 'all nodes',
  })
})

test('an API server takes it as it is, every field of it', async () => {
  const bed = await startBed({ nodes: [] })
  try {
    const made = await bed.api.request<DaemonSet>({
      method: 'POST',
      path: '/apis/apps/v1/namespaces/kube-system/daemonsets',
      query: { fieldValidation: 'Strict' },
      body: load(readFileSync(path, 'utf8')),
    })
    expect(made.metadata.uid).toBeDefined()
  } finally {
    await bed.stop()
  }
})
