import { expect, jest, test } from '@jest/globals'
import { parseTuning } from '../../src/node/parse-tuning.ts'
import { auditorPod } from '../../src/node/pod.ts'
import { sweep } from '../../src/node/sweep.ts'
import { tunerScript } from '../../src/node/tuner.sh.ts'
import { changeOfTuned, isNodeStep, settingOf } from '../../src/remedy/node-steps.ts'
import { nameOf } from '../../src/remedy/remedy.ts'
import { restorablesOf } from '../../src/remedy/restore-input.ts'
import { BUCKETS, MAX } from '../../src/remedy/sysctl-targets.ts'
import type { AksOptions, KubeObject, NodeSpec } from '../aks/aks.ts'
import { busy, onNodes, podsLeft, remedies, startBed } from './bed.ts'

// Real nodes and processes, on machines that are busy with other things.
jest.setTimeout(120_000)

const web: KubeObject[] = [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name: 'web' },
    spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 443 }] },
  } as KubeObject,
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8443, protocol: 'TCP' }],
    endpoints: [{ addresses: ['10.244.0.5'], nodeName: 'a', conditions: { ready: true } }],
  } as KubeObject,
]
const chosen = () => [
  remedies.sysctl(),
  remedies.servicePolicy({ services: ['shop/web'], forceServices: true }),
]

const start = (nodes: NodeSpec[], options: AksOptions = {}) => startBed({ nodes, ...options })

onNodes('several remedies', () => {
  test.concurrent('run in the order of the guide, whatever the order in which they are named', async () => {
    await using bed = await start([busy('a')], { objects: web })
    const { fix } = bed
    const { record } = await fix(chosen())
    expect(record.plans.map(({ remedy }) => remedy)).toEqual(['service-policy', 'sysctl'])
    expect(record.changes.map(({ setting, outcome }) => [setting, outcome])).toEqual([
      ['externalTrafficPolicy', 'changed'],
      [BUCKETS, 'changed'],
      [MAX, 'changed'],
    ])
  })

  test.concurrent('the second acts only on what still breaches after the first', async () => {
    const enough = { sysctls: { [BUCKETS]: '65536' } }
    await using bed = await start([busy('a', enough), busy('b', enough)], { objects: web })
    const { fix, aks } = bed
    const { record, standing } = await fix(chosen(), {
      // The service takes the load off node a, and not off node b.
      onSleep: () => aks.node('a').setConntrackCount(40_000),
    })
    const sysctl = record.changes.filter(({ remedy }) => remedy === 'sysctl')
    expect(sysctl.map(({ target, setting, outcome }) => [nameOf(target), setting, outcome])).toEqual([
      ['node b', BUCKETS, 'skipped'],
      ['node b', MAX, 'changed'],
    ])
    expect(await aks.node('a').sysctl(MAX)).toBe('131072')
    // What is left is that the two nodes of the pool differ now, as the plan said.
    expect(record.plans[1]?.notes.join('\n')).toContain('Nodes of pool np1 will differ from each other')
    const left = standing.findings.filter(({ status }) => status === 'warning' || status === 'critical')
    expect(left.map(({ check }) => check)).toEqual(['pool-drift'])
  })

  test.concurrent('the second does nothing when the first was enough', async () => {
    await using bed = await start([busy('a', { sysctls: { [BUCKETS]: '65536' } })], { objects: web })
    const { fix, aks } = bed
    const { record, judgement } = await fix(chosen(), {
      onSleep: () => aks.node('a').setConntrackCount(40_000),
    })
    expect(record.plans[1]).toMatchObject({ remedy: 'sysctl', steps: [] })
    expect(record.plans[1]?.notes).toEqual(['No node that was read breaches what these settings cure.'])
    expect(await aks.node('a').sysctl(MAX)).toBe('131072')
    expect(judgement.verdict).toBe('healthy')
  })

  test.concurrent('all plans are there before anything is changed', async () => {
    await using bed = await start([busy('a')], { objects: web })
    const { fix, aks } = bed
    const seen: string[] = []
    aks.events.on('request', ({ method, path, body }) => {
      if (method === 'PATCH') seen.push('patch of the service')
      if (method === 'POST' && JSON.stringify(body).includes('"tuner"')) seen.push('tuner')
      if (path.includes('endpointslices')) seen.push('look at the endpoints')
    })
    await fix(chosen())
    expect(seen).toEqual(['look at the endpoints', 'patch of the service', 'tuner'])
  })

  test.concurrent('a dry run has the plan of each and changes nothing', async () => {
    await using bed = await start([busy('a')], { objects: web })
    const { fix, stand, aks } = bed
    const from = await stand()
    const seen = aks.requests.length
    const { record, standing } = await fix(chosen(), { from, dryRun: true })
    expect(record.plans.map(({ remedy, steps }) => [remedy, steps.length])).toEqual([
      ['service-policy', 1],
      ['sysctl', 2],
    ])
    expect(record).toMatchObject({ dryRun: true, changes: [], effects: [], unachieved: [] })
    expect(standing).toBe(from)
    expect(aks.requests.slice(seen).filter(({ method }) => method !== 'GET')).toEqual([])
    expect(record.plans.map(({ notes }) => notes.filter((note) => note.includes('planned anew')))).toEqual([
      [],
      [expect.stringContaining('what is there after service-policy')],
    ])
    for (const plan of record.plans) {
      expect(plan.lasts.length * plan.impact.length * plan.rights.length).toBeGreaterThan(0)
    }
  })
})

onNodes('a run that is ended', () => {
  // A request at a time, and each of these is a run: some at once, each on nodes of its own.
  test.concurrent.each([1, 2, 3])(
    'at whatever request leaves no tuner, and a record from which all can be put back (%i of 3)',
    async (first) => {
      await using bed = await start([busy('a'), busy('b')], { objects: web })
      const { fix, stand, aks } = bed
      const before = { [MAX]: '131072', [BUCKETS]: '16384' }
      const from = await stand()
      let ended = true
      for (let moment = first; ended; moment += 3) {
        const controller = new AbortController()
        let requests = 0
        const count = () => {
          if (++requests === moment) controller.abort(new Error('SIGTERM'))
        }
        aks.events.on('request', count)
        const { record } = await fix(chosen(), { from, signal: controller.signal })
        aks.events.off('request', count)
        ended = controller.signal.aborted
        expect({ moment, left: podsLeft(aks) }).toEqual({ moment, left: [] })
        expect(record.interrupted).toBe(ended)
        const recorded = restorablesOf(record.changes)
        for (const name of ['a', 'b']) {
          for (const [sysctl, value] of Object.entries(before)) {
            const present = await aks.node(name).sysctl(sysctl)
            const item = recorded.find(({ target, setting }) => target.name === name && setting === sysctl)
            if (present !== value)
              expect({ moment, item }).toMatchObject({ item: { before: value, wrote: present } })
            await aks.node(name).setSysctl(sysctl, value)
          }
        }
        const service = aks.store.get<KubeObject & { spec: Record<string, unknown> }>(
          'services',
          'shop',
          'web',
        )
        if (service?.spec.externalTrafficPolicy === 'Local') {
          expect(recorded.some(({ setting }) => setting === 'externalTrafficPolicy')).toBe(true)
          aks.store.update('services', {
            ...service,
            spec: { ...service.spec, externalTrafficPolicy: 'Cluster' },
          })
        }
      }
    },
  )
})

onNodes('a tuner without privilege', () => {
  test.concurrent('fails, and the reason is told', async () => {
    await using bed = await start([busy('a')])
    const { api, stand, aks } = bed
    const from = await stand()
    const [result] = from.nodes
    if (!result) throw new Error('there is no node')
    const never = new AbortController().signal
    const plan = await remedies.sysctl().plan({
      ...{ ...from, api, runId: 'run-1', signal: never },
      log: { debug: () => {}, info: () => {}, warning: () => {}, group: (_title, work) => work() },
      ...{ readAgain: async () => from.nodes, record: () => {}, sleep: async () => {} },
    })
    const steps = plan.steps.filter(isNodeStep)
    const settings = steps.map((step) => settingOf(step, result.node))
    const pod = auditorPod(result.node, {
      ...{ namespace: 'kube-system', image: 'mcr.microsoft.com/azurelinux/busybox:1.36' },
      ...{ script: tunerScript(settings), runId: 'run-1', pass: 'tune-1', activeDeadlineSeconds: 30 },
      expires: new Date(Date.now() + 60_000),
    })
    const [outcome] = await sweep(api, [{ node: result.node, pod }], {
      ...{ namespace: 'kube-system', runId: 'run-1', concurrency: 1, nodeTimeoutSeconds: 30 },
      ...{ timeoutMs: 60_000, signal: never },
    })
    if (outcome?.kind !== 'answered') throw new Error('the node did not answer')
    const tuned = parseTuning(outcome.message, settings, outcome.ended)
    const changes = steps.flatMap((step, index) => (tuned[index] ? [changeOfTuned(step, tuned[index])] : []))
    expect(changes.map(({ setting, outcome, after }) => [setting, outcome, after])).toEqual([
      [BUCKETS, 'failed', '16384'],
      [MAX, 'failed', '131072'],
    ])
    expect(changes[0]?.why).toMatch(
      /^the node does not let it be written: (Read-only file system|Permission denied)/,
    )
    expect(await aks.node('a').sysctl(MAX)).toBe('131072')
  })
})
