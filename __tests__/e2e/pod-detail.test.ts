import { describe, expect, test } from '@jest/globals'
import type { SmallAks } from '../aks/aks.ts'
import type { Pod, UserSpec } from '../aks/types.ts'
import { expectGolden } from '../support/golden.ts'
import { rightsOf } from './rbac.ts'
import { check, cluster, podsLeft, realKernel, steady } from './support.ts'

const real = realKernel ? describe : describe.skip

/** A pod of a Deployment that runs until it is killed. */
function webPod(name: string, spec: Partial<Pod['spec']> = {}): Pod {
  const hash = name.split('-').slice(1, 2).join('')
  const [owner = ''] = name.split('-')
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      labels: { app: owner, 'pod-template-hash': hash },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${owner}-${hash}`, uid: 'rs', controller: true },
      ],
    },
    spec: {
      nodeName: 'busy',
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'app', image: 'example.org/app:1', command: ['sh', '-c', 'sleep 1000; true'] }],
      ...spec,
    },
    status: {},
  }
}

/** What the traffic of the small AKS goes to, as a pod of a node that is not looked at. */
const database: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'pg-0', namespace: 'data' },
  spec: { nodeName: 'elsewhere', containers: [{ name: 'pg', image: 'example.org/pg:1' }] },
  status: { phase: 'Running', podIP: '10.224.0.5' },
}

async function running(aks: SmallAks, ...names: string[]): Promise<void> {
  const isUp = (name: string) =>
    aks.store
      .get<Pod>('pods', 'shop', name)
      ?.status.containerStatuses?.every(({ state }) => state?.running) ?? false
  while (!names.every(isUp)) await new Promise((resolve) => setTimeout(resolve, 20))
}

const nodes = [{ name: 'busy', state: 'namespace' as const }]
const web = 'web-5d8f9c-x7k2p'
const api = 'api-77c4db-q9w8e'

real('a check with pod-detail', () => {
  test('names the pod that holds most connections, and the pod that it holds them to', async () => {
    const objects = [webPod(web), webPod(api), database]
    await using aks = await cluster({ nodes, objects })
    await running(aks, web, api)
    await aks.node('busy').podTraffic(web).fillDestination(3000)
    await aks.node('busy').podTraffic(api).makeTimeWait({ v4: 40, v6: 10 })
    const run = await check(aks, { 'pod-detail': 'true' })
    expect(run.outputs.verdict).toBe('healthy')
    const [node] = run.report?.nodes ?? []
    const pods = node?.kind === 'read' ? node.reading.busiestPods : undefined
    expect(pods).toMatchObject({
      value: [
        {
          pod: { namespace: 'shop', name: web, owner: { kind: 'Deployment', name: 'web' } },
          timeWait: 3000,
          destination: {
            value: {
              remoteAddress: '10.224.0.5',
              remotePort: 443,
              ports: 3000,
              timeWait: 3000,
              remote: { kind: 'pod', namespace: 'data', name: 'pg-0' },
            },
          },
        },
        { pod: { name: api }, timeWait: 50 },
      ],
    })
    expect(run.summary).toContain('Who holds the connections')
    expect(run.summary).toContain(web)
    expect(run.summary).toContain('pod data/pg-0')
    expect(run.log).toContain(`shop/${web}`)
    expect(podsLeft(aks)).toEqual([])
    expectGolden('e2e/pod-detail.md', steady(run.summary, aks))
  })

  test('names it in the finding of a node that breaches', async () => {
    await using aks = await cluster({
      nodes: nodes.map((node) => ({ ...node, conntrackCount: 120_000 })),
      objects: [webPod(web), database],
    })
    await running(aks, web)
    await aks.node('busy').podTraffic(web).fillDestination(300)
    const run = await check(aks, { 'pod-detail': 'true' })
    const finding = run.report?.findings.find(({ check: id }) => id === 'conntrack-usage')
    expect(finding?.summary).toContain(
      `; most TCP sockets in pods: shop/${web} 300 sockets, 300 in TIME-WAIT, most to 10.224.0.5:443 (pod data/pg-0)`,
    )
  })

  test('fails for a pod that runs out of ports in the range that it has set, though its node looks fine', async () => {
    const sysctls = [{ name: 'net.ipv4.ip_local_port_range', value: '40000 40099' }]
    await using aks = await cluster({
      nodes,
      objects: [webPod(web, { securityContext: { sysctls } }), database],
    })
    await running(aks, web)
    await aks.node('busy').podTraffic(web).fillDestination(85)
    const without = await check(aks)
    expect([without.outputs.verdict, without.status]).toEqual(['healthy', 0])
    const run = await check(aks, { 'pod-detail': 'true' })
    expect([run.outputs.verdict, run.status]).toEqual(['critical', 1])
    const finding = run.report?.findings.find(({ check: id }) => id === 'port-usage')
    expect(finding).toMatchObject({
      status: 'critical',
      value: 85,
      evidence: { pod: `shop/${web}`, destination: '10.224.0.5:443', destinationIs: 'pod data/pg-0' },
    })
  })

  test('needs no further right than those of its file to name them', async () => {
    const files = ['auditor-clusterrole.yaml', 'pod-detail.yaml'].map(rightsOf)
    const rights = { rules: files.flatMap(({ rules }) => rules), roles: files.flatMap(({ roles }) => roles) }
    await using aks = await cluster({
      nodes,
      objects: [webPod(web), database],
      users: [{ name: 'auditor', ...rights }],
    })
    await running(aks, web)
    await aks.node('busy').podTraffic(web).fillDestination(300)
    const run = await check(aks, { 'pod-detail': 'true' }, { user: 'auditor' })
    expect(run.summary).toContain(`shop/${web}`)
    expect(run.summary).toContain('pod data/pg-0')
    expect(aks.requests.filter(({ status }) => status === 403)).toEqual([])
    expect(run.requests.filter((request) => request === 'GET /api/v1/pods')).toHaveLength(2)
  })

  test('tells pods by UID without the right to list pods everywhere, says so once, and judges all the same', async () => {
    const users: UserSpec[] = [{ name: 'auditor', ...rightsOf('auditor-clusterrole.yaml') }]
    await using aks = await cluster({ nodes, objects: [webPod(web), database], users })
    await running(aks, web)
    await aks.node('busy').podTraffic(web).fillDestination(300)
    const run = await check(aks, { 'pod-detail': 'true' }, { user: 'auditor' })
    const uid = aks.store.get<Pod>('pods', 'shop', web)?.metadata.uid
    expect(run.outputs.verdict).toBe('healthy')
    expect(run.summary).toContain(uid)
    expect(run.summary).not.toContain(web)
    expect(run.report?.notes.filter((note) => note.includes('pods/list'))).toHaveLength(1)
    expect(run.requests.filter((request) => request === 'GET /api/v1/pods')).toHaveLength(1)
  })
})

test('pods that cannot be looked into make the verdict unknown, and are not told as none', async () => {
  await using aks = await cluster({ nodes: [{ name: 'a' }] })
  const run = await check(aks, { 'pod-detail': 'true' })
  expect([run.outputs.verdict, run.status]).toEqual(['unknown', 1])
  expect(run.summary).toContain('Pods are not known on a: the probe saw no processes but its own')
})
