import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { afterEach, describe, expect, test } from '@jest/globals'
import { startAks } from './aks.ts'
import { clientOf, podNamed } from './test-client.ts'
import type { KubeNode, SmallAks } from './types.ts'

const beds: SmallAks[] = []

afterEach(async () => {
  await Promise.all(beds.splice(0).map((aks) => aks.stop()))
})

async function start(options: Parameters<typeof startAks>[0]): Promise<SmallAks> {
  const aks = await startAks(options)
  beds.push(aks)
  return aks
}

const pods = '/api/v1/namespaces/kube-system/pods'
const answering = { state: { answer: 'all is well' } } as const

describe('the small AKS', () => {
  test('runs a pod on a node to its end and tells the moments', async () => {
    const aks = await start({ nodes: [{ name: 'a', ...answering }] })
    const client = clientOf(aks)
    const seen: string[] = []
    for (const moment of ['pod-created', 'pod-finished', 'pod-deleting', 'pod-deleted'] as const) {
      aks.events.on(moment, (pod) => seen.push(`${moment} ${pod.metadata.name}`))
    }
    const finished = aks.events.once('pod-finished')
    await client.call('POST', pods, podNamed('x', {}, { nodeName: 'a', restartPolicy: 'Never' }))
    const [pod] = await finished
    expect(pod.status.containerStatuses?.[0]?.state?.terminated?.message).toBe('all is well')
    const deleted = aks.events.once('pod-deleted')
    await client.call('DELETE', `${pods}/x`)
    await deleted
    expect(seen).toEqual(['pod-created x', 'pod-finished x', 'pod-deleting x', 'pod-deleted x'])
    client.close()
  })

  test('has nodes with what AKS writes on them', async () => {
    const aks = await start({
      nodes: [
        { name: 'lin', pool: 'web', cores: 8, memoryKb: 1048576, schedulable: false, ...answering },
        { name: 'win', os: 'windows' },
        { name: 'aci', virtual: true },
        { name: 'down', ready: false },
      ],
    })
    const [aci, down, lin, win] = aks.store.list<KubeNode>('nodes')
    expect(lin).toMatchObject({
      metadata: {
        labels: { agentpool: 'web', 'kubernetes.azure.com/agentpool': 'web', 'kubernetes.io/os': 'linux' },
      },
      spec: {
        unschedulable: true,
        taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }],
      },
      status: { capacity: { cpu: '8', memory: '1048576Ki' } },
    })
    expect(win?.status.nodeInfo.operatingSystem).toBe('windows')
    expect(aci?.metadata.labels?.type).toBe('virtual-kubelet')
    expect(down?.status.conditions.at(-1)).toMatchObject({ type: 'Ready', status: 'Unknown' })
    expect(() => aks.node('win')).toThrow('no machine win')
  })

  test('lets nodes join and leave, with their pods', async () => {
    const aks = await start({ nodes: [{ name: 'a', ...answering, fault: 'dead' }] })
    await aks.addNode({ name: 'b', ...answering })
    expect(aks.store.list('nodes')).toHaveLength(2)
    const client = clientOf(aks)
    await client.call('POST', pods, podNamed('x', {}, { nodeName: 'a' }))
    const gone = aks.events.once('pod-deleted')
    await aks.removeNode('a')
    expect((await gone)[0].metadata.name).toBe('x')
    expect(aks.store.list<KubeNode>('nodes').map(({ metadata }) => metadata.name)).toEqual(['b'])
    client.close()
  })

  test('writes kubeconfigs for tokens and for client certificates', async () => {
    const aks = await start({ nodes: [], users: [{ name: 'ci', token: 'secret' }] })
    expect(aks.kubeconfig()).toContain('token: secret')
    expect(aks.kubeconfig('ci')).toContain(`server: ${aks.server}`)
    const certified = aks.kubeconfig('ci', { credential: 'certificate', server: 'https://private.example' })
    expect(certified).toContain('client-certificate-data: ')
    expect(certified).toContain('server: https://private.example')
    expect(certified).not.toContain('secret')
    expect(() => aks.kubeconfig('nobody')).toThrow('no user nobody')
  })

  test('takes objects at the start, with the namespaces they need and their status', async () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { type: 'NodePort', ports: [{ port: 80 }] },
      status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } },
    }
    const aks = await start({ nodes: [], objects: [service] })
    expect(aks.store.get('namespaces', '', 'shop')).toBeDefined()
    expect(aks.store.get('services', 'shop', 'web')).toMatchObject({
      spec: { externalTrafficPolicy: 'Cluster', ports: [{ port: 80, nodePort: expect.any(Number) }] },
      status: service.status,
    })
  })

  test('leaves nothing behind, and the process ends by itself', async () => {
    const aks = await startAks({ nodes: [{ name: 'a', ...answering }] })
    const client = clientOf(aks)
    const watch = await client.watch(`${pods}?watch=1`)
    await aks.stop()
    expect(['end', 'cut']).toContain(await watch.ended)
    expect(existsSync(aks.caFile)).toBe(false)
    client.close()
    const script = `import { startAks } from ${JSON.stringify(new URL('./aks.ts', import.meta.url).href)}
const aks = await startAks({ nodes: [{ name: 'a', state: { answer: '' } }] })
aks.misbehave({ match: {}, do: 'hang' })
fetch(aks.server + '/version').catch(() => {})
await aks.events.once('request')
await aks.stop()
console.log('stopped')`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect([code, output.trim()]).toEqual([0, 'stopped'])
  })
})
