import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { successorBody } from '../../../src/remedy/node-pool/bodies.ts'
import { notGiven, replaceScript } from '../../../src/remedy/node-pool/shell.ts'

const cluster = { subscriptionId: 's', resourceGroup: 'rg-shop', name: 'aks-test' }
const pool = {
  name: 'np1',
  path: '',
  etag: '',
  state: 'Succeeded',
  properties: {
    count: 3,
    vmSize: 'Standard_D4s_v5',
    mode: 'User',
    enableAutoScaling: true,
    minCount: 1,
    maxCount: 5,
    nodeTaints: ['tier=web:NoSchedule', 'x=y:NoExecute'],
    nodeLabels: { tier: 'web; rm -rf $HOME' },
    availabilityZones: ['1', '2'],
    tags: { "it's": '`id`' },
  },
}
const raise = { netNetfilterNfConntrackMax: 262_144, allowedUnsafeSysctls: ['net.*'] }
const script = replaceScript(cluster, pool, 'np1b', successorBody(pool, { raise }, {}), 30).join('\n')

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ach-script-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the script with programs in place of az and kubectl that write down their arguments. */
function run(
  failing: string | undefined,
  pending = '',
  paste?: string[],
): { status: number | null; calls: string[][] } {
  const log = join(folder, 'calls')
  writeFileSync(log, '')
  for (const name of ['az', 'kubectl']) {
    const lines = [
      '#!/bin/bash',
      `printf '%s\\0' ${name} "$@" >> ${log}; printf '\\n' >> ${log}`,
      `if [[ "${name} $*" == *"${failing ?? 'nothing at all'}"* ]]; then exit 1; fi`,
      `if [[ "$*" == "get pods"* ]]; then printf '%s' '${pending}'; fi`,
    ]
    writeFileSync(join(folder, name), lines.join('\n'))
    chmodSync(join(folder, name), 0o755)
  }
  const { status } = spawnSync('bash', paste ?? ['-c', script], {
    input: paste === undefined ? '' : `${script}\nkubectl version\n`,
    cwd: folder,
    env: { PATH: `${folder}:/usr/bin:/bin`, HOME: folder },
  })
  const calls = readFileSync(log, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\0').filter((_, index, all) => index < all.length - 1))
  return { status, calls }
}

describe('the script that replaces a pool by hand', () => {
  test('adds a pool with a file, drains, and deletes in the end', () => {
    const { status, calls } = run(undefined)
    expect(status).toBe(0)
    expect(calls.map((call) => call.slice(0, 3).join(' '))).toEqual([
      'az aks nodepool',
      'az aks get-credentials',
      'kubectl wait node',
      'kubectl cordon -l',
      'kubectl drain -l',
      'kubectl get pods',
      'az aks nodepool',
    ])
    expect(calls[0]).toEqual(expect.arrayContaining(['add', '--linux-os-config', 'linux-os-config.json']))
    expect(calls.at(-1)).toEqual(expect.arrayContaining(['delete', '--name', 'np1']))
    expect(JSON.parse(readFileSync(join(folder, 'linux-os-config.json'), 'utf8'))).toEqual({
      sysctls: { netNetfilterNfConntrackMax: 262_144 },
    })
    expect(JSON.parse(readFileSync(join(folder, 'kubelet-config.json'), 'utf8'))).toEqual({
      allowedUnsafeSysctls: ['net.*'],
    })
  })

  test('carries what Azure says as words, never as commands', () => {
    const [add = []] = run(undefined).calls
    expect(add).toEqual(expect.arrayContaining(['--labels', 'tier=web; rm -rf $HOME', '--tags', "it's=`id`"]))
    expect(add).toEqual(expect.arrayContaining(['--node-taints', 'tier=web:NoSchedule,x=y:NoExecute']))
    expect(add).toEqual(expect.arrayContaining(['--zones', '1', '2', '--min-count', '1', '--max-count', '5']))
  })

  test('has no line that a report would cut', () => {
    const lines = script.split('\n')
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(200)
    expect(lines).not.toContain('')
  })

  test.each([
    ['nodepool add', 1],
    ['get-credentials', 2],
    ['kubectl wait', 3],
    ['kubectl cordon', 4],
    ['kubectl drain', 5],
    ['kubectl get pods', 6],
  ])('stops at %s and deletes nothing', (failing, made) => {
    const { status, calls } = run(failing)
    expect(status).not.toBe(0)
    expect(calls).toHaveLength(made)
    expect(calls.some((call) => call.includes('delete'))).toBe(false)
  })

  test('that is pasted into a shell does nothing after a failure, though that shell goes on', () => {
    const { calls } = run('kubectl drain', '', ['-s'])
    expect(calls.some((call) => call.includes('delete'))).toBe(false)
    expect(calls.at(-1)?.slice(0, 2)).toEqual(['kubectl', 'version'])
  })

  test('deletes nothing while a pod waits for a place', () => {
    const { status, calls } = run(undefined, 'pod/web-1')
    expect(status).not.toBe(0)
    expect(calls.some((call) => call.includes('delete'))).toBe(false)
  })

  test('names what the pool that it makes would not have', () => {
    const properties = {
      ...pool.properties,
      kubeletDiskType: 'OS',
      upgradeSettings: { maxSurge: '10%', drainTimeoutInMinutes: 45 },
      securityProfile: { enableSecureBoot: true, enableVTPM: false },
      networkProfile: {},
      nodePublicIPPrefixID: '/subscriptions/s/p',
    }
    expect(notGiven(pool.properties)).toEqual([])
    expect(notGiven(properties)).toEqual([
      'upgradeSettings.drainTimeoutInMinutes',
      'securityProfile.enableSecureBoot',
      'nodePublicIPPrefixID',
    ])
  })
})
