import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { PodOutcome } from '../../src/node/ledger.ts'
import { parseTuning } from '../../src/node/parse-tuning.ts'
import { auditorPod, type PodOptions, tunerPod } from '../../src/node/pod.ts'
import type { NodeInfo } from '../../src/node/reading.ts'
import { sweep } from '../../src/node/sweep.ts'
import { type TuningSetting, tunerScript } from '../../src/node/tuner.sh.ts'
import { namespacesPossible } from '../aks/aks.ts'
import { type Bed, bed, readNodes, readOptions } from './support.ts'

const settings: TuningSetting[] = [
  { sysctl: 'net.netfilter.nf_conntrack_buckets', wanted: 131072, mode: 'raise' },
  { sysctl: 'net.netfilter.nf_conntrack_max', wanted: 524288, mode: 'raise' },
  { sysctl: 'net.ipv4.tcp_tw_reuse', wanted: 1, mode: 'set' },
]
const before = {
  'net.netfilter.nf_conntrack_buckets': '65536',
  'net.netfilter.nf_conntrack_max': '262144',
  'net.ipv4.tcp_tw_reuse': '2',
}

async function tune(opened: Bed, make: typeof tunerPod): Promise<PodOutcome[]> {
  const podOptions: PodOptions = {
    namespace: 'kube-system',
    image: 'mcr.microsoft.com/azurelinux/busybox:1.36',
    script: tunerScript(settings),
    runId: 'run-1',
    pass: 'tune-1',
    activeDeadlineSeconds: 60,
    expires: new Date(Date.now() + 600_000),
  }
  const info: NodeInfo = { name: 'n0', os: 'linux', pool: 'np1', ready: true, schedulable: true, taints: [] }
  return sweep(opened.api, [{ node: info, pod: make(info, podOptions) }], readOptions())
}

function tunedIn([outcome]: PodOutcome[]) {
  if (outcome?.kind !== 'answered') throw new Error(JSON.stringify(outcome))
  return parseTuning(outcome.message, settings, outcome.ended)
}

const states = namespacesPossible() ? (['namespace', 'recorded'] as const) : (['recorded'] as const)

describe.each(states)('on a %s node', (kind) => {
  let opened: Bed
  beforeEach(async () => {
    const state = kind === 'namespace' ? kind : { sample: 'healthy' }
    opened = await bed({ nodes: [{ name: 'n0', state, sysctls: before }] })
  })
  afterEach(() => opened[Symbol.asyncDispose]())

  test('the tuner writes what it was told and the node has it, and no privileged pod is left', async () => {
    const tuned = tunedIn(await tune(opened, tunerPod))
    expect(tuned.map(({ outcome, after }) => [outcome, after])).toEqual([
      ['written', { value: 131072 }],
      ['written', { value: 524288 }],
      ['written', { value: 1 }],
    ])
    expect(await opened.aks.node('n0').sysctl('net.netfilter.nf_conntrack_max')).toBe('524288')
    expect(await opened.aks.node('n0').sysctl('net.ipv4.tcp_tw_reuse')).toBe('1')
    expect(opened.podsLeft()).toEqual([])
  })

  test('the same script without privilege writes nothing and says why', async () => {
    const tuned = tunedIn(await tune(opened, auditorPod))
    expect(tuned.map(({ outcome }) => outcome)).toEqual(['read-only', 'read-only', 'read-only'])
    for (const { error } of tuned) expect(error).toMatch(/^(Read-only file system|Permission denied)$/)
    expect(await opened.aks.node('n0').sysctl('net.netfilter.nf_conntrack_max')).toBe('262144')
  })

  test('an auditor afterwards reads the values that the tuner wrote', async () => {
    await tune(opened, tunerPod)
    const [result] = (await readNodes(opened.api, readOptions())).results
    if (result?.kind !== 'read') throw new Error(result?.why)
    expect(result.reading.sysctls['net.netfilter.nf_conntrack_max']).toEqual({ value: 524288 })
    expect(result.reading.sysctls['net.ipv4.tcp_tw_reuse']).toEqual({ value: 1 })
  })
})

const inNamespace = namespacesPossible() ? test : test.skip

inNamespace(
  'three thousand TIME-WAIT sockets of a node are counted as three thousand, IPv6 included',
  async () => {
    const opened = await bed({ nodes: [{ name: 'n0', state: 'namespace' }] })
    try {
      await opened.aks.node('n0').makeTimeWait({ v4: 200, v6: 2800 })
      const [result] = (await readNodes(opened.api, readOptions())).results
      if (result?.kind !== 'read') throw new Error(result?.why)
      expect(result.reading.first.timeWait).toEqual({ value: 3000 })
      if ('unknown' in result.reading.busiestTuples) throw new Error(result.reading.busiestTuples.unknown)
      const busiest = result.reading.busiestTuples.value
      expect(busiest.length).toBeGreaterThan(0)
      for (const { ports, timeWait } of busiest) expect(timeWait).toBe(ports)
      expect(busiest.some(({ remoteAddress }) => remoteAddress.includes(':'))).toBe(true)
    } finally {
      await opened[Symbol.asyncDispose]()
    }
  },
)
