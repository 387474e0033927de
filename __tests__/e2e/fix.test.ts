import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { KubeObject, NodeSpec, Pod, SmallAks, UnknownObject } from '../aks/aks.ts'
import { expectGolden } from '../support/golden.ts'
import { type CheckResult, check, cluster, podsLeft, realKernel, steady } from './support.ts'

const real = realKernel ? describe : describe.skip

const max = 'net.netfilter.nf_conntrack_max'
const buckets = 'net.netfilter.nf_conntrack_buckets'
const reuse = 'net.ipv4.tcp_tw_reuse'
const twBuckets = 'net.ipv4.tcp_max_tw_buckets'

/** 85 % of what AKS gives a node of four cores. */
const nearlyFull = (name: string, more: Partial<NodeSpec> = {}): NodeSpec => ({
  name,
  state: 'namespace',
  conntrackCount: 111_412,
  sysctls: { [max]: '131072', [buckets]: '32768' },
  ...more,
})

const outcomes = ({ report }: CheckResult) =>
  report?.fix?.changes.map(
    ({ target, setting, outcome }) => `${'name' in target ? target.name : ''} ${setting} ${outcome}`,
  )

const values = (aks: SmallAks, nodes: string[], sysctls: string[]) =>
  Promise.all(nodes.flatMap((node) => sysctls.map((name) => aks.node(node).sysctl(name))))

const isTuner = ({ metadata }: Pod) => metadata.labels?.['app.kubernetes.io/component'] === 'tuner'

/** A LoadBalancer service whose endpoints are on these nodes. */
function service(name: string, nodes: string[]): UnknownObject[] {
  const metadata = { name, namespace: 'web' }
  const endpoints = nodes.map((nodeName, index) => ({
    addresses: [`10.244.0.${index + 10}`],
    nodeName,
    conditions: { ready: true, serving: true, terminating: false },
  }))
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, namespace: 'web', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints,
    ports: [{ port: 8443, protocol: 'TCP' }],
  }
  const spec = {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Cluster',
    selector: { app: name },
    ports: [{ port: 443, targetPort: 8443, nodePort: 31_000 + name.length }],
  }
  return [{ apiVersion: 'v1', kind: 'Service', metadata, spec }, slice]
}

real('fix: sysctl', () => {
  test.concurrent('brings a node at 85 % under 70 %, proves it, and the run passes', async () => {
    await using aks = await cluster({
      nodes: [nearlyFull('aks-np1-0'), { name: 'aks-np2-0', pool: 'np2', state: 'namespace' }],
    })
    const run = await check(aks, { fix: 'sysctl', 'settle-seconds': '0' })
    expect([run.status, run.outputs.verdict]).toEqual([0, 'healthy'])
    expect(await values(aks, ['aks-np1-0'], [max, buckets])).toEqual(['262144', '65536'])
    expect(podsLeft(aks)).toEqual([])
    expectGolden('e2e/fixed.md', steady(run.summary, aks))
    expectGolden('e2e/fixed.log', steady(run.log, aks))
  })

  test.concurrent('as a dry run shows the plan and sends nothing that writes but the pods that read', async () => {
    await using aks = await cluster({ nodes: [nearlyFull('aks-np1-0')] })
    const run = await check(aks, { fix: 'sysctl, daemonset', 'dry-run': 'true' })
    expect(await values(aks, ['aks-np1-0'], [max])).toEqual(['131072'])
    const writes = aks.requests.filter(({ method }) => method !== 'GET')
    expect(writes.map(({ method, path, body }) => [method, path, privilegedOf(body)])).toEqual([
      ['POST', '/api/v1/namespaces/kube-system/pods', false],
      ['DELETE', '/api/v1/namespaces/kube-system/pods', undefined],
    ])
    expectGolden('e2e/dry-run.md', steady(run.summary, aks))
  })

  test.concurrent('does not lower a node of 16 cores, and reads back the TCP settings in its kernel', async () => {
    const large: NodeSpec = {
      name: 'large',
      cores: 16,
      state: 'namespace',
      sysctls: { [max]: '524288', [buckets]: '131072', [reuse]: '0', [twBuckets]: '8000' },
    }
    await using aks = await cluster({ nodes: [large] })
    const run = await check(aks, { fix: 'sysctl', 'fix-scope': 'all', 'settle-seconds': '0' })
    expect(run.status).toBe(0)
    expect(await values(aks, ['large'], [max, buckets, reuse, twBuckets])).toEqual([
      '524288',
      '131072',
      '1',
      '2000000',
    ])
  })

  test.concurrent('that cures every node leaves a pool unknown that was named and is not there', async () => {
    await using aks = await cluster({ nodes: [nearlyFull('a')] })
    const scope = { 'node-pools': 'np1,gone' }
    const run = await check(aks, { fix: 'sysctl', 'settle-seconds': '0', ...scope })
    expect(await values(aks, ['a'], [max])).toEqual(['262144'])
    expect([run.status, run.outputs.verdict]).toEqual([1, 'unknown'])
    expect(run.summary).toContain('gone')
  })

  test.concurrent('that cures one of two symptoms leaves the verdict critical', async () => {
    await using aks = await cluster({ nodes: [nearlyFull('both')] })
    await aks.node('both').makeTimeWait({ v4: 600, v6: 0 })
    const run = await check(aks, { fix: 'sysctl', 'settle-seconds': '0' })
    expect([run.status, run.outputs.verdict]).toEqual([1, 'critical'])
    expect(
      run.report?.findings.filter(({ status }) => status === 'critical').map((one) => one.check),
    ).toEqual(['time-wait'])
  })

  test.concurrent('with one tuner refused by admission names the node, and gives the others their values', async () => {
    await using aks = await cluster({
      nodes: [nearlyFull('a'), nearlyFull('b'), nearlyFull('c')],
      admit: ({ object }) => {
        const pod = object as { spec?: { nodeName?: string } } | undefined
        const refused = pod?.spec?.nodeName === 'b' && privilegedOf(pod) === true
        return refused
          ? { webhook: 'validation.gatekeeper.sh', message: 'Privileged container is not allowed' }
          : undefined
      },
    })
    const run = await check(aks, { fix: 'sysctl', 'settle-seconds': '0' })
    expect(run.status).toBe(1)
    expect(await values(aks, ['a', 'b', 'c'], [max])).toEqual(['262144', '131072', '262144'])
    expect(run.summary).toContain('Privileged container is not allowed')
  })

  test.concurrent('on a node that does not let its values be written fails with the reason of the kernel', async () => {
    await using aks = await cluster({ nodes: [nearlyFull('stubborn', { fault: 'read-only-sysctls' })] })
    const run = await check(aks, { fix: 'sysctl', 'settle-seconds': '0' })
    expect(run.status).toBe(1)
    expect(outcomes(run)).toContainEqual(`stubborn ${max} failed`)
    expect(run.summary).toMatch(/read-only/i)
  })

  test.concurrent('raises a table that is full while the fix runs', async () => {
    await using aks = await cluster({ nodes: [nearlyFull('full', { conntrackCount: 131_072 })] })
    const run = await check(aks, { fix: 'sysctl', 'settle-seconds': '0' })
    expect([run.status, run.outputs['worst-conntrack-percent']]).toEqual([0, '50'])
  })

  test.concurrent('outlasts an API server that goes away while the tuners run', async () => {
    await using aks = await cluster({ nodes: [nearlyFull('a')] })
    void aks.events.once('pod-created', isTuner).then(async () => {
      await aks.goAway()
      setTimeout(() => void aks.comeBack(), 1500)
    })
    const run = await check(aks, { fix: 'sysctl', 'settle-seconds': '0' })
    expect([run.status, run.outputs.verdict, ...(await values(aks, ['a'], [max]))]).toEqual([
      0,
      'healthy',
      '262144',
    ])
    expect(podsLeft(aks)).toEqual([])
  })

  test.concurrent('cancelled while a tuner runs leaves no privileged pod, and a report that says what may be changed', async () => {
    await using aks = await cluster({ nodes: [nearlyFull('a'), nearlyFull('b')] })
    const run = await check(
      aks,
      { fix: 'sysctl', 'settle-seconds': '0' },
      {
        onStart: (child) => void aks.events.once('pod-created', isTuner).then(() => child.kill('SIGTERM')),
      },
    )
    expect(run.status).toBe(1)
    expect(podsLeft(aks)).toEqual([])
    expect(run.report?.fix?.interrupted).toBe(true)
    expect(run.report?.judgement.fails).toBe(true)
  })
})

real('a fix that comes to a bad end', () => {
  test.concurrent('killed in the moment in which a tuner starts is undone by the report that it left', async () => {
    await using aks = await cluster({ nodes: [nearlyFull('a')] })
    const killed = await check(
      aks,
      { fix: 'sysctl', 'settle-seconds': '0' },
      {
        onStart: (child) => void aks.events.once('pod-created', isTuner).then(() => child.kill('SIGKILL')),
      },
    )
    await until(async () => (await aks.node('a').sysctl(max)) === '262144')
    expect(killed.report?.fix?.changes).toMatchObject([
      { setting: buckets, before: '32768', wanted: '65536', outcome: 'unproven' },
      { setting: max, before: '131072', wanted: '262144', outcome: 'unproven' },
    ])
    const back = join(tmpdir(), `ach-killed-${process.pid}.json`)
    writeFileSync(back, JSON.stringify(killed.report))
    await check(aks, { fix: 'restore', 'restore-from': back, 'fail-on': 'never' })
    expect(await values(aks, ['a'], [max, buckets])).toEqual(['131072', '32768'])
  })

  test.concurrent('killed while a DaemonSet is rolled out does not leave it behind without a word', async () => {
    await using aks = await cluster({ nodes: [nearlyFull('a')] })
    const run = await check(
      aks,
      { fix: 'daemonset' },
      {
        onStart: (child) =>
          void aks.events
            .once('response', ({ method, path }) => method === 'PATCH' && path.includes('/daemonsets/'))
            .then(() => child.kill('SIGKILL')),
      },
    )
    expect(outcomes(run)).toContain('aks-connection-health-tuner conntrack-max unproven')
    expect(run.post?.log).toMatch(
      /^::warning::The DaemonSet kube-system\/aks-connection-health-tuner of this run is there .*restore/m,
    )
  })

  test.concurrent('ends in order when its report cannot be brought up to date any more', async () => {
    await using aks = await cluster({ nodes: [nearlyFull('a')] })
    const folder = mkdtempSync(join(tmpdir(), 'ach-full-'))
    void aks.events.once('pod-created', isTuner).then(() => {
      rmSync(folder, { recursive: true })
      writeFileSync(folder, 'in the way')
    })
    aks.events.on('pod-created', (pod) => {
      if (isTuner(pod)) aks.node('a').setFault({ delayMs: 2500 })
    })
    const inputs = { fix: 'sysctl', 'settle-seconds': '0', 'report-path': join(folder, 'report.json') }
    const run = await check(aks, inputs, { post: false })
    rmSync(folder, { recursive: true })
    expect(podsLeft(aks)).toEqual([])
    expect(run.log).toContain('The report cannot be written to')
    expect(run.log).not.toContain('a fault of its own')
    expect([run.outputs.verdict, ...(await values(aks, ['a'], [max]))]).toEqual(['healthy', '262144'])
  })

  test.concurrent('writes nothing that it could not write into its report first', async () => {
    await using aks = await cluster({ nodes: [nearlyFull('a')], objects: service('shop', ['a']) })
    const folder = mkdtempSync(join(tmpdir(), 'ach-full-'))
    aks.events.on('response', ({ method, path }) => {
      if (method !== 'PATCH' || !path.endsWith('/services/shop')) return
      rmSync(folder, { recursive: true })
      writeFileSync(folder, 'in the way')
    })
    const inputs = { fix: 'service-policy, sysctl', services: 'web/shop', 'settle-seconds': '0' }
    const run = await check(aks, { ...inputs, 'report-path': join(folder, 'report.json') })
    rmSync(folder, { recursive: true })
    expect(run.status).toBe(1)
    expect(run.summary).toContain('it was not begun, as the report that could undo it could not be written')
    expect(await values(aks, ['a'], [max])).toEqual(['131072'])
  })

  test.concurrent('cancelled while the API server hangs tells what it may have changed before it is killed', async () => {
    await using aks = await cluster({ nodes: [nearlyFull('a')] })
    let signalled = 0
    const run = await check(
      aks,
      { fix: 'sysctl', 'settle-seconds': '0' },
      {
        post: false,
        onStart: (child) =>
          void aks.events.once('pod-created', isTuner).then(() => {
            aks.misbehave({ match: { watch: false }, do: 'hang' })
            aks.node('a').setFault({ delayMs: 60_000 })
            signalled = performance.now()
            child.kill('SIGINT')
          }),
      },
    )
    expect(performance.now() - signalled).toBeLessThan(7500)
    expect(run.status).toBe(1)
    expect(outcomes(run)).toEqual([`a ${buckets} unproven`, `a ${max} unproven`])
    expect(run.report?.fix?.interrupted).toBe(true)
  })
})

real('fix: restore', () => {
  test.concurrent('puts back what a fix wrote, and leaves what somebody changed since', async () => {
    await using aks = await cluster({ nodes: [nearlyFull('a'), nearlyFull('b')] })
    const report = join(tmpdir(), `ach-restore-${process.pid}.json`)
    const fixed = await check(aks, { fix: 'sysctl', 'settle-seconds': '0' })
    writeFileSync(report, JSON.stringify(fixed.report))
    await aks.node('b').setSysctl(max, '300000')
    const run = await check(aks, { fix: 'restore', 'restore-from': report, 'fail-on': 'never' })
    expect(await values(aks, ['a', 'b'], [max])).toEqual(['131072', '300000'])
    expect(outcomes(run)).toEqual(expect.arrayContaining([`a ${max} changed`]))
    expectGolden('e2e/restored.md', steady(run.summary, aks))
  })

  test.concurrent('refuses a report of another cluster, and one that is no report', async () => {
    await using aks = await cluster({ nodes: [{ name: 'a' }] })
    const file = join(tmpdir(), `ach-no-report-${process.pid}.json`)
    writeFileSync(file, '{"hello": "world"}')
    const run = await check(aks, { fix: 'restore', 'restore-from': file })
    expect(run.status).toBe(1)
    expect(run.log).toContain('no report of this action')
    const missing = await check(aks, { fix: 'restore', 'restore-from': '/no/such/file' })
    expect(missing.log).toContain('/no/such/file')
  })
})

real('fix: daemonset', () => {
  test.concurrent('keeps the values on the pool, is removed by restore, and both are told', async () => {
    await using aks = await cluster({ nodes: [nearlyFull('a')] })
    const report = join(tmpdir(), `ach-daemonset-${process.pid}.json`)
    const run = await check(aks, { fix: 'daemonset' })
    expect([run.status, run.outputs.verdict, ...(await values(aks, ['a'], [max]))]).toEqual([
      0,
      'healthy',
      '262144',
    ])
    expect(
      aks.store.list('daemonsets.apps', {
        labelSelector: 'app.kubernetes.io/managed-by=aks-connection-health',
      }),
    ).toHaveLength(1)
    writeFileSync(report, JSON.stringify(run.report))
    const back = await check(aks, { fix: 'restore', 'restore-from': report, 'fail-on': 'never' })
    expect(back.status).toBe(0)
    expect(
      aks.store.list('daemonsets.apps', {
        labelSelector: 'app.kubernetes.io/managed-by=aks-connection-health',
      }),
    ).toHaveLength(0)
    expectGolden('e2e/daemonset.md', steady(run.summary, aks))
  })
})

real('fix: daemonset, with a node that does not start its pod,', () => {
  test.concurrent('serves the other nodes and ends in time: it neither waits for ever nor is it taken back', async () => {
    await using aks = await cluster({ nodes: [nearlyFull('a'), nearlyFull('b')] })
    aks.events.on('request', ({ method }) => {
      if (method === 'PATCH') aks.node('b').setFault('pull-error')
    })
    const run = await check(aks, { fix: 'daemonset', 'node-timeout-seconds': '5', 'timeout-seconds': '45' })
    expect(run.status).toBe(1)
    expect(run.report?.fix?.interrupted).toBe(false)
    expect(await values(aks, ['a', 'b'], [max])).toEqual(['262144', '131072'])
    expect(outcomes(run)).toContainEqual(`a ${max} changed`)
    expect(run.summary).toContain('1 of 2 pods')
    expect(aks.store.list('daemonsets.apps', { namespace: 'kube-system' }).map(nameOf)).toContain(
      'aks-connection-health-tuner',
    )
  })
})

real('fix: service-policy', () => {
  test.concurrent('sets the named service to Local, and the next remedy acts only on what still breaches', async () => {
    await using aks = await cluster({
      nodes: [nearlyFull('a'), nearlyFull('b', { pool: 'np2' })],
      objects: service('shop', ['a', 'b']),
    })
    aks.events.on('response', ({ method, path }) => {
      if (method === 'PATCH' && path.endsWith('/services/shop')) void aks.node('a').setConntrackCount(60_000)
    })
    const run = await check(aks, {
      fix: 'service-policy, sysctl',
      services: 'web/shop',
      'settle-seconds': '0',
    })
    expect([run.status, run.outputs.verdict]).toEqual([0, 'healthy'])
    expect(await values(aks, ['a', 'b'], [max])).toEqual(['131072', '262144'])
    expectGolden('e2e/multi-step.md', steady(run.summary, aks))
  })

  test.concurrent('refuses a service without a ready endpoint on some node, and the run fails', async () => {
    await using aks = await cluster({
      nodes: [nearlyFull('a'), { name: 'b' }],
      objects: service('shop', ['a']),
    })
    const run = await check(aks, { fix: 'service-policy', services: 'web/shop', 'settle-seconds': '0' })
    expect(run.status).toBe(1)
    expect(outcomes(run)).toEqual(['shop externalTrafficPolicy refused'])
    expect(aks.requests.filter(({ method }) => method === 'PATCH')).toEqual([])
  })
})

async function until(what: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; !(await what()); ) {
    if (Date.now() > end) throw new Error('it did not come about within 20 s')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const nameOf = ({ metadata }: KubeObject) => metadata.name

/** Whether the body of a request is a pod with a privileged container; undefined for anything else. */
function privilegedOf(body: unknown): boolean | undefined {
  const pod = body as
    | { kind?: string; spec?: { containers?: { securityContext?: { privileged?: boolean } }[] } }
    | undefined
  if (pod?.spec?.containers === undefined) return undefined
  return pod.spec.containers.some(({ securityContext }) => securityContext?.privileged === true)
}
