import { describe, expect, test } from '@jest/globals'
import { busyNode } from '../remedy/node-pool/bed.ts'
import { lowestServing, served, serving, web } from '../remedy/node-pool/workloads.ts'
import { azureCluster, checkAzure } from './azure-support.ts'

const nodes = [busyNode('np1', 0), busyNode('np1', 1)]
const inputs = { fix: 'node-pool', 'node-pool-strategy': 'replace', 'node-pools': 'np1', 'tw-reuse': '1' }
const changes = (calls: { which: string; method: string; path: string }[]) =>
  calls
    .filter(({ which, method }) => which === 'arm' && ['PUT', 'DELETE'].includes(method))
    .map(({ method, path }) => `${method} ${path.split('/').at(-1) ?? ''}`)

describe('a run with fix: node-pool', () => {
  test('replaces the pool of a cluster that is named in Azure, and the nodes are healthy after it', async () => {
    await using aks = await azureCluster({}, { nodes, objects: web() })
    await served(aks)
    const lowest = lowestServing(aks)
    const run = await checkAzure(aks, inputs)
    expect(run.log).toContain('np1b: making a pool of the shape of np1')
    expect(run.report?.fix?.unachieved).toEqual([])
    expect(run.report?.judgement).toMatchObject({ verdict: 'healthy', fails: false })
    expect(run.status).toBe(0)
    expect(changes(aks.azure.calls)).toEqual(['PUT np1b', 'DELETE np1'])
    expect(aks.azure.agentPools?.problems).toEqual([])
    expect(lowest.now()).toBeGreaterThanOrEqual(3)
    await served(aks)
    expect(new Set(serving(aks).map(({ spec }) => spec.nodeName?.split('-')[1]))).toEqual(new Set(['np1b']))
  }, 120_000)

  test('shows the plan in a dry run, and changes nothing', async () => {
    await using aks = await azureCluster({}, { nodes, objects: web() })
    await served(aks)
    const run = await checkAzure(aks, { ...inputs, 'dry-run': 'true' })
    expect(run.summary).toContain('az aks nodepool add -g rg-shop --cluster-name aks-test --name np1b')
    expect(run.summary).toContain('"netNetfilterNfConntrackMax": 262144')
    expect(changes(aks.azure.calls)).toEqual([])
    expect(aks.requests.filter(({ method, path }) => method === 'PATCH' && path.includes('/nodes/'))).toEqual(
      [],
    )
  }, 60_000)

  test('fails and says both ways on when AKS refuses the update of a pool', async () => {
    await using aks = await azureCluster({}, { nodes })
    const run = await checkAzure(aks, { ...inputs, 'node-pool-strategy': 'update' })
    expect(run.status).toBe(1)
    expect(run.summary).toContain('node-pool-strategy: replace')
    expect(run.summary).toContain('fix: daemonset')
    expect(changes(aks.azure.calls)).toEqual(['PUT np1'])
  }, 60_000)
})
