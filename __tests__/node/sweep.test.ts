import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { UserError } from '../../src/errors.ts'
import { auditTasks, type NodesRead, type ReadOptions } from '../../src/node/read-nodes.ts'
import type { NodeResult } from '../../src/node/reading.ts'
import type {
  AksOptions,
  KubeObject,
  Misbehaviour,
  MisbehaviourAction,
  NodeSpec,
  Pod,
  PolicyRule,
  SmallAks,
} from '../aks/aks.ts'
import { type Bed, bed, readNodes, readOptions } from './support.ts'

const pods = '/api/v1/namespaces/kube-system/pods'
const three: NodeSpec[] = [0, 1, 2].map((index) => ({ name: `aks-np1-${index}` }))
/** A cluster whose nodes answer without running anything, for tests about the API server. */
const answering = (count: number): NodeSpec[] =>
  Array.from({ length: count }, (_, index) => ({ name: `n${index}`, state: { answer } }))
const answer = 'ach-probe 1\na.level conntrack-count=55 time-wait=7\nend 2\n'

let open: Bed[] = []
async function start(options?: AksOptions): Promise<Bed> {
  const opened = await bed(options)
  open.push(opened)
  return opened
}
beforeEach(() => {
  open = []
})
afterEach(async () => {
  for (const opened of open) await opened[Symbol.asyncDispose]()
})

function misbehave(aks: SmallAks, match: Misbehaviour['match'], action: MisbehaviourAction): void {
  const rule = { match, do: action }
  aks.misbehave(rule)
}

const kinds = ({ results }: NodesRead) => results.map(({ node, kind }) => [node.name, kind])
const allRead = ({ results }: NodesRead) => results.every(({ kind }) => kind === 'read')
function whyOf(result: NodeResult | undefined): string {
  if (result === undefined || result.kind === 'read') throw new Error(`read: ${result?.node.name}`)
  return result.why
}

describe('reading all nodes', () => {
  test('takes one creation a node, one list, one watch, one deletion and one look, and leaves nothing', async () => {
    const { api, aks, calls, podsLeft } = await start({ nodes: answering(20) })
    const read = await readNodes(api, readOptions())
    expect(read.results.length).toBe(20)
    expect(allRead(read)).toBe(true)
    const counted = Object.entries(Object.groupBy(calls(), (call) => call)).map(([call, list]) => [
      call,
      list?.length,
    ])
    expect(Object.fromEntries(counted)).toEqual({
      'GET /api/v1/nodes': 1,
      [`GET ${pods}`]: 2,
      [`WATCH ${pods}`]: 1,
      [`POST ${pods}`]: 20,
      [`DELETE ${pods}`]: 1,
    })
    expect(aks.requests.every(({ status }) => status < 300)).toBe(true)
    expect(podsLeft()).toEqual([])
  })

  test('runs the real probe on each node and reads its numbers', async () => {
    const samples = ['healthy', 'tw-3000', 'conntrack-75pct']
    const { api } = await start({
      nodes: three.map((node, index) => ({ ...node, state: { sample: samples[index] ?? '' } })),
    })
    const read = await readNodes(api, readOptions({ sampleSeconds: 0.1 }))
    const numbers = read.results.map((result) => {
      if (result.kind !== 'read') throw new Error(result.why)
      const { first, second } = result.reading
      return [first.timeWait, first.conntrackCount, second?.timeWait]
    })
    expect(numbers).toEqual([
      [{ value: 85 }, { value: 55 }, { value: 85 }],
      [{ value: 3000 }, { value: 3000 }, { value: 3000 }],
      [{ value: 0 }, { value: 15000 }, { value: 0 }],
    ])
  })

  test('lists the nodes page by page', async () => {
    const { api, aks } = await start({ nodes: answering(501) })
    const read = await readNodes(api, readOptions())
    expect(read.results.length).toBe(501)
    expect(
      aks.requests.filter(({ path }) => path === '/api/v1/nodes').map(({ query }) => query.limit),
    ).toEqual(['500', '500'])
  })

  test('never has more creations under way than it may', async () => {
    const { api, aks } = await start({ nodes: answering(30) })
    misbehave(aks, { method: 'POST' }, { delayMs: 10 })
    let [now, most] = [0, 0]
    const isCreation = ({ method, path }: { method: string; path: string }) =>
      method === 'POST' && path === pods
    aks.events.on('request', (request) => {
      if (isCreation(request)) most = Math.max(most, ++now)
    })
    aks.events.on('response', (request) => {
      if (isCreation(request)) now--
    })
    await readNodes(api, readOptions({ concurrency: 3 }))
    expect(most).toBe(3)
  })

  test('tells its progress node by node, up to all of them', async () => {
    const { api } = await start({ nodes: answering(5) })
    const told: string[] = []
    await readNodes(api, readOptions({ progress: (done, total) => told.push(`${done} of ${total}`) }))
    expect(told).toEqual(['1 of 5', '2 of 5', '3 of 5', '4 of 5', '5 of 5'])
  })

  test('leaves out Windows and virtual nodes, and does not ask nodes that are not ready', async () => {
    const { api, aks } = await start({
      nodes: [
        {
          name: 'a-linux',
          state: { answer },
          taints: [{ key: 'dedicated', value: 'x', effect: 'NoSchedule' }],
        },
        { name: 'b-lost', state: { answer }, ready: false },
        { name: 'c-virtual', virtual: true },
        { name: 'd-windows', os: 'windows' },
      ],
    })
    const read = await readNodes(api, readOptions())
    expect(kinds(read)).toEqual([
      ['a-linux', 'read'],
      ['b-lost', 'unread'],
      ['c-virtual', 'out-of-scope'],
      ['d-windows', 'out-of-scope'],
    ])
    expect(aks.requests.filter(({ method }) => method === 'POST').length).toBe(1)
  })

  test('of a scope that matches nothing says so and makes no pod', async () => {
    const { api, calls } = await start({ nodes: answering(2) })
    const read = await readNodes(
      api,
      readOptions({ scope: { nodeSelector: 'gpu=yes', nodePools: [], nodes: [] } }),
    )
    expect(read).toEqual({ results: [], missing: [], nothing: 'None matches node-selector "gpu=yes".' })
    expect(calls()).toEqual(['GET /api/v1/nodes'])
  })

  test('has an unread result for a named node that does not exist, and an out-of-scope one if it has left', async () => {
    const { api } = await start({ nodes: answering(2) })
    const scope: ReadOptions['scope'] = { nodePools: [], nodes: ['n0', 'n7'] }
    const typo = await readNodes(api, readOptions({ scope }))
    expect(kinds(typo)).toEqual([
      ['n0', 'read'],
      ['n7', 'unread'],
    ])
    expect(whyOf(typo.results[1])).toBe('There is no node "n7" in this cluster; did you mean n0, n1?')
    const seen = typo.results.map(({ node }) => node)
    const left = await readNodes(api, readOptions({ scope, pass: 'audit-2', seen }))
    expect(kinds(left)[1]).toEqual(['n7', 'out-of-scope'])
  })

  test('a second time in the same run uses other names', async () => {
    const { api, aks } = await start({ nodes: answering(2) })
    await readNodes(api, readOptions())
    expect(allRead(await readNodes(api, readOptions({ pass: 'audit-2' })))).toBe(true)
    const names = aks.requests
      .filter(({ method }) => method === 'POST')
      .map(({ body }) => (body as { metadata: { name: string } }).metadata.name)
    expect(new Set(names).size).toBe(4)
  })
})

describe('a watch', () => {
  test.each<[string, MisbehaviourAction]>([
    ['is refused with 410', 'gone'],
    ['is reset', 'reset'],
    ['breaks off after two events', { cutAfterEvents: 2 }],
    ['answers 500', { status: 500 }],
    ['answers 429', { status: 429, retryAfter: 0 }],
  ])('that %s is resumed and misses nothing', async (_how, then) => {
    const { api, aks } = await start({ nodes: answering(10) })
    misbehave(aks, { watch: true, times: 2 }, then)
    expect(allRead(await readNodes(api, readOptions()))).toBe(true)
  })

  test('that is ended again and again is resumed and misses nothing', async () => {
    const { api, aks } = await start({ nodes: answering(10) })
    aks.events.on('pod-finished', () => aks.closeWatches())
    expect(allRead(await readNodes(api, readOptions()))).toBe(true)
  })

  test('whose history is gone while pods end finds them by a new list', async () => {
    const { api, aks } = await start({ nodes: answering(10) })
    aks.events.on('pod-finished', () => {
      aks.store.compact()
      aks.closeWatches()
    })
    expect(allRead(await readNodes(api, readOptions()))).toBe(true)
  })

  test('that hangs does not cost the answers: before time is up they are listed', async () => {
    const { api, aks } = await start({ nodes: answering(3) })
    misbehave(aks, { watch: true }, 'hang')
    expect(allRead(await readNodes(api, readOptions({ nodeTimeoutSeconds: 1 })))).toBe(true)
  })
})

describe('creations', () => {
  test('whose answers are lost are not made twice and not taken for failures', async () => {
    const { api, aks, podsLeft } = await start({ nodes: answering(4) })
    misbehave(aks, { method: 'POST', times: 3 }, 'lost-answer')
    expect(allRead(await readNodes(api, readOptions()))).toBe(true)
    expect(podsLeft()).toEqual([])
  })

  test('that are throttled come through', async () => {
    const { api, aks } = await start({ nodes: answering(6) })
    misbehave(aks, { method: 'POST', times: 4 }, { status: 429, retryAfter: 0 })
    expect(allRead(await readNodes(api, readOptions()))).toBe(true)
  })

  test('survive an API server that is away for a moment', async () => {
    const { api, aks } = await start({ nodes: answering(6) })
    misbehave(aks, { method: 'POST', skip: 2, times: 1 }, { goAwayForMs: 500 })
    expect(allRead(await readNodes(api, readOptions()))).toBe(true)
  })
})

test('a pod that was there before under the same name is not taken for an answer of now', async () => {
  const { api, aks } = await start({ nodes: answering(2) })
  const [task] = auditTasks(
    (await readNodes(api, readOptions())).results.map(({ node }) => node),
    readOptions(),
  )
  const terminated = { exitCode: 0, reason: 'Completed', message: answer.replace('=7', '=9999') }
  const status = { phase: 'Running', containerStatuses: [{ name: 'auditor', state: { terminated } }] }
  const { metadata } = aks.store.create('pods', { ...task?.pod, status } as unknown as KubeObject)
  // Something that happens to it while the new one is being asked for is no answer either.
  misbehave(aks, { method: 'POST' }, { delayMs: 300 })
  aks.events.on('request', ({ method }) => {
    if (method !== 'POST') return
    aks.store.patch('pods', 'kube-system', metadata.name, { metadata: { annotations: { touched: 'yes' } } })
  })
  const { results } = await readNodes(api, readOptions())
  expect(whyOf(results[0])).toContain('already exists')
  expect(results[1]?.kind).toBe('read')
})

describe('a pod that admission has changed', () => {
  const changed = (change: (spec: Pod['spec'] & { hostNetwork?: boolean }) => void): AksOptions => ({
    nodes: answering(2),
    admit: ({ resource, operation, object }) => {
      if (resource === 'pods' && operation === 'CREATE') change((object as Pod).spec)
      return undefined
    },
  })

  test('so that it is not in the network of its node does not speak for the node', async () => {
    const { api } = await start(changed((spec) => delete spec.hostNetwork))
    const { results } = await readNodes(api, readOptions())
    expect(results.map(whyOf)).toEqual(Array(2).fill(expect.stringContaining('hostNetwork')))
  })

  test('so that it runs on another node does not speak for the one that it was meant for', async () => {
    const { api } = await start(changed((spec) => Object.assign(spec, { nodeName: 'n0' })))
    const { results } = await readNodes(api, readOptions())
    expect(results[0]?.kind).toBe('read')
    expect(whyOf(results[1])).toContain('"n0"')
  })
})

describe('a refusal', () => {
  const rights = (verbs: string[]): PolicyRule[] => [
    { apiGroups: [''], resources: ['nodes'], verbs: ['list'] },
    { apiGroups: [''], resources: ['pods'], verbs },
  ]
  const asUser = (verbs: string[], count = 40): AksOptions => ({
    nodes: answering(count),
    users: [{ name: 'audit', rules: rights(verbs) }],
  })
  const creations = ({ aks }: Bed) => aks.requests.filter(({ method }) => method === 'POST').length

  test('to create pods names the right and the namespace, and is not asked for forty times', async () => {
    const opened = await start(asUser(['list', 'watch', 'delete', 'deletecollection']))
    const { results } = await readNodes(opened.api, readOptions({ concurrency: 4 }))
    expect(results.length).toBe(40)
    for (const result of results) expect(whyOf(result)).toContain('no right to pods/create in "kube-system"')
    expect(creations(opened)).toBeLessThanOrEqual(4)
  })

  test.each([
    ['list', ['create', 'watch', 'delete', 'deletecollection']],
    ['watch', ['create', 'list', 'delete', 'deletecollection']],
  ])('to %s pods is told for every node, and nothing is left', async (verb, verbs) => {
    const { api, podsLeft } = await start(asUser(verbs, 5))
    const { results } = await readNodes(api, readOptions())
    for (const result of results) expect(whyOf(result)).toContain(`no right to pods/${verb} in "kube-system"`)
    expect(podsLeft()).toEqual([])
  })

  test('to list nodes ends the run with what to grant', async () => {
    const { api } = await start({ nodes: answering(1), users: [{ name: 'audit', rules: [] }] })
    const error = await readNodes(api, readOptions()).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UserError)
    expect(error).toMatchObject({
      message: expect.stringContaining('No right to nodes/list'),
      next: expect.stringContaining('resources ["nodes"], verbs ["list"]'),
    })
  })

  test('of a node selector that is none names it', async () => {
    const { api } = await start({ nodes: answering(1) })
    const scope: ReadOptions['scope'] = { nodeSelector: 'a=b=c', nodePools: [], nodes: [] }
    const error = await readNodes(api, readOptions({ scope })).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UserError)
    expect(error).toMatchObject({ message: 'The API server does not take the node-selector "a=b=c".' })
  })

  test('to delete collections is made up for by single deletions', async () => {
    const { api, podsLeft } = await start(asUser(['create', 'list', 'watch', 'delete'], 5))
    expect(allRead(await readNodes(api, readOptions()))).toBe(true)
    expect(podsLeft()).toEqual([])
  })

  test('to delete at all is told, with the names of what is left', async () => {
    const { api, podsLeft } = await start(asUser(['create', 'list', 'watch'], 2))
    const removals: unknown[] = []
    const read = await readNodes(api, readOptions({ removed: (removal) => removals.push(removal) }))
    expect(allRead(read)).toBe(true)
    const why = expect.stringContaining('no right to pods/delete in "kube-system"')
    expect(removals).toEqual([{ complete: false, left: podsLeft(), why }])
  })

  test('of a namespace that does not exist is told once for all', async () => {
    const opened = await start({ nodes: answering(30) })
    const { results } = await readNodes(opened.api, readOptions({ namespace: 'nowhere', concurrency: 3 }))
    for (const result of results) expect(whyOf(result)).toBe('the namespace "nowhere" does not exist')
    expect(creations(opened)).toBeLessThanOrEqual(3)
  })

  test('by Pod Security has the text of the server and the way out', async () => {
    const labels = { 'pod-security.kubernetes.io/enforce': 'baseline' }
    const opened = await start({
      nodes: answering(30),
      objects: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'strict', labels } }],
    })
    const { results } = await readNodes(opened.api, readOptions({ namespace: 'strict', concurrency: 3 }))
    expect(creations(opened)).toBeLessThanOrEqual(3)
    for (const result of results) {
      expect(whyOf(result)).toContain('host namespaces (hostNetwork=true)')
      expect(result).toMatchObject({
        next: expect.stringContaining('pod-security.kubernetes.io/enforce=privileged'),
      })
    }
  })

  test('by a quota ends the creations and keeps the answers of the pods that it let pass', async () => {
    const { api, podsLeft } = await start({
      nodes: [...three, { name: 'd' }, { name: 'e' }],
      phaseDelayMs: 60_000,
      objects: [
        {
          apiVersion: 'v1',
          kind: 'ResourceQuota',
          metadata: { name: 'small', namespace: 'kube-system' },
          spec: { hard: { pods: '3' } },
        } as KubeObject,
      ],
    })
    const { results } = await readNodes(api, readOptions({ concurrency: 1 }))
    expect(results.filter(({ kind }) => kind === 'read').length).toBe(3)
    const refused = results.filter(({ kind }) => kind === 'unread')
    expect(refused.length).toBe(2)
    for (const result of refused) expect(whyOf(result)).toContain('exceeded quota: small')
    expect(podsLeft()).toEqual([])
  })

  test('that comes while other creations are under way ends all that were not sent', async () => {
    const opened = await start({ nodes: answering(60) })
    const message = 'pods "p" is forbidden: exceeded quota: small'
    const body = {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      reason: 'Forbidden',
      code: 403,
      message,
    }
    misbehave(opened.aks, { method: 'POST', times: 1 }, { status: 403, body })
    misbehave(opened.aks, { method: 'POST' }, { delayMs: 50 })
    const { results } = await readNodes(opened.api, readOptions({ concurrency: 5 }))
    expect(creations(opened)).toBeLessThanOrEqual(6)
    expect(results.filter(({ kind }) => kind === 'read').length).toBe(creations(opened) - 1)
  })

  test('by a policy that hits one node costs that node only', async () => {
    const { api } = await start({
      nodes: answering(3),
      admit: ({ resource, operation, object }) =>
        resource === 'pods' && operation === 'CREATE' && (object as Pod).spec.nodeName === 'n1'
          ? { webhook: 'validation.gatekeeper.sh', message: '[azurepolicy-x] not on this node' }
          : undefined,
    })
    const read = await readNodes(api, readOptions({ concurrency: 1 }))
    expect(kinds(read)).toEqual([
      ['n0', 'read'],
      ['n1', 'unread'],
      ['n2', 'read'],
    ])
    expect(whyOf(read.results[1])).toContain('[azurepolicy-x] not on this node')
  })

  test('by a policy that hits every node is not asked for a thousand times', async () => {
    const opened = await start({
      nodes: answering(60),
      admit: ({ resource }) =>
        resource === 'pods' ? { webhook: 'x', message: 'host network is not allowed' } : undefined,
    })
    const { results } = await readNodes(opened.api, readOptions({ concurrency: 2 }))
    for (const result of results) expect(whyOf(result)).toContain('host network is not allowed')
    expect(creations(opened)).toBeLessThanOrEqual(6)
  })
})

describe('a node', () => {
  test('that cannot pull the image is told at once with the words of its kubelet', async () => {
    const { api } = await start({ nodes: [{ name: 'a' }, { name: 'b', fault: 'pull-error' }] })
    const read = await readNodes(api, readOptions())
    expect(kinds(read)[0]).toEqual(['a', 'read'])
    expect(whyOf(read.results[1])).toMatch(/^its image cannot be pulled \(ErrImagePull: .*not found\)$/)
  })

  test('that is named an impossible image is told at once', async () => {
    const { api } = await start({ nodes: three })
    const { results } = await readNodes(api, readOptions({ image: '::bad::' }))
    for (const result of results) expect(whyOf(result)).toContain('InvalidImageName')
  })

  test('that never starts its pod does not hold up the others, and is unread when its time is up', async () => {
    const { api, podsLeft } = await start({ nodes: [{ name: 'a' }, { name: 'b', fault: 'dead' }] })
    const read = await readNodes(api, readOptions({ nodeTimeoutSeconds: 1.5 }))
    expect(kinds(read)).toEqual([
      ['a', 'read'],
      ['b', 'unread'],
    ])
    expect(whyOf(read.results[1])).toBe('no answer within 1.5 s: the kubelet has not started its pod')
    expect(podsLeft()).toEqual([])
  })

  test('that becomes silent in the middle says that it is not ready any more', async () => {
    const { api, aks } = await start({ nodes: [{ name: 'a' }, { name: 'b', fault: 'dead' }] })
    aks.events.on('pod-created', ({ spec }) => {
      if (spec.nodeName === 'b') void aks.loseNode('b')
    })
    const read = await readNodes(api, readOptions({ nodeTimeoutSeconds: 1 }))
    expect(whyOf(read.results[1])).toMatch(/^no answer within 1 s: .*; the node is not ready/)
  })

  test('that leaves the cluster during the run is out of scope', async () => {
    const { api, aks } = await start({ nodes: [{ name: 'a' }, { name: 'b', fault: 'dead' }] })
    aks.events.on('pod-created', ({ spec }) => {
      if (spec.nodeName === 'b') void aks.removeNode('b')
    })
    const read = await readNodes(api, readOptions())
    expect(kinds(read)).toEqual([
      ['a', 'read'],
      ['b', 'out-of-scope'],
    ])
    expect(whyOf(read.results[1])).toBe('the node left the cluster during the run')
  })

  test('that is silent has not left the cluster because nobody can be asked whether it has', async () => {
    const { api, aks } = await start({ nodes: [{ name: 'a' }, { name: 'b', fault: 'dead' }] })
    misbehave(aks, { path: /^\/api\/v1\/nodes/, skip: 1 }, { status: 403 })
    const read = await readNodes(api, readOptions({ nodeTimeoutSeconds: 1 }))
    expect(kinds(read)).toEqual([
      ['a', 'read'],
      ['b', 'unread'],
    ])
  })

  test('whose pod somebody deletes is unread and says so', async () => {
    const { api, aks } = await start({ nodes: [{ name: 'a', fault: 'dead' }] })
    aks.events.on('pod-created', ({ metadata }) => {
      setImmediate(() => aks.store.delete('pods', 'kube-system', metadata.name, { gracePeriodSeconds: 0 }))
    })
    const { results } = await readNodes(api, readOptions())
    expect(whyOf(results[0])).toBe('its pod was deleted before it answered')
  })

  test('that answers with rubbish is unread, with what it said', async () => {
    const { api } = await start({
      nodes: [{ name: 'a', fault: { message: 'sh: awk: not found\n', exitCode: 127 } }],
    })
    const { results } = await readNodes(api, readOptions())
    expect(whyOf(results[0])).toBe(
      'the probe could not read anything (Error, exit code 127): "sh: awk: not found"',
    )
  })
})

describe('the end', () => {
  test('by a signal comes at once, keeps the answers that are there, and leaves nothing', async () => {
    const { api, aks, podsLeft } = await start({ nodes: [{ name: 'a' }, { name: 'b', fault: 'dead' }] })
    const controller = new AbortController()
    const progress = (done: number) => {
      if (done === 1) controller.abort(new Error('SIGTERM'))
    }
    const read = await readNodes(api, readOptions({ signal: controller.signal, progress }))
    expect(kinds(read)).toEqual([
      ['a', 'read'],
      ['b', 'unread'],
    ])
    expect(whyOf(read.results[1])).toBe('the run was interrupted before the node answered')
    expect(podsLeft()).toEqual([])
    expect(aks.requests.filter(({ method }) => method === 'DELETE').length).toBeGreaterThan(0)
  })

  test('by a signal in the middle of the creations leaves nothing either', async () => {
    const { api, aks, podsLeft } = await start({ nodes: answering(200) })
    const controller = new AbortController()
    let created = 0
    aks.events.on('pod-created', () => {
      if (++created === 60) controller.abort(new Error('SIGTERM'))
    })
    const { results } = await readNodes(api, readOptions({ signal: controller.signal, concurrency: 20 }))
    expect(results.length).toBe(200)
    expect(results.some(({ kind }) => kind === 'unread')).toBe(true)
    expect(podsLeft()).toEqual([])
  })

  test('by the time of the run leaves as little time for the removal as a signal does', async () => {
    const { api, aks } = await start({ nodes: [{ name: 'a', fault: 'dead' }] })
    misbehave(aks, { method: 'DELETE' }, 'hang')
    let why: string | undefined
    await readNodes(api, readOptions({ timeoutMs: 500, removed: (removal) => (why = removal.why) }))
    expect(why).toBe('not all of them were seen to be gone within 5 s')
  })

  test('by the time of the run comes for all nodes that have not answered', async () => {
    const { api, podsLeft } = await start({ nodes: [{ name: 'a', fault: 'dead' }] })
    const { results } = await readNodes(api, readOptions({ timeoutMs: 700 }))
    expect(whyOf(results[0])).toContain("the run's time of 0.7 s was up")
    expect(podsLeft()).toEqual([])
  })
})
