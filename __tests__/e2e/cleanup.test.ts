import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import type { KubeObject, Misbehaviour, RecordedRequest, SmallAks } from '../aks/aks.ts'
import { type Ended, interrupted, mainStep, postStep } from './interrupt.ts'
import { annotationsOf, answeringNodes, runAll } from './runs.ts'
import { type CheckResult, cluster, podsLeft } from './support.ts'

jest.setTimeout(120_000)

/** After SIGINT the runner waits so long before it sends SIGTERM, and 2.5 s more before it kills. */
const RUNNER_PATIENCE_MS = 7500

/** Users, one a scenario: what the API server does to one of them is not done to the others. */
const scenarios = {
  'SIGINT-sweep': 'a signal in the middle of the sweep',
  'SIGTERM-sweep': 'a signal in the middle of the sweep',
  'SIGINT-later': 'a signal when some nodes are read',
  'SIGINT-facts': 'a signal while less important answers are missing',
  'SIGINT-away': 'a signal, and an API server that does not delete',
  'SIGKILL-sweep': 'no time to do anything',
  'no-deletion': 'an API server that refuses to delete for a while',
  'slow-services': 'a list of services that never comes',
  left: 'a look that other runs were before',
  'one-of-two': 'another run at the same time',
  'two-of-two': 'another run at the same time',
  'use-1': 'a first use that was killed',
  'use-2': 'a second use in the same job',
}
type Scenario = keyof typeof scenarios

let aks: SmallAks
let endOf: (name: string) => Ended
let atUse2: string[]

beforeAll(async () => {
  const nodes = await answeringNodes('a', 'b', { name: 'silent', fault: 'dead' })
  const users = Object.keys(scenarios).map((name) => ({
    name,
    rules: [
      { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
      { nonResourceURLs: ['*'], verbs: ['*'] },
    ],
  }))
  aks = await cluster({ nodes, users })
  const does = (user: Scenario, match: Misbehaviour['match'], action: Misbehaviour['do']) =>
    aks.misbehave({ match: { ...match, user }, do: action })
  does('SIGINT-facts', { path: /services|daemonsets/ }, 'hang')
  does('SIGINT-away', { method: 'DELETE' }, 'hang')
  does('no-deletion', { method: 'DELETE', times: 7 }, { status: 500 })
  does('slow-services', { path: /services/ }, 'hang')
  endOf = await runAll({
    'SIGINT-sweep': () => interrupted(aks, 'SIGINT-sweep', 'SIGINT'),
    'SIGTERM-sweep': () => interrupted(aks, 'SIGTERM-sweep', 'SIGTERM'),
    'SIGINT-later': () => interrupted(aks, 'SIGINT-later', 'SIGINT', 'read'),
    'SIGINT-facts': () => interrupted(aks, 'SIGINT-facts', 'SIGINT'),
    'SIGINT-away': () => interrupted(aks, 'SIGINT-away', 'SIGINT'),
    'SIGKILL-sweep': () => interrupted(aks, 'SIGKILL-sweep', 'SIGKILL'),
    'no-deletion': () => mainStep(aks, 'no-deletion', { nodes: 'a,b' }),
    'slow-services': () => mainStep(aks, 'slow-services', { nodes: 'a,b' }),
    'one-of-two': () => mainStep(aks, 'one-of-two', { nodes: 'a,b' }),
    'two-of-two': () => mainStep(aks, 'two-of-two', { nodes: 'a,b' }),
    'use-1': secondUseInTheSameJob,
  })
})
afterAll(() => aks.stop())

async function secondUseInTheSameJob(): Promise<Ended> {
  const first = await interrupted(aks, 'use-1', 'SIGKILL')
  const second = await mainStep(aks, 'use-2', { nodes: 'a,b' })
  await postStep(aks, 'use-2', second)
  atUse2 = [second.outputs.verdict ?? '', ...podsOf(first)]
  return first
}

/** Names of the pods of a run that are left. */
function podsOf({ state }: CheckResult): string[] {
  const labelSelector = `app.kubernetes.io/instance=${state['run-id'] ?? '?'}`
  return aks.store.list('pods', { labelSelector }).map(({ metadata }) => metadata.name)
}

function requestsOf(user: Scenario): RecordedRequest[] {
  return aks.requests.filter((request) => request.user === user)
}

describe.each(['SIGINT-sweep', 'SIGTERM-sweep', 'SIGINT-later', 'SIGINT-facts'] as const)(
  '%s: a run that is cancelled',
  (name) => {
    test('ends before the runner loses patience', () => {
      expect(endOf(name).tookMs).toBeLessThan(RUNNER_PATIENCE_MS)
    })

    test('removes its pods itself', () => {
      expect(podsOf(endOf(name))).toEqual([])
      expect(endOf(name).state.clean).toBe('true')
    })

    test('fails, and says that it was cancelled and that nothing is known', () => {
      const run = endOf(name)
      expect([run.status, run.outputs.verdict, run.report?.judgement.verdict]).toEqual([
        1,
        'unknown',
        'unknown',
      ])
      expect(run.report?.failure?.message).toMatch(/^The run was cancelled \(SIG(INT|TERM)\)$/)
      expect(run.summary).toMatch(/^## ❓ Unknown: no verdict on small-aks\n/)
      expect(annotationsOf(run.log).map(({ level }) => level)).toEqual(['error'])
    })
  },
)

test('a run that is cancelled still tells what it had read', () => {
  const { report, outputs } = endOf('SIGINT-later')
  expect(report?.nodes.map(({ node, kind }) => `${node.name} ${kind}`)).toEqual([
    'a read',
    'b read',
    'silent unread',
  ])
  expect(outputs).toMatchObject({ 'nodes-checked': '2', 'nodes-unknown': '1', 'worst-time-wait': '85' })
})

describe('a run that cannot remove its pods', () => {
  test('when it is cancelled still ends in time, says so, and leaves them to the post step', async () => {
    const run = endOf('SIGINT-away')
    expect(run.tookMs).toBeLessThan(RUNNER_PATIENCE_MS)
    expect(run.log).toMatch(/^::warning::Pods of this run may be left in kube-system/m)
    expect(run.state.clean).toBe('false')
    expect(podsOf(run)).not.toEqual([])
    const post = await postStep(aks, 'no-deletion', run)
    expect([post.status, podsOf(run)]).toEqual([0, []])
    expect(post.log).toContain(`The pods of run ${run.state['run-id']} are removed.`)
  })

  test('keeps its verdict, says so, and leaves them to the post step', async () => {
    const run = endOf('no-deletion')
    expect([run.status, run.outputs.verdict]).toEqual([0, 'healthy'])
    expect(run.log).toMatch(/^::warning::Pods of this run may be left in kube-system/m)
    await postStep(aks, 'no-deletion', run)
    expect(podsOf(run)).toEqual([])
  })
})

describe('a run that is killed', () => {
  test('leaves its pods to the post step, which removes them and passes', async () => {
    const run = endOf('SIGKILL-sweep')
    expect([run.status, run.signal]).toEqual([null, 'SIGKILL'])
    expect(podsOf(run)).not.toEqual([])
    const post = await postStep(aks, 'SIGKILL-sweep', run)
    expect([post.status, podsOf(run)]).toEqual([0, []])
  })

  test('is not disturbed by a second use of the action in the same job, nor by its post step', async () => {
    const run = endOf('use-1')
    expect(atUse2).toEqual(['healthy', ...podsOf(run)])
    expect(atUse2.length).toBeGreaterThan(1)
    await postStep(aks, 'use-1', run)
    expect(podsOf(run)).toEqual([])
  })
})

describe('two runs at once', () => {
  test('both see healthy nodes, and remove the pods of their own run alone', () => {
    for (const user of ['one-of-two', 'two-of-two'] as const) {
      const run = endOf(user)
      expect([run.status, run.outputs.verdict]).toEqual([0, 'healthy'])
      const deletions = requestsOf(user).filter(({ method }) => method === 'DELETE')
      expect(deletions.map(({ query }) => query.labelSelector?.split('=').at(-1))).toEqual([
        run.state['run-id'],
      ])
    }
  })
})

describe('a run at its start', () => {
  test('removes pods of dead runs and none of runs that may be alive', async () => {
    const hour = 3_600_000
    aks.store.create('pods', podOf('dead', -hour))
    aks.store.create('pods', podOf('alive', hour))
    const run = await mainStep(aks, 'left', { nodes: 'a' })
    expect(run.log).toContain('Removed 1 pods that earlier, dead runs had left in kube-system.')
    expect(podsLeft(aks)).toEqual(['ach-auditor-alive'])
    aks.store.delete('pods', 'kube-system', 'ach-auditor-alive', { gracePeriodSeconds: 0 })
  })
})

describe('a run that has told its verdict', () => {
  test('is over at once, though the server keeps its connections open', () => {
    const run = endOf('one-of-two')
    expect(run.log.trimEnd()).toMatch(/the process ends with status 0$/)
    expect(run.tookMs).toBeLessThan(20_000)
  })

  test('has not waited long for what is not needed for it', () => {
    const run = endOf('slow-services')
    expect([run.status, run.outputs.verdict]).toEqual([0, 'healthy'])
    expect(run.summary).toContain('the services were not listed within 15 s')
  })
})

function podOf(run: string, expiresInMs: number): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `ach-auditor-${run}`,
      namespace: 'kube-system',
      labels: {
        'app.kubernetes.io/managed-by': 'aks-connection-health',
        'app.kubernetes.io/component': 'auditor',
        'app.kubernetes.io/instance': run,
      },
      annotations: { 'aks-connection-health/expires': new Date(Date.now() + expiresInMs).toISOString() },
    },
    spec: { containers: [{ name: 'auditor', image: 'busybox' }], nodeName: 'a', restartPolicy: 'Never' },
    status: { phase: 'Pending' },
  } as KubeObject
}
