import { describe, expect, test } from '@jest/globals'
import { KubeError } from '../../src/cluster/kube-api.ts'
import {
  explainForbidden,
  explainUnauthorized,
  missingRight,
  rightName,
} from '../../src/cluster/permissions.ts'

const forbidden = (message: string, status = 403) =>
  new KubeError(`POST /x: 403 Forbidden: ${message}`, { call: 'POST /x', status, reason: 'Forbidden' })

describe('a 403 names the right that is missing', () => {
  test.each([
    [
      'pods is forbidden: User "ci" cannot create resource "pods" in API group "" in the namespace "kube-system"',
      'pods/create in "kube-system"',
    ],
    [
      'nodes is forbidden: User "ci" cannot list resource "nodes" in API group "" at the cluster scope',
      'nodes/list in the whole cluster',
    ],
    [
      'daemonsets.apps "x" is forbidden: User "ci" cannot patch resource "daemonsets" in API group "apps" in the namespace "n"',
      'daemonsets.apps/patch in "n"',
    ],
    [
      'pods "p" is forbidden: User "a \\"b\\" c" cannot create resource "pods/eviction" in API group "" in the namespace "n"',
      'pods/eviction/create in "n"',
    ],
  ])('%s', (message, name) => {
    const right = missingRight(forbidden(message))
    expect(right && rightName(right)).toBe(name)
  })

  test('with the commands that give it', () => {
    const error = explainForbidden(
      forbidden(
        'pods is forbidden: User "system:serviceaccount:ci:bot" cannot create resource "pods" in API group "" in the namespace "kube-system"',
      ),
    )
    expect(error?.message).toBe(
      'The user "system:serviceaccount:ci:bot" lacks the right pods/create in "kube-system".',
    )
    expect(error?.next.split('\n').slice(1)).toEqual([
      'kubectl create role aks-connection-health-create-pods --namespace kube-system --verb create --resource pods',
      'kubectl create rolebinding aks-connection-health-create-pods --namespace kube-system --role aks-connection-health-create-pods --serviceaccount ci:bot',
    ])
  })

  test('for the whole cluster with a ClusterRole, and with the API group', () => {
    const error = explainForbidden(
      forbidden(
        'x is forbidden: User "ci@example.com" cannot list resource "daemonsets" in API group "apps" at the cluster scope',
      ),
    )
    expect(error?.next).toContain(
      'create clusterrole aks-connection-health-list-daemonsets --verb list --resource daemonsets.apps',
    )
    expect(error?.next).toContain('--clusterrole aks-connection-health-list-daemonsets --user ci@example.com')
  })

  test('and a name that would do something in a shell is quoted', () => {
    const error = explainForbidden(
      forbidden(
        `x is forbidden: User "a'; reboot #" cannot list resource "nodes" in API group "" at the cluster scope`,
      ),
    )
    expect(error?.next).toContain(`--user 'a'\\''; reboot #'`)
  })

  test('and speaks of a role assignment where Azure decides', () => {
    const error = explainForbidden(
      forbidden(
        'nodes is forbidden: User "guid" cannot list resource "nodes" in API group "" at the cluster scope: User does not have access to the resource in Azure. Update role assignment to allow access.',
      ),
    )
    expect(error?.next).toContain('Azure RBAC for Kubernetes')
    expect(error?.next).not.toContain('kubectl')
  })
})

test('a caller whom the API server takes for nobody has no credentials, rather than no rights', () => {
  const text = 'User "system:anonymous" cannot list resource "nodes" in API group "" at the cluster scope'
  expect(explainForbidden(forbidden(text))?.message).toContain('does not accept the credentials')
})

describe('no missing right is read into', () => {
  test.each([
    [
      'a refusal by Pod Security',
      'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces',
    ],
    ['a quota', 'pods "p" is forbidden: exceeded quota: q, requested: pods=1, used: pods=4, limited: pods=4'],
    ['a policy', 'admission webhook "x" denied the request'],
  ])('%s', (_name, message) => {
    expect(explainForbidden(forbidden(message))).toBeUndefined()
  })

  test('another status', () => {
    const text = 'User "ci" cannot list resource "nodes" in API group "" at the cluster scope'
    expect(explainForbidden(forbidden(text, 500))).toBeUndefined()
  })
})

test('a 401 says that the credentials are not accepted', () => {
  const error = new KubeError('GET /version: 401 Unauthorized', { call: 'GET /version', status: 401 })
  expect(explainUnauthorized(error)?.message).toContain('does not accept the credentials')
  expect(explainUnauthorized(forbidden('x'))).toBeUndefined()
})
