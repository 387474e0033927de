import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { type CommandAnswer, parseAnswer } from '../../../src/node/by-command/answer.ts'
import { outcomeIn } from '../../../src/node/by-command/outcomes.ts'
import { kubectlError, recordedApi } from '../../../src/node/by-command/recorded-api.ts'

const nodes = ['a', 'b', 'c']
const pod = (node: string) => ({
  metadata: { name: `pod-${node}` },
  spec: { nodeName: node, hostNetwork: true },
  status: {
    containerStatuses: [{ name: 'auditor', state: { terminated: { exitCode: 0, message: `of ${node}\n` } } }],
  },
})

function output(lines: object[]): string {
  return [...lines, { kind: 'end', lines: lines.length }].map((line) => `${JSON.stringify(line)}\n`).join('')
}

const head = [
  { kind: 'begin', format: 1, run: 'run-1' },
  { kind: 'listed', nodes: 3, rest: 0 },
  ...nodes.map((name) => ({ kind: 'node', node: { metadata: { name } } })),
  ...nodes.map((node) => ({ kind: 'pod-planned', pod: `pod-${node}`, node })),
]
const whole = output([
  ...head,
  ...nodes.map((node) => ({ kind: 'pod', pod: pod(node) })),
  { kind: 'removed', left: [] },
  { kind: 'services-listed' },
  { kind: 'daemonset', name: 'kube-proxy' },
])

const options = { namespace: 'kube-system', nodeTimeoutSeconds: 60, cut: true }
const outcomesOf = (answer: CommandAnswer) => nodes.map((node) => outcomeIn(answer, node, options))

describe('the output of a command', () => {
  test('that is whole gives each node its answer', () => {
    const answer = parseAnswer(whole, 'run-1')
    expect(answer.complete).toBe(true)
    expect(outcomesOf(answer)).toEqual(nodes.map((node) => ({ kind: 'answered', message: `of ${node}\n` })))
  })

  test('that is cut anywhere gives no node an answer that is not its own and whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (end) => {
        const kept = whole.slice(0, end)
        let answer: CommandAnswer
        try {
          answer = parseAnswer(kept, 'run-1')
        } catch (error) {
          return expect(error).toMatchObject({ name: 'UserError' })
        }
        expect(answer.complete).toBe(false)
        for (const [index, outcome] of outcomesOf(answer).entries()) {
          const node = nodes[index] ?? ''
          const there = kept.includes(`${JSON.stringify({ kind: 'pod', pod: pod(node) })}\n`)
          expect(outcome.kind).toBe(there ? 'answered' : 'failed')
        }
      }),
      { numRuns: 300 },
    )
  })

  test.each([
    ['is empty', ''],
    ['is of a shell without jq', 'sweep.sh: 10: jq: not found\n'],
    ['is of another run', whole.replace('run-1', 'run-2')],
    ['is of another format', whole.replace('"format":1', '"format":2')],
    ['misses a node of its list', whole.replace(/.*"kind":"node".*\n/, '')],
    ['tells a node twice', whole.replace(/(.*"kind":"node".*\n)/, '$1$1')],
  ])('that %s is refused', (_what, text) => {
    expect(() => parseAnswer(text, 'run-1')).toThrow(/no list of nodes that is whole/)
  })

  test('never throws anything but an error for the user, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.json(), fc.string(), fc.constantFrom(...whole.split('\n')))),
        (lines) => {
          try {
            const answer = parseAnswer(
              `${head.map((line) => JSON.stringify(line)).join('\n')}\n${lines.join('\n')}`,
              'run-1',
            )
            outcomesOf(answer)
          } catch (error) {
            expect(error).toMatchObject({ name: 'UserError' })
          }
        },
      ),
    )
  })

  test('is not read beyond its bounds', () => {
    const long = { kind: 'pod', pod: { ...pod('a'), junk: 'x'.repeat(70_000) } }
    const answer = parseAnswer(output([...head, long]), 'run-1')
    expect(answer.pods.size).toBe(0)
    expect(answer.complete).toBe(false)
  })
})

describe('a node of which the output has no pod', () => {
  const of = (...lines: object[]) =>
    outcomeIn(parseAnswer(output([...head, ...lines]), 'run-1'), 'b', options)
  const refused = (text: string) => of({ kind: 'refused', call: 'create', text })

  test('was silent where nothing else is told', () => {
    expect(of()).toEqual({ kind: 'failed', why: 'its pod was deleted before it answered', silent: true })
  })

  test('has the words about its own pod where kubectl names it', () => {
    const text = [
      'Error from server (Forbidden): error when creating "pods.json": pods "pod-a" is forbidden: exceeded quota: q, requested: pods=1',
      'Error from server (AlreadyExists): error when creating "pods.json": pods "pod-b" already exists',
    ].join('\n')
    expect(refused(text)).toMatchObject({
      kind: 'failed',
      why: expect.stringMatching(/pod-b" already exists/),
    })
  })

  test('has the words about no pod where a policy refused it', () => {
    const text =
      'Error from server: error when creating "pods.json": admission webhook "validation.gatekeeper.sh" denied the request: [azurepolicy] no host network\n'
    expect(refused(text)).toMatchObject({
      kind: 'failed',
      why: expect.stringMatching(/^a policy of the cluster refused the pod: .*no host network/),
      next: expect.stringContaining('Exempt the label'),
    })
  })

  test('says which right is missing where the pods could not be followed', () => {
    const text =
      'Error from server (Forbidden): pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "kube-system"'
    expect(of({ kind: 'refused', call: 'pods', text })).toMatchObject({
      kind: 'failed',
      why: expect.stringMatching(/^no right to pods\/list in "kube-system"/),
    })
  })

  test('is not given the pod of another node', () => {
    const foreign = { ...pod('b'), spec: { nodeName: 'a', hostNetwork: true } }
    expect(of({ kind: 'pod', pod: foreign })).toMatchObject({ kind: 'failed' })
  })
})

describe('a refusal in the words of kubectl', () => {
  test.each([
    ['Error from server (NotFound): daemonsets.apps "cilium" not found', 404, 'NotFound'],
    ['Error from server (Forbidden): nodes is forbidden', 403, 'Forbidden'],
    ['error: You must be logged in to the server (Unauthorized)', 401, 'Unauthorized'],
    ['The Pod "x" is invalid: spec.hostNetwork: Forbidden', 422, 'Invalid'],
    ['Error from server (BadRequest): unable to parse requirement', 400, 'BadRequest'],
    ['Unable to connect to the server: dial tcp: i/o timeout', undefined, undefined],
    ['Error from server: etcdserver: request timed out', undefined, undefined],
  ])('%s', (text, status, reason) => {
    const error = kubectlError(`${text}\n`, 'GET /x')
    expect([error.status, error.reason]).toEqual([status, reason])
    expect(error.message).toContain(text.replace(/^Error from server(?: \(\w+\))?: /, ''))
  })
})

describe('what a command brought along', () => {
  const api = (...lines: object[]) =>
    recordedApi(parseAnswer(output([...head, ...lines]), 'run-1'), 'https://x')

  test('tells what is there from what is refused and what was cut off', async () => {
    const recorded = api(
      { kind: 'daemonset', name: 'kube-proxy' },
      { kind: 'refused', call: 'daemonsets/cilium', text: 'Error from server (NotFound): not found' },
    )
    const get = (path: string) => recorded.request({ method: 'GET', path })
    const daemonSets = '/apis/apps/v1/namespaces/kube-system/daemonsets'
    await expect(get(`${daemonSets}/kube-proxy`)).resolves.toMatchObject({ metadata: { name: 'kube-proxy' } })
    await expect(get(`${daemonSets}/cilium`)).rejects.toMatchObject({ status: 404 })
    await expect(get('/api/v1/services')).rejects.toMatchObject({ name: 'KubeError', status: undefined })
    await expect(get('/api/v1/secrets')).rejects.toMatchObject({ name: 'KubeError' })
  })
})
