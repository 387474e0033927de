import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { commandOrder } from '../../../src/node/by-command/order.ts'
import { describeNode, type KubeNode } from '../../../src/node/nodes.ts'
import { misplaced } from '../../../src/node/placement.ts'
import { type KubePod, stateOf } from '../../../src/node/pod-state.ts'
import { auditTasks } from '../../../src/node/read-nodes.ts'
import { selectNodes } from '../../../src/node/scope.ts'
import { requireJq } from '../../support/require-jq.ts'

requireJq()

const options = {
  namespace: 'kube-system',
  image: 'busybox',
  runId: 'run-1',
  pass: 'audit-1',
  sampleSeconds: 0,
  nodeTimeoutSeconds: 60,
  timeoutMs: 1000,
}
const CASES = 300
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ach-jq-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Scope {
  nodePools: string[]
  nodes: string[]
}

/** Runs a program of the module on a value, with the plan for a scope. */
function jq<T>(program: string, input: unknown, scope: Scope = { nodePools: [], nodes: [] }, after = ''): T {
  const { files } = commandOrder({ ...options, scope, after })
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  const text = execFileSync(
    'jq',
    ['-c', '-L', '.', '--slurpfile', 'plan', 'plan.json', `include "sweep"; $plan[0] as $p | ${program}`],
    { cwd: folder, input: JSON.stringify(input), encoding: 'utf8', maxBuffer: 64 << 20 },
  )
  return JSON.parse(text) as T
}

const maybe = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined })
/** The first of them most of the time. */
function often<T>(first: T, ...others: T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(first) },
    { weight: 2, arbitrary: fc.constantFrom(...others) },
  )
}
const taint = fc.record({
  key: maybe(often('spot', 'spot', 'CriticalAddonsOnly', 'virtual-kubelet.io/provider', '')),
  value: maybe(fc.constantFrom('true', '')),
  effect: maybe(fc.constantFrom('NoSchedule', 'NoExecute', '')),
})
const condition = fc.record({
  type: often('Ready', 'MemoryPressure'),
  status: maybe(often('True', 'False', 'Unknown', 'rubbish')),
  reason: maybe(fc.string({ maxLength: 20 })),
})
const label = often('np1', 'np2', '', 'virtual-kubelet')
const kubeNode: fc.Arbitrary<KubeNode> = fc.record({
  metadata: fc.record({
    name: fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?$/),
    uid: maybe(fc.uuid()),
    labels: maybe(
      fc.record(
        {
          'kubernetes.azure.com/agentpool': label,
          agentpool: label,
          'karpenter.sh/nodepool': label,
          type: label,
          'kubernetes.io/os': often('linux', 'windows', 'Windows'),
        },
        { requiredKeys: [] },
      ),
    ),
  }),
  spec: maybe(
    fc.record({
      providerID: maybe(often('azure:///x', 'aci://x', 'virtual-kubelet://x', '')),
      unschedulable: maybe(fc.boolean()),
      taints: maybe(fc.array(taint, { maxLength: 4 })),
    }),
  ),
  status: maybe(
    fc.record({
      conditions: maybe(fc.array(condition, { minLength: 1, maxLength: 3 })),
      nodeInfo: maybe(
        fc.record({
          operatingSystem: maybe(often('linux', 'windows', 'WINDOWS')),
          osImage: maybe(fc.constant('Ubuntu 24.04.3 LTS')),
          bootID: maybe(fc.uuid()),
        }),
      ),
      capacity: maybe(fc.record({ cpu: maybe(fc.constant('4')), memory: maybe(fc.constant('16393244Ki')) })),
      addresses: maybe(
        fc.array(fc.record({ type: often('InternalIP', 'Hostname'), address: fc.ipV4() }), { maxLength: 2 }),
      ),
    }),
  ),
}) as fc.Arbitrary<KubeNode>

/** As JSON has them: without what is undefined. No two of the same name. */
const everyNode = (JSON.parse(JSON.stringify(fc.sample(kubeNode, CASES))) as KubeNode[]).map(
  (node, index) => ({ ...node, metadata: { ...node.metadata, name: `${node.metadata.name}-${index}` } }),
)

interface Batch {
  nodes: KubeNode[]
  pods: { metadata: { name: string }; spec: { nodeName: string; tolerations: object[] } }[]
  rest: { total: number; nodes: KubeNode[] }
  others: KubeNode[]
}

function batchesOf(scope: Scope): Batch[] {
  const batches: Batch[] = []
  for (let after: string | undefined = ''; after !== undefined; ) {
    const batch: Batch = jq('map(node($p)) | batch($p)', everyNode, scope, after)
    batches.push(batch)
    after = batch.rest.total > 0 ? batch.nodes.at(-1)?.metadata.name : undefined
  }
  return batches
}

const scopes: [string, Scope][] = [
  ['all nodes', { nodePools: [], nodes: [] }],
  ['two pools', { nodePools: ['np1', 'virtual-kubelet'], nodes: [] }],
  ['some nodes', { nodePools: [], nodes: everyNode.slice(0, 7).map(({ metadata }) => metadata.name) }],
  [
    'nodes of a pool',
    { nodePools: ['np2'], nodes: everyNode.slice(0, 90).map(({ metadata }) => metadata.name) },
  ],
]

describe('the programs that run in the cluster', () => {
  test.each(scopes)('choose the same nodes as direct mode: %s', (_name, scope) => {
    const chosen = batchesOf(scope).flatMap(({ pods }) => pods.map(({ spec }) => spec.nodeName))
    const { readable } = selectNodes(everyNode.map(describeNode), scope)
    expect(chosen.toSorted()).toEqual(readable.map(({ name }) => name).toSorted())
    expect(new Set(chosen).size).toBe(chosen.length)
  })

  test.each(scopes)('leave of a node what its description needs: %s', (_name, scope) => {
    const kept = batchesOf(scope).flatMap(({ nodes }) => nodes)
    const described = new Map(everyNode.map((node) => [node.metadata.name, describeNode(node)]))
    expect(kept.length).toBeGreaterThan(0)
    for (const node of kept) expect(describeNode(node)).toEqual(described.get(node.metadata.name))
  })

  test('make the pods that direct mode makes, but for their names', () => {
    const pods = batchesOf({ nodePools: [], nodes: [] }).flatMap((batch) => batch.pods)
    const direct = new Map(
      auditTasks(
        everyNode.map((node) => describeNode(node).info),
        options,
      ).map(({ node, pod }) => [node.name, pod]),
    )
    for (const pod of pods) {
      const { tolerations, ...spec } = pod.spec
      const expected = direct.get(spec.nodeName)
      if (expected === undefined) throw new Error(`no pod for ${spec.nodeName}`)
      const { tolerations: wanted, ...rest } = expected.spec
      expect(spec).toEqual(rest)
      expect(new Set(tolerations.map((each) => JSON.stringify(each)))).toEqual(
        new Set((wanted as object[]).map((each) => JSON.stringify(each))),
      )
      expect(pod.metadata.name).toMatch(/^ach-auditor-[0-9a-f]{16}-\d+$/)
    }
    expect(pods.length).toBeGreaterThan(10)
  })

  test('count those of later commands, and name some of them', () => {
    const [first] = batchesOf({ nodePools: [], nodes: [] })
    expect(first?.nodes).toHaveLength(60)
    expect(first?.rest.total).toBe(everyNode.length - 60)
    expect(first?.rest.nodes.length).toBe(Math.min(250, everyNode.length - 60))
  })
})

const waiting = fc.record({
  reason: maybe(
    fc.constantFrom(
      'ErrImagePull',
      'ImagePullBackOff',
      'InvalidImageName',
      'CreateContainerConfigError',
      'ContainerCreating',
      'PodInitializing',
    ),
  ),
  message: maybe(
    fc.constantFrom(
      '',
      'Back-off pulling image "x"',
      'Back-off pulling image "x": ErrImagePull: not found',
      'dial tcp: i/o TIMEOUT',
      'connection refused',
      'unexpected status 503',
      'unauthorized',
      'Denied',
    ),
  ),
})
const pod = fc.record({
  metadata: fc.record({ name: fc.uuid() }),
  spec: fc.record({ nodeName: maybe(fc.constantFrom('a', 'b')), hostNetwork: maybe(fc.boolean()) }),
  status: maybe(
    fc.record({
      phase: maybe(fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed')),
      containerStatuses: maybe(
        fc.array(
          fc.record({
            name: maybe(fc.constantFrom('agent', 'auditor', 'sidecar')),
            state: maybe(
              fc.oneof(
                fc.record({ waiting }),
                fc.record({ running: fc.constant({}) }),
                fc.record({
                  terminated: fc.record({
                    exitCode: maybe(fc.integer({ min: 0, max: 255 })),
                    message: maybe(fc.string({ unit: 'binary', maxLength: 200 })),
                  }),
                }),
              ),
            ),
          }),
          { maxLength: 3 },
        ),
      ),
    }),
  ),
})
const pods = JSON.parse(JSON.stringify(fc.sample(pod, CASES))) as KubePod[]

describe('the state of a pod', () => {
  test('is settled in the cluster when it is in direct mode', () => {
    const settled = jq<boolean[]>('map(pod | settled($p))', pods)
    expect(settled).toEqual(pods.map((each) => stateOf(each).kind !== 'pending'))
  })

  test('keeps its kind and words on the way', () => {
    const carried = jq<KubePod[]>('map(pod)', pods)
    expect(carried.map(kindAndWords)).toEqual(pods.map(kindAndWords))
  })

  test('is of a pod that is placed as well as it is in direct mode', () => {
    const carried = jq<KubePod[]>('map(pod)', pods)
    expect(carried.map((each) => misplaced(each, 'a'))).toEqual(pods.map((each) => misplaced(each, 'a')))
  })

  test('stays as it was when it was settled, whatever comes later', () => {
    const state = (reason: string) => ({
      metadata: { name: 'a' },
      status: { containerStatuses: [{ state: { waiting: { reason, message: 'not found' } } }] },
    })
    const before = [state('ErrImagePull')]
    const now = { items: [state('ContainerCreating'), { ...state('x'), metadata: { name: 'foreign' } }] }
    expect(jq(`merge($p; ${JSON.stringify(before)}; ["a"])`, now)).toEqual(before)
  })

  test('of an answer grows no longer than the kubelet lets it', () => {
    const message = '\u0001"\\é\u{1f600}\u007f\n'.repeat(2000)
    const [carried] = jq<KubePod[]>('map(pod)', [
      {
        metadata: { name: 'a' },
        status: { containerStatuses: [{ state: { terminated: { exitCode: 0, message } } }] },
      },
    ])
    const answer = carried?.status?.containerStatuses?.[0]?.state?.terminated?.message ?? ''
    expect(Array.from(answer)).toHaveLength(4097)
    expect(answer).toBe(printable(answer))
  })
})

function kindAndWords(each: KubePod): unknown {
  const state = stateOf(each)
  return state.kind === 'answered' ? { ...state, message: printable(state.message) } : state
}

function printable(message: string): string {
  // A character that JSON writes with six bytes travels as a soft hyphen; a lone surrogate cannot travel.
  const long = (code: number) => (code < 32 && code !== 10) || code === 127
  const characters = Array.from(message, (each) => (long(each.codePointAt(0) ?? 0) ? '\u00ad' : each))
  return characters.join('').toWellFormed()
}
