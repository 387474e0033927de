import { describe, expect, jest, test } from '@jest/globals'
import { kubeProxy } from '../aks/kube-proxy.ts'
import { requireJq } from '../support/require-jq.ts'
import { azureCluster, checkAzure } from './azure-support.ts'
import { answeringNodes } from './runs.ts'
import { check, cluster } from './support.ts'

jest.setTimeout(120_000)
requireJq()

describe('the report of a cluster', () => {
  const ciliumPods = 'nf_conntrack is not the limit that binds pods'
  const noKubeProxy = 'kube-proxy does not run here'
  const cilium = { ...kubeProxy, metadata: { name: 'cilium', namespace: 'kube-system' } }

  test('says which limit binds where ARM tells of Cilium', async () => {
    await using aks = await azureCluster(
      { clusters: [{ name: 'shop', dataplane: 'cilium' }] },
      { nodes: await answeringNodes('a') },
    )
    aks.store.delete('daemonsets.apps', 'kube-system', 'kube-proxy')
    const run = await checkAzure(aks)
    expect(run.report?.notes.join('\n')).toContain(ciliumPods)
    expect(run.summary).toContain(ciliumPods)
  })

  test.each([
    ['a DaemonSet of Cilium', { objects: [cilium] }, ciliumPods],
    [
      'the label of nodes on Cilium',
      { labels: { 'kubernetes.azure.com/ebpf-dataplane': 'cilium' } },
      ciliumPods,
    ],
    ['the absence of kube-proxy', {}, noKubeProxy],
  ])(
    'says which limit binds where a kubeconfig shows %s',
    async (_name, {
      objects = [],
      labels = {},
    }: { objects?: object[]; labels?: Record<string, string> }, note) => {
      await using aks = await cluster({
        nodes: await answeringNodes({ name: 'a', labels }),
        objects: objects as never,
      })
      aks.store.delete('daemonsets.apps', 'kube-system', 'kube-proxy')
      const run = await check(aks)
      expect(run.report?.notes).toEqual([expect.stringContaining(note)])
      expect(run.summary).toContain(note)
    },
  )

  test('says which limit binds where a run command shows the absence of kube-proxy', async () => {
    await using aks = await azureCluster(
      { clusters: [{ name: 'shop', private: true }] },
      { nodes: await answeringNodes('a') },
    )
    aks.store.delete('daemonsets.apps', 'kube-system', 'kube-proxy')
    const run = await checkAzure(aks, { 'private-cluster': 'run-command' })
    expect(run.report?.notes).toEqual([expect.stringContaining(noKubeProxy)])
  })

  test('says nothing of it where kube-proxy runs, by kubeconfig and by ARM', async () => {
    await using aks = await azureCluster({}, { nodes: await answeringNodes('a') })
    const [direct, arm] = [await check(aks), await checkAzure(aks)]
    expect([direct.report?.notes, arm.report?.notes]).toEqual([[], []])
  })
})
