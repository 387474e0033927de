import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { Report } from '../../src/report/report.ts'
import type { NodeSpec } from '../aks/aks.ts'
import type { Application } from '../aks/azure/azure.ts'
import { expectGolden } from '../support/golden.ts'
import { requireJq } from '../support/require-jq.ts'
import { type AzureAks, azureCluster, checkAzure, logOf, tenSeconds, told } from './azure-support.ts'
import { rightsOf } from './rbac.ts'
import { answeringNodes } from './runs.ts'
import { podsLeft } from './support.ts'

requireJq()

/** Where there is a kubectl. That of the small AKS says the same words, but it is no proof. */
const realKubectl = process.env.PATH?.split(delimiter)
  .map((folder) => join(folder, 'kubectl'))
  .find((path) => existsSync(path))

/** A node of every sort that a report tells apart. */
const everySort: NodeSpec[] = [
  { name: 'aks-np1-0' },
  { name: 'aks-np1-1', conntrackCount: 235_930 },
  { name: 'aks-np1-2', state: { sample: 'tw-3000' }, pool: 'np2' },
  { name: 'cordoned', schedulable: false, taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }] },
  { name: 'dead', fault: 'dead' },
  { name: 'no-counters', missingFiles: ['/proc/net/stat/nf_conntrack'] },
  { name: 'not-ready', ready: false },
  { name: 'pull', fault: 'pull-error' },
  { name: 'rubbish', fault: { message: 'rubbish\u0007 $(reboot) `id`\n"; rm -rf /' } },
  { name: 'virtual', virtual: true },
  { name: 'windows', os: 'windows' },
]

const service = (name: string, type: string, policy?: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name },
  spec: { type, ports: [{ port: 80 }], ...(policy !== undefined && { externalTrafficPolicy: policy }) },
})

const private1 = { clusters: [{ name: 'shop', private: true }] }
const byCommand = { 'private-cluster': 'run-command', 'node-timeout-seconds': '5' }

/** What a report says about nodes and services, without what tells one moment from another. */
function judged(report: Report | undefined): unknown {
  const { nodes, findings, judgement, notes } = report ?? {}
  const steady = JSON.stringify({ nodes, findings, judgement, notes }).replaceAll(
    /"uptimeSeconds":\{"value":[\d.]+\}/g,
    '"uptimeSeconds":{}',
  )
  return JSON.parse(steady)
}

describe('run-command mode', () => {
  test('gives the same findings as direct mode on the same nodes', async () => {
    await using aks = await azureCluster(private1, {
      nodes: everySort,
      objects: [
        service('web', 'LoadBalancer', 'Cluster'),
        service('ssh', 'NodePort', 'Local'),
        service('db', 'ClusterIP'),
      ],
    })
    const direct = await checkAzure(aks, { 'private-cluster': 'direct', 'node-timeout-seconds': '5' })
    const command = await checkAzure(aks, byCommand)
    expect(direct.report?.nodes.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['read', 'unread', 'out-of-scope']),
    )
    expect(judged(command.report)).toEqual(judged(direct.report))
    expect(command.outputs).toEqual({ ...direct.outputs, report: command.outputs.report })
  })

  test('makes one command of it, and no request to the API server from the runner', async () => {
    await using aks = await azureCluster(private1, { nodes: await answeringNodes('a', 'b', 'c') })
    const run = await checkAzure(aks, byCommand)
    expect(run.outputs.verdict).toBe('healthy')
    expect(aks.azure.calls.filter(({ path }) => path.endsWith('/runCommand'))).toHaveLength(1)
    expect(new Set(aks.requests.map(({ userAgent }) => userAgent.replace(/\/.*/s, '')))).toEqual(
      new Set(['kubectl']),
    )
    expectGolden('e2e/azure/run-command.log', logOf(run, aks))
    expectGolden('e2e/azure/run-command.requests', `${[...new Set(run.requests)].join('\n')}\n`)
    expect(podsLeft(aks)).toEqual([])
  })

  const withKubectl = realKubectl === undefined ? test.skip : test
  withKubectl('works with the kubectl of this machine as well', async () => {
    await using aks = await azureCluster(
      { ...private1, kubectl: `'${realKubectl}'` },
      { nodes: everySort, objects: [service('web', 'LoadBalancer')] },
    )
    const command = await checkAzure(aks, byCommand)
    const direct = await checkAzure(aks, { 'private-cluster': 'direct', 'node-timeout-seconds': '5' })
    expect(judged(command.report)).toEqual(judged(direct.report))
    expect(podsLeft(aks)).toEqual([])
  })

  test('splits a large cluster into several commands, and reads each node once', async () => {
    const nodes = await answeringNodes(...numbered(130))
    await using aks = await azureCluster(private1, { nodes })
    const run = await checkAzure(aks, byCommand)
    expect(run.outputs).toMatchObject({ verdict: 'healthy', 'nodes-checked': '130', 'nodes-unknown': '0' })
    expect(aks.azure.calls.filter(({ path }) => path.endsWith('/runCommand'))).toHaveLength(3)
    const made = aks.requests.filter(({ method }) => method === 'POST').map(({ body }) => nodeOf(body))
    expect(made.toSorted()).toEqual(nodes.map(({ name }) => name).toSorted())
    expect(podsLeft(aks)).toEqual([])
  })

  test('counts the nodes of a command that fails as unread, with its reason, and tells the others', async () => {
    const nodes = await answeringNodes(...numbered(70))
    await using aks = await azureCluster(private1, { nodes })
    aks.azure.misbehave({
      which: 'arm',
      path: /\/runCommand$/,
      skip: 1,
      do: {
        status: 409,
        body: { error: { code: 'OperationNotAllowed', message: 'Another command is running.' } },
      },
    })
    const run = await checkAzure(aks, byCommand)
    expect(run.outputs).toMatchObject({ verdict: 'unknown', 'nodes-checked': '60', 'nodes-unknown': '10' })
    const [unread] = run.report?.nodes.filter(({ kind }) => kind === 'unread') ?? []
    expect(unread).toMatchObject({
      node: { name: 'node-060' },
      why: expect.stringContaining('Another command is running.'),
    })
  })

  test('takes a node whose answer was cut off for unread, never for healthy', async () => {
    await using aks = await azureCluster({ ...private1, outputLimit: 6000 })
    const run = await checkAzure(aks, byCommand)
    expect(run.outputs.verdict).toBe('unknown')
    expect(run.report?.nodes.map(({ kind }) => kind)).toContain('unread')
    expect(run.summary).toContain('ends too early')
  })

  test('fails where even the list of nodes was cut off', async () => {
    await using aks = await azureCluster({ ...private1, outputLimit: 700 })
    const run = await checkAzure(aks, byCommand)
    expect([run.status, run.outputs.verdict]).toEqual([1, 'unknown'])
    expect(run.log).toContain('no list of nodes that is whole')
  })

  test('says which right is missing, as direct mode does', async () => {
    await using aks = await azureCluster(private1)
    const rule = (resources: string[], verbs: string[]) => ({ apiGroups: [''], resources, verbs })
    give(aks, { rules: [rule(['nodes'], ['list'])] })
    const pods = await checkAzure(aks, byCommand)
    expect(pods.report?.nodes[0]).toMatchObject({
      kind: 'unread',
      why: expect.stringContaining('no right to pods/create in "kube-system"'),
    })
    give(aks, { rules: [] })
    const nodes = await checkAzure(aks, byCommand)
    expect([nodes.status, nodes.outputs.verdict]).toEqual([1, 'unknown'])
    expect(nodes.log).toContain('No right to nodes/list')
  })

  test('reads with the rights of the auditor role and no others', async () => {
    await using aks = await azureCluster(private1, { nodes: [{ name: 'a' }] })
    give(aks, rightsOf('auditor-clusterrole.yaml'))
    const run = await checkAzure(aks, byCommand)
    expect(run.outputs.verdict).toBe('healthy')
    expect(podsLeft(aks)).toEqual([])
  })

  test('removes what a dead run left, and not the pods of a run that is alive', async () => {
    await using aks = await azureCluster(private1, { nodes: [{ name: 'a' }, { name: 'lost', ready: false }] })
    const pod = (name: string, expires: Date) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        namespace: 'kube-system',
        name,
        labels: {
          'app.kubernetes.io/managed-by': 'aks-connection-health',
          'app.kubernetes.io/component': 'auditor',
          'app.kubernetes.io/instance': 'another-run',
        },
        annotations: { 'aks-connection-health/expires': expires.toISOString() },
      },
      spec: {
        nodeName: 'lost',
        terminationGracePeriodSeconds: 0,
        tolerations: [{ operator: 'Exists' }],
        containers: [{ name: 'auditor', image: 'i' }],
      },
      status: { phase: 'Pending' },
    })
    aks.store.create('pods', pod('dead', new Date(Date.now() - 60_000)))
    aks.store.create('pods', pod('alive', new Date(Date.now() + 60_000)))
    const run = await checkAzure(aks, byCommand)
    expect(run.log).toContain('Removed 1 pods that earlier, dead runs had left')
    expect(podsLeft(aks)).toEqual(['alive'])
  })

  test('refuses a fix before anything is touched, as fixes need a direct connection', async () => {
    await using aks = await azureCluster(private1)
    const run = await checkAzure(aks, { ...byCommand, fix: 'sysctl' })
    expect([run.status, run.outputs.verdict]).toEqual([1, 'unknown'])
    expectGolden('e2e/azure/a-fix-by-run-command.txt', told(run, aks))
    expect(aks.requests).toEqual([])
  })
})

describe('a private cluster that is seen from outside', () => {
  const outside = {
    ...private1,
    clusters: [
      { name: 'shop', private: true, server: 'https://shop.privatelink.westeurope.azmk8s.invalid:443' },
    ],
  }

  test('is read by run command with private-cluster: auto', async () => {
    await using aks = await azureCluster(outside)
    const run = await checkAzure(aks)
    expect(run.outputs.verdict).toBe('healthy')
    expect(run.log).toMatch(/The nodes are read by run command: the cluster is private and its API server/)
  })

  test.each([
    ['direct', 'direct', {}],
    ['auto-disabled', 'auto', { runCommandDisabled: true }],
    ['run-command-disabled', 'run-command', { runCommandDisabled: true }],
  ])('ends within seconds and names the three ways out: %s', async (name, mode, more) => {
    await using aks = await azureCluster({ clusters: [{ ...outside.clusters[0], name: 'shop', ...more }] })
    const startedAt = performance.now()
    const run = await checkAzure(aks, { 'private-cluster': mode })
    expect(performance.now() - startedAt).toBeLessThan(await tenSeconds())
    expect([run.status, run.outputs.verdict]).toEqual([1, 'unknown'])
    expectGolden(`e2e/azure/private-${name}.txt`, told(run, aks))
  })
})

function give({ azure }: AzureAks, rights: NonNullable<Application['kubernetes']>): void {
  const [application] = azure.directory.applications
  if (application === undefined) throw new Error('the directory has no application')
  application.kubernetes = rights
}

function nodeOf(body: unknown): string {
  return (body as { spec: { nodeName: string } }).spec.nodeName
}

function numbered(length: number): string[] {
  return Array.from({ length }, (_, index) => `node-${String(index).padStart(3, '0')}`)
}
