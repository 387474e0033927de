import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import type { Identity, KubeObject, PolicyRule, SmallAks } from '../aks/aks.ts'
import { expectGolden } from '../support/golden.ts'
import { rightsOf } from './rbac.ts'
import { answeringNodes, runAll, told } from './runs.ts'
import { type CheckResult, check, cluster, podsLeft } from './support.ts'

jest.setTimeout(120_000)

const auditor = rightsOf('auditor-clusterrole.yaml')

/** Everybody may see the version, as in every cluster; `without` is `<resource>/<verb>`. */
function auditorWithout(without?: string): Pick<Identity, 'rules' | 'roles'> {
  const rest = (rules: PolicyRule[]) => rules.map((rule) => lessOf(rule, without))
  return {
    rules: [...rest(auditor.rules), { nonResourceURLs: ['/version'], verbs: ['get'] }],
    roles: auditor.roles.map(({ namespace, rules }) => ({ namespace, rules: rest(rules) })),
  }
}

function lessOf(rule: PolicyRule, without: string | undefined): PolicyRule {
  const verbs = rule.verbs.filter((verb) => !rule.resources?.some((name) => `${name}/${verb}` === without))
  return { ...rule, verbs }
}

/** Every single right in the file. */
const rights = [...auditor.rules, ...auditor.roles.flatMap(({ rules }) => rules)].flatMap(
  ({ resources = [], verbs }) => resources.flatMap((name) => verbs.map((verb) => `${name}/${verb}`)),
)

const without = (right: string) => `without ${right.replace('/', ' ')}`

describe('a check with the rights of deploy/rbac/auditor-clusterrole.yaml', () => {
  let aks: SmallAks
  let runOf: (name: string) => CheckResult

  beforeAll(async () => {
    const users = [undefined, ...rights].map((right) => ({
      name: right ? without(right).replaceAll(' ', '-') : 'auditor',
      ...auditorWithout(right),
    }))
    aks = await cluster({
      nodes: await answeringNodes('aks-np1-0', 'aks-np1-1'),
      users,
      objects: [ofDeadRun()],
    })
    // What a dead run left is there for the user who may not delete it; the first of the others removes it.
    const first = await check(aks, {}, { user: 'without-pods-delete' })
    const rest = await runAll(
      Object.fromEntries(
        [undefined, ...rights].map((right) => {
          const name = right ? without(right) : 'all'
          return [name, () => check(aks, {}, { user: right ? name.replaceAll(' ', '-') : 'auditor' })]
        }),
      ),
    )
    runOf = (name) => (name === 'without pods delete' ? first : rest(name))
  })
  afterAll(() => aks.stop())

  test('has all that it needs, and is refused nothing', () => {
    const run = runOf('all')
    expect([run.status, run.outputs.verdict]).toEqual([0, 'healthy'])
    expect(aks.requests.filter(({ user, status }) => user === 'auditor' && status === 403)).toEqual([])
    expect(run.report?.cluster.kubeProxy).toBe(true)
  })

  test('removes what dead runs have left', () => {
    expect(podsLeft(aks)).toEqual([])
  })

  test.each(rights)('and without %s says that this right is missing', (right) => {
    const { log } = runOf(without(right))
    const [resource = '', verb = ''] = right.split('/')
    const group = resource === 'daemonsets' ? 'daemonsets.apps' : resource
    expect(log).toContain(`${group}/${verb}`)
    expect(log).toMatch(
      ['nodes', 'services'].includes(resource) ? /whole cluster|cluster scope/ : /"kube-system"/,
    )
  })

  test.each(['nodes/list', 'pods/create', 'pods/list', 'pods/watch'])(
    'and without %s cannot judge: unknown, and a failed run',
    (right) => {
      const run = runOf(without(right))
      expect([run.status, run.outputs.verdict]).toEqual([1, 'unknown'])
      expectGolden(`e2e/rights/${without(right).replaceAll(' ', '-')}.txt`, told(run, aks))
    },
  )

  test.each(['services/list', 'daemonsets/get', 'pods/delete', 'pods/deletecollection'])(
    'and without %s still judges the nodes',
    (right) => {
      const run = runOf(without(right))
      expect([run.status, run.outputs.verdict, run.outputs['nodes-checked']]).toEqual([0, 'healthy', '2'])
    },
  )

  test('and without services/list knows nothing of services, and says so in the summary', () => {
    const run = runOf('without services list')
    const finding = run.report?.findings.find(({ check: id }) => id === 'service-policy')
    expect(finding?.status).toBe('unknown')
    expect(run.summary).toContain('services/list')
  })

  test('and without daemonsets/get does not claim to know the dataplane', () => {
    const run = runOf('without daemonsets get')
    expect(run.report?.cluster.kubeProxy).toBeUndefined()
    expect(run.summary).toContain('What carries the traffic of pods is not known')
  })

  test('asks for nothing that the file does not list', () => {
    const listed = new Set(rights)
    const asked = aks.requests
      .filter(({ user, path }) => user === 'auditor' && path !== '/version')
      .map(({ method, path, query }) => rightFor(method, path, query))
    expect([...new Set(asked)].filter((right) => !listed.has(right))).toEqual([])
  })
})

/** The right that a request takes, as Kubernetes' authorization sees it. */
function rightFor(method: string, path: string, query: Record<string, string>): string {
  const [, resource = '', name] = /\/(pods|nodes|services|daemonsets)(?:\/([^/]+))?$/.exec(path) ?? []
  if (method === 'GET' && query.watch !== undefined) return `${resource}/watch`
  if (method === 'GET') return `${resource}/${name ? 'get' : 'list'}`
  if (method === 'DELETE') return `${resource}/${name ? 'delete' : 'deletecollection'}`
  return `${resource}/${{ POST: 'create', PUT: 'update', PATCH: 'patch' }[method] ?? method}`
}

/** A pod whose run has been dead for a day. */
function ofDeadRun(): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'ach-auditor-of-yesterday',
      namespace: 'kube-system',
      labels: {
        'app.kubernetes.io/managed-by': 'aks-connection-health',
        'app.kubernetes.io/component': 'auditor',
        'app.kubernetes.io/instance': 'of-yesterday',
      },
      annotations: { 'aks-connection-health/expires': new Date(Date.now() - 86_400_000).toISOString() },
    },
    spec: {
      containers: [{ name: 'auditor', image: 'busybox' }],
      nodeName: 'aks-np1-0',
      restartPolicy: 'Never',
    },
  } as KubeObject
}
