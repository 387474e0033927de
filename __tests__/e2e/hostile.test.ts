import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { githubHtml } from '../../scripts/gfm.ts'
import { readActionFile } from '../../scripts/run-action.ts'
import type { KubeNode, SmallAks } from '../aks/aks.ts'
import { annotationsOf, answeringNodes, runAll } from './runs.ts'
import { type CheckResult, check, cluster, podsLeft } from './support.ts'

jest.setTimeout(120_000)

/** What a node, a name or an error may try. */
const tries = {
  commands: '::error::forged\n  ::set-output name=verdict::healthy\n::stop-commands::x\n::add-mask::healthy',
  'old-commands': '##[error]forged\nx ##[set-output name=verdict;]healthy\n##[add-mask]healthy',
  files: 'verdict<<ghadelimiter_1\nhealthy\nghadelimiter_1\n',
  lines: 'x\r::error::forged\u2028::error::forged\u0085::error::forged\u000b::error::forged',
  control: '\u0000\u0007\u001b[2J\u001b[31mHealthy\u001b]8;;https://evil.example\u0007 \u202eyhtlaeh',
  headings: '\n# Healthy\n## ✅ Healthy\nHealthy\n=======\n\n| a | b |\n|---|---|\n| c | d |\n',
  html: '</code></table></details><h1>Healthy</h1><img src=x onerror=alert(1)><script>alert(1)</script>',
  links:
    '[click](https://evil.example) <https://evil.example> www.evil.example @octocat #1 ![x](https://evil.example/x.png)',
  code: '```\n</code>`<h1>Healthy</h1>`\n~~~\n    $x^2$ :tada: <!-- <details>',
  garbage: Buffer.from(Array.from({ length: 600 }, (_, index) => (index * 37) % 256)).toString('latin1'),
  long: 'Ünïcödé '.repeat(700),
}
const all = Object.values(tries).join('\n')

/** Where the text comes from; each is a user of its own. */
const sources = ['answers', 'names', 'refusals', 'failures'] as const
type Source = (typeof sources)[number]

let aks: SmallAks
let runOf: (name: string) => CheckResult

beforeAll(async () => {
  const hostile = Object.entries(tries).map(([name, message]) => ({
    name: `says-${name}`,
    pool: 'np1',
    fault: { message },
  }))
  const rules = [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ]
  aks = await cluster({
    nodes: [...(await answeringNodes('good', ...hostile)), { name: 'not-ready', ready: false }],
    users: sources.map((name) => ({ name, rules })),
    admit: ({ user, operation }) =>
      user.name === 'refusals' && operation === 'CREATE' ? { webhook: 'evil', message: all } : undefined,
  })
  aks.store.patch('nodes', '', 'not-ready', {
    status: {
      conditions: [{ type: 'Ready', status: 'False', reason: all, message: all, lastTransitionTime: all }],
    },
  })
  const say = (user: Source, path: RegExp, status: number, body: unknown) =>
    aks.misbehave({ match: { user, path }, do: { status, body } })
  say('names', /\/version/, 200, { gitVersion: all })
  say('names', /\/nodes\?/, 200, { metadata: { resourceVersion: '1' }, items: hostileNodes() })
  say('names', /\/services\?/, 200, { metadata: {}, items: hostileServices() })
  say('failures', /\/nodes\?/, 403, { message: all, reason: all, code: 403 })
  runOf = await runAll({
    answers: () => check(aks, {}, { user: 'answers' }),
    names: () => check(aks, { 'conntrack-warning-percent': '0.01' }, { user: 'names' }),
    refusals: () => check(aks, { 'node-pools': 'np1' }, { user: 'refusals' }),
    failures: () => check(aks, { 'node-selector': 'a=b' }, { user: 'failures' }),
  })
})
afterAll(() => aks.stop())

/** Nodes whose every text is hostile; one that answers and breaches, so that services are told of, too. */
function hostileNodes(): unknown[] {
  const real = aks.store.get<KubeNode>('nodes', '', 'good')
  const named = Object.values(tries).flatMap((text) => {
    const metadata = { name: text, labels: { agentpool: text, 'kubernetes.io/hostname': text } }
    const taints = [{ key: text, value: text, effect: 'NoSchedule' }]
    const nodeInfo = { operatingSystem: 'linux', osImage: text }
    const status = { ...real?.status, nodeInfo, addresses: [{ type: 'InternalIP', address: text }] }
    const windows = { ...status, nodeInfo: { ...nodeInfo, operatingSystem: 'windows' } }
    return [
      { metadata, spec: { taints }, status },
      { metadata: { ...metadata, name: `${text} w` }, spec: { taints }, status: windows },
    ]
  })
  return [real, ...named]
}

function hostileServices(): unknown[] {
  return Object.values(tries).map((text) => ({
    metadata: { name: text, namespace: text, resourceVersion: text },
    spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Cluster', clusterIP: text },
  }))
}

describe.each(sources)('hostile text in %s', (source) => {
  test('is told, and does not pass for healthy', () => {
    const { status, outputs, log, summary } = runOf(source)
    expect([status, outputs.verdict]).toEqual([1, 'unknown'])
    for (const text of [log, summary]) expect(text).toContain('forged')
  })

  test('is no workflow command', () => {
    const run = runOf(source)
    const commands = commandsIn(run.log)
    const allowed = ['add-mask', 'debug', 'endgroup', 'error', 'group', 'warning']
    expect([...new Set(commands.map(({ name }) => name))].filter((name) => !allowed.includes(name))).toEqual(
      [],
    )
    const token = /token: (\S+)/.exec(aks.kubeconfig(source))?.[1]
    expect(commands.filter(({ name }) => name === 'add-mask').map(({ data }) => data)).toEqual([token])
    for (const { level, title } of annotationsOf(run.log)) {
      expect(`${level}: ${title}`).toMatch(/^(error: Unknown|warning: Warning): [a-z ]+( \([a-z-]+\))?$/)
    }
    expect(annotationsOf(run.log).length).toBeLessThanOrEqual(10)
  })

  test('cannot colour, clear or reorder the log', () => {
    expect(runOf(source).log.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  })

  test('sets no output and no state', () => {
    const { outputs, state } = runOf(source)
    expect(Object.keys(outputs).toSorted()).toEqual(Object.keys(readActionFile().outputs).toSorted())
    expect(outputs['nodes-breached']).toBe(source === 'names' ? '["good"]' : '[]')
    expect(JSON.parse(outputs.findings ?? '')).toMatchObject({ omitted: 0 })
    expect(Object.keys(state).toSorted()).toEqual(['clean', 'is-post', 'namespace', 'run-id'])
  })

  test('adds no heading, link, picture or script to the summary', async () => {
    const html = await githubHtml(runOf(source).summary)
    const headings = [...html.matchAll(/<h(\d)[^>]*>(.*?)<\/h\1>/gs)].map(
      ([, level, text]) => `${level} ${text}`,
    )
    expect(headings[0]).toMatch(/^2 ❓ Unknown: [\w -]+$/)
    const known =
      /^3 (What to do next|Checks|Notes|Nodes|Nodes that were not read|Nodes out of scope)$|^4 Out of scope$/
    expect(headings.slice(1).filter((heading) => !known.test(heading))).toEqual([])
    expect(html).not.toMatch(/<(script|img|iframe|style|svg)\b/i)
    expect(html).not.toMatch(/href="[^"]*evil/)
    // In a block of code nobody is mentioned.
    expect(html.replaceAll(/<pre>.*?<\/pre>/gs, '')).not.toContain('@octocat')
  })

  test('leaves no pod', () => {
    expect(podsLeft(aks)).toEqual([])
  })
})

/** What the runner takes for a command: it trims lines, and finds the older form anywhere in one. */
function commandsIn(log: string): { name: string; data: string }[] {
  return log.split(/[\r\n\v\f\u0085\u2028\u2029]/).flatMap((line) => {
    const [, name = '', data = ''] = /^\s*::([\w-]*)[^:]*::(.*)$/.exec(line) ?? []
    if (name !== '') return [{ name, data }]
    const [, old] = /##\[([\w-]*)/.exec(line) ?? []
    return old === undefined ? [] : [{ name: `##[${old}`, data: line }]
  })
}

describe('a thousand nodes that each say four thousand bytes of their own', () => {
  let run: CheckResult
  beforeAll(async () => {
    const word = 'x'.repeat(40)
    const nodes = Array.from({ length: 1000 }, (_, index) => ({
      name: `aks-${word}-${index}`,
      pool: `np${index % 200}`,
      state: { answer: `${index} </table><h1>${tries.html}\n${tries.links} `.repeat(60) },
    }))
    await using crowd = await cluster({ nodes })
    run = await check(crowd, { concurrency: '200' })
  })

  test('fill neither the summary nor the outputs beyond what GitHub takes', () => {
    expect(run.outputs).toMatchObject({ verdict: 'unknown', 'nodes-unknown': '1000' })
    expect(Buffer.byteLength(run.summary)).toBeLessThan(2 ** 20)
    expect(run.summary).toContain('Unknown: all 1,000 nodes')
    expect(Object.values(run.outputs).join('').length * 2).toBeLessThan(2 ** 20)
  })

  test('are one annotation of no more than the runner keeps', () => {
    const told = annotationsOf(run.log)
    expect(told).toHaveLength(1)
    expect(told[0]?.message.length).toBeLessThanOrEqual(4096)
  })

  test('are all in the report', () => {
    expect(run.report?.nodes).toHaveLength(1000)
  })
})
