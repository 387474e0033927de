import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inputVariables } from '../scripts/run-action.ts'
import { connect } from '../src/cluster/connect.ts'
import { silent } from '../src/log.ts'
import { median, timeProcess } from './measure.ts'

interface Place {
  action: string
  folder: string
  base: Record<string, string | undefined>
  print(line: string): void
}

interface PodStatus {
  status?: { containerStatuses?: { state?: { terminated?: object } }[] }
}

const ROUNDS = 5
const namespace = 'kube-system'

/** A check of a real cluster against one bare pod on each node, created, awaited and deleted at once. */
export async function benchRealCluster(kubeconfig: string, nodes: string[], place: Place): Promise<void> {
  const config = join(place.folder, 'kubeconfig')
  writeFileSync(config, kubeconfig)
  const { api } = await connect(
    { kubeconfig: config, context: '' },
    { environment: process.env, mask: () => {}, log: silent },
  )
  const inputs = inputVariables({
    kubeconfig: config,
    nodes: nodes.join(','),
    'sample-seconds': '0',
    'fail-on': 'never',
  })
  const mine: number[] = []
  const bare: number[] = []
  for (let turn = 0; turn < ROUNDS; turn++) {
    mine.push((await timeProcess(place.action, { ...place.base, ...inputs }, place.folder)).ms)
    const startedAt = performance.now()
    await Promise.all(nodes.map((node, index) => barePod(node, `bench-bare-${index}`)))
    bare.push(performance.now() - startedAt)
  }
  await api.close()
  const [a, b] = [median(mine), median(bare)]
  place.print(
    `${nodes.length} real nodes: ${Math.round(a)} ms, bare pods ${Math.round(b)} ms, ratio ${(a / b).toFixed(2)}`,
  )

  async function barePod(nodeName: string, name: string): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/pods`
    const container = { name: 'bare', image: 'mcr.microsoft.com/azurelinux/busybox:1.36', command: ['true'] }
    const spec = {
      nodeName,
      restartPolicy: 'Never',
      hostNetwork: true,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      activeDeadlineSeconds: 60,
      tolerations: [{ operator: 'Exists' }],
      containers: [container],
    }
    await api.request({
      method: 'POST',
      path,
      body: { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec },
    })
    for (;;) {
      const pod = await api.request<PodStatus>({ method: 'GET', path: `${path}/${name}` })
      if (pod.status?.containerStatuses?.[0]?.state?.terminated) break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await api.request({ method: 'DELETE', path: `${path}/${name}` })
  }
}
