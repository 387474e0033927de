import { describe, expect, test } from '@jest/globals'
import type { KubeApi, KubeCall } from '../../src/cluster/kube-api.ts'
import { silent } from '../../src/log.ts'
import type { RemedyContext } from '../../src/remedy/remedy.ts'
import { answersByNode, followRollout, type TunerPodState } from '../../src/remedy/rollout.ts'

/** The rollout of a DaemonSet for four nodes of which so many are ready, look by look; the last stays. */
async function follow(seconds: number, ready: number[]) {
  let looks = 0
  const request = async ({ path }: KubeCall): Promise<unknown> => {
    if (!path.includes('/daemonsets/')) return { metadata: {}, items: [] }
    const numberReady = ready[Math.min(looks++, ready.length - 1)]
    const status = {
      observedGeneration: 1,
      desiredNumberScheduled: 4,
      updatedNumberScheduled: 4,
      numberReady,
    }
    return { metadata: { name: 'tuner', generation: 1 }, status }
  }
  const context: RemedyContext = {
    api: { server: '', request: request as KubeApi['request'], watch: nothing, close: async () => {} },
    log: silent,
    ...{ nodes: [], findings: [], services: { value: [] }, runId: 'run-1' },
    ...{ readAgain: async () => [], record: () => {}, sleep: async () => {} },
    signal: new AbortController().signal,
  }
  const rollout = await followRollout({ namespace: 'kube-system', name: 'tuner', seconds }, context)
  return { ...rollout, looks }
}

async function* nothing(): AsyncGenerator<never> {}

const times = (n: number, ready: number) => Array.from({ length: n }, () => ready)

describe('the rollout of a DaemonSet', () => {
  test('goes on as long as one pod after the other becomes ready', async () => {
    const ready = [...times(8, 0), ...times(8, 1), ...times(8, 2), ...times(8, 3), 4]
    expect(await follow(10, ready)).toMatchObject({ complete: true, ready: 4 })
  })

  test('is given up when none more becomes ready, also where pods come and go', async () => {
    const ready = Array.from({ length: 100 }, (_, index) => 2 + (index % 2))
    expect(await follow(10, ready)).toMatchObject({ complete: false, looks: 12 })
  })
})

test('what a pod of the DaemonSet says that is being removed is not taken for what its successor says', () => {
  const pod = (message: string, more: object = {}): TunerPodState => ({
    metadata: { name: message, ...more },
    spec: { nodeName: 'a' },
    status: { initContainerStatuses: [{ name: 'apply', state: { terminated: { message } } }] },
  })
  const pods = [pod('new'), pod('old', { deletionTimestamp: '2026-01-01T00:00:00Z' })]
  expect(answersByNode(pods).get('a')).toBe('new')
})
