import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import type { Misbehaviour, NodeSpec, SmallAks } from '../aks/aks.ts'
import { expectGolden } from '../support/golden.ts'
import { annotationsOf, answeringNodes, runAll, told } from './runs.ts'
import { type CheckResult, check, cluster, podsLeft } from './support.ts'

jest.setTimeout(120_000)

interface Case {
  inputs?: Record<string, string>
  /** What the API server does to this run alone. */
  misbehave?: Omit<Misbehaviour, 'match'> & { match: Omit<Misbehaviour['match'], 'user'> }
  /** Changes the kubeconfig. */
  kubeconfig?: (text: string) => string
}

/** Nothing listens on the discard port. */
const nobody = (text: string) => text.replace(/server: \S+/, 'server: https://127.0.0.1:9')

const inputs: Record<string, Case> = {
  'a threshold that is no number': { inputs: { 'conntrack-critical-percent': 'eighty' } },
  'a threshold out of range': { inputs: { 'port-warning-percent': '170' } },
  'a warning above critical': { inputs: { 'time-wait-warning': '600' } },
  'a word that is none of those allowed': { inputs: { 'fail-on': 'errors' } },
  'several wrong inputs at once': {
    inputs: {
      'fail-on': 'sometimes',
      'sample-seconds': '2.5',
      'conntrack-warning-percent': '90',
      'dry-run': 'yes',
      namespace: 'Kube System',
      'tw-reuse-allowed': '1,3',
    },
  },
  'wrong inputs with fail-on never': { inputs: { 'fail-on': 'never', concurrency: '0' } },
  'a selector that is none': { inputs: { 'node-selector': 'a in (b' } },
}

const way: Record<string, Case> = {
  'a cluster that is not there': { kubeconfig: nobody },
  'a cluster that is not there, with fail-on never': { kubeconfig: nobody, inputs: { 'fail-on': 'never' } },
  'a context that the kubeconfig does not have': { inputs: { context: 'small-ask' } },
  'a kubeconfig file that is not there': { inputs: { kubeconfig: '/nowhere/config' } },
  'a kubeconfig that is none': { inputs: { kubeconfig: 'clusters: {a: b}\nusers: 7' } },
  'no kubeconfig at all': { inputs: { kubeconfig: '' } },
  'credentials that are not accepted': {
    kubeconfig: (text) => text.replace(/token: .*/, 'token: of-yesterday'),
  },
  'an API server that answers 500': { misbehave: { match: {}, do: { status: 500 } } },
  'an API server that answers with a web page': {
    misbehave: { match: {}, do: { status: 200, body: '<html><h1>Sign in</h1></html>' } },
  },
  'an API server that does not answer': { misbehave: { match: {}, do: 'hang' } },
  'an API server that cuts every connection': { misbehave: { match: {}, do: 'reset' } },
}

const nodesOf: Record<string, Case> = {
  'a selector that matches nothing': { inputs: { 'node-selector': 'agentpool=gpu' } },
  'a selector that matches nothing, with fail-on never': {
    inputs: { 'node-selector': 'agentpool=gpu', 'fail-on': 'never' },
  },
  'a pool that is not there': { inputs: { 'node-pools': 'np1,np11' } },
  'a node that is not there': { inputs: { nodes: 'aks-np1-0,aks-np1-7' } },
  'an empty cluster': {
    misbehave: { match: { path: /\/nodes\?/ }, do: { status: 200, body: { metadata: {}, items: [] } } },
    inputs: { 'node-pools': '' },
  },
  'a list of nodes that is none': {
    misbehave: { match: { path: /\/nodes\?/ }, do: { status: 200, body: { kind: 'NodeList' } } },
  },
  'a list of nodes that never comes': {
    misbehave: { match: { path: /\/nodes\?/ }, do: 'hang' },
    inputs: { 'timeout-seconds': '10' },
  },
  'a list of nodes that answers 500': { misbehave: { match: { path: /\/nodes\?/ }, do: { status: 500 } } },
}

const pods: Record<string, Case> = {
  'a namespace that is not there': { inputs: { namespace: 'kube-sistem' } },
  'a namespace with Pod Security baseline': { inputs: { namespace: 'baseline' } },
  'a namespace with Pod Security restricted': { inputs: { namespace: 'restricted' } },
  'a namespace whose quota is used up': { inputs: { namespace: 'full' } },
  'a namespace that a policy guards': { inputs: { namespace: 'guarded' } },
  'an image that cannot be pulled': { inputs: { 'node-pools': 'offline' } },
  'a node that is dead': { inputs: { 'node-pools': 'np1,dead', 'node-timeout-seconds': '5' } },
  'pods that cannot be created': { misbehave: { match: { method: 'POST' }, do: { status: 503 } } },
  'creations that are never answered': {
    misbehave: { match: { method: 'POST' }, do: 'hang' },
    inputs: { 'timeout-seconds': '10' },
  },
  'credentials that end during the run': { misbehave: { match: { watch: true }, do: { status: 401 } } },
  'a watch that sends rubbish': {
    misbehave: { match: { watch: true }, do: { status: 200, body: 'rubbish\n' } },
    inputs: { 'node-timeout-seconds': '5' },
  },
}

/** What a run gets over: it ends as if nothing had been. */
const overcome: Record<string, Case> = {
  'an API server that is away for the first call': {
    misbehave: { match: { times: 2 }, do: { status: 503 } },
  },
  'a history that is gone': { misbehave: { match: { watch: true, times: 2 }, do: 'gone' } },
  'watches that break off': { misbehave: { match: { watch: true, times: 2 }, do: { cutAfterEvents: 1 } } },
  'answers to creations that are lost': {
    misbehave: { match: { method: 'POST', times: 2 }, do: 'lost-answer' },
  },
  'creations that are throttled': {
    misbehave: { match: { method: 'POST', times: 2 }, do: { status: 429, retryAfter: 1 } },
  },
  'an answer that is cut': { misbehave: { match: { path: /\/nodes\?/, times: 1 }, do: 'half-body' } },
}

const failing = { ...inputs, ...way, ...nodesOf, ...pods }
const all: Record<string, Case> = { ...failing, ...overcome }

let aks: SmallAks
let runOf: (name: string) => CheckResult

beforeAll(async () => {
  aks = await bed()
  const runs = {
    'away for good': awayForGood,
    'away for a while': awayForAWhile,
    ...Object.fromEntries(Object.entries(all).map(([name, given]) => [name, () => runCase(name, given)])),
  }
  runOf = await runAll(runs, 16)
})
afterAll(() => aks.stop())

function runCase(name: string, given: Case): Promise<CheckResult> {
  const user = userOf(name)
  if (given.misbehave) {
    const { match, do: action } = given.misbehave
    aks.misbehave({ match: { ...match, user }, do: action })
  }
  const kubeconfig = (given.kubeconfig ?? String)(aks.kubeconfig(user))
  return check(aks, {
    kubeconfig,
    'node-pools': given.inputs?.['node-selector'] ? '' : 'np1',
    ...given.inputs,
  })
}

describe('a run that', () => {
  test.each(Object.keys(failing))('meets %s says so, and does not pass for a healthy one', (name) => {
    const run = runOf(name)
    expect(run.outputs.verdict).toBe('unknown')
    // A run that could look, and found nothing to look at, only reports when that is what was asked for.
    const reportsOnly = name === 'a selector that matches nothing, with fail-on never'
    expect(run.status).toBe(reportsOnly ? 0 : 1)
    expect(annotationsOf(run.log).some(({ level }) => level === (reportsOnly ? 'warning' : 'error'))).toBe(
      true,
    )
    expectGolden(`e2e/failures/${name.replaceAll(/[^\w]+/g, '-')}.txt`, told(run, aks))
  })

  test.each(Object.keys(overcome))('meets %s gets over it', (name) => {
    const run = runOf(name)
    expect([run.status, run.outputs.verdict, run.outputs['nodes-checked']]).toEqual([0, 'healthy', '2'])
    expect(annotationsOf(run.log)).toEqual([])
  })

  test.each(Object.keys(all))('meets %s leaves nothing to be seen of a stack trace', (name) => {
    const { log } = runOf(name)
    expect(log.replaceAll(/^::debug::.*$/gm, '')).not.toMatch(
      /^\s+at \S+ \(|node:internal|undefined|\[object/m,
    )
  })

  test.each(['a list of nodes that answers 500', 'pods that cannot be created'])(
    'meets %s has the reason to wait in its log',
    (name) => {
      expect(runOf(name).log).toMatch(/^(GET|POST) \S+: 50[03] .*; again in \d+ ms$/m)
    },
  )

  test('met any of this has left no pod', () => {
    expect(podsLeft(aks)).toEqual([])
  })
})

describe('an API server that goes away in the middle of a run', () => {
  test('and comes back does not change the verdict', () => {
    const run = runOf('away for a while')
    expect([run.status, run.outputs.verdict]).toEqual([0, 'healthy'])
    expect(run.log).toContain('The watch on the pods was lost and is resumed')
  })

  test('and stays away ends the run in time, unknown, with what is left of it said', () => {
    const run = runOf('away for good')
    expect([run.status, run.outputs.verdict]).toEqual([1, 'unknown'])
    expect(run.log).toMatch(/^::warning::Pods of this run may be left in kube-system/m)
    expectGolden('e2e/failures/an-API-server-that-goes-away.txt', told(run, aks))
  })
})

async function awayForAWhile(): Promise<CheckResult> {
  const nodes = [...(await answeringNodes('a')), { name: 'b', fault: { delayMs: 2000 } }]
  await using passing = await cluster({ nodes })
  passing.misbehave({ match: { watch: true, times: 1 }, do: { goAwayForMs: 1500 } })
  return await check(passing)
}

async function awayForGood(): Promise<CheckResult> {
  await using lost = await cluster({ nodes: await answeringNodes('a', { name: 'b', fault: 'dead' }) })
  lost.events.on('pod-created', () => void lost.goAway())
  return await check(lost, { 'timeout-seconds': '10' }, { post: false, timeoutMs: 30_000 })
}

function userOf(name: string): string {
  return name.replaceAll(/[^a-z0-9]+/gi, '-')
}

async function bed(): Promise<SmallAks> {
  const nodes: NodeSpec[] = await answeringNodes('aks-np1-0', 'aks-np1-1', {
    name: 'aks-dead-0',
    pool: 'dead',
    fault: 'dead',
  })
  const level = (name: string, enforce = name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': enforce } },
  })
  const quota = {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'no-pods', namespace: 'full' },
    spec: { hard: { pods: '0' } },
  }
  const everything = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]
  const version = { nonResourceURLs: ['*'], verbs: ['*'] }
  return cluster({
    nodes: [...nodes, { name: 'aks-offline-0', pool: 'offline', fault: 'pull-error' }],
    objects: [level('baseline'), level('restricted'), quota, level('guarded', 'privileged')],
    users: Object.keys(all).map((name) => ({ name: userOf(name), rules: [...everything, version] })),
    admit: ({ namespace, resource }) =>
      namespace === 'guarded' && resource === 'pods'
        ? { webhook: 'validation.gatekeeper.sh', message: '[no-host-network] hostNetwork is not allowed' }
        : undefined,
  })
}
