import { describe, expect, test } from '@jest/globals'
import { KubeError } from '../../src/cluster/kube-api.ts'
import { refusalOf } from '../../src/node/refusal.ts'

const call = 'POST /api/v1/namespaces/kube-system/pods'
const refused = (status: number | undefined, reason: string | undefined, message: string) =>
  refusalOf(new KubeError(`${call}: ${message}`, { call, status, reason }), 'kube-system')

describe('a pod that was not created', () => {
  test('for want of a right names verb, resource and namespace, and what to grant', () => {
    const text =
      'pods is forbidden: User "audit" cannot create resource "pods" in API group "" in the namespace "kube-system"'
    const { why, next, alike } = refused(403, 'Forbidden', text)
    expect(why).toContain('no right to pods/create in "kube-system"')
    expect(why).toContain('User "audit"')
    expect(next).toContain('deletecollection')
    expect(alike).toBe('all')
  })

  test('by a policy against hostPID says that only pod-detail needs it', () => {
    const told = (what: string) =>
      refused(
        403,
        'Forbidden',
        `admission webhook "x" denied the request: [azurepolicy-x] ${what} is not allowed`,
      ).next
    expect(told('Sharing the host process ID namespace')).toContain('Only pod-detail needs hostPID')
    expect(told('host network')).not.toContain('pod-detail')
  })

  test.each([
    [
      'Pod Security',
      403,
      'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
      'pod-security.kubernetes.io/enforce=privileged',
      'all',
    ],
    [
      'a quota',
      403,
      'pods "p" is forbidden: exceeded quota: small, requested: pods=1, used: pods=5, limited: pods=5',
      'quota',
      'all',
    ],
    [
      'a policy',
      403,
      'admission webhook "validation.gatekeeper.sh" denied the request: [azurepolicy-x] host network is not allowed',
      'policy',
      'maybe',
    ],
    [
      'an admission policy',
      422,
      "pods \"p\" is forbidden: ValidatingAdmissionPolicy 'x' with binding 'y' denied request: no",
      'policy',
      'maybe',
    ],
    [
      'a namespace that is going',
      403,
      'unable to create new content in namespace kube-system because it is being terminated',
      'Name another namespace',
      'all',
    ],
    [
      'a namespace that is new',
      403,
      'pods "p" is forbidden: error looking up service account kube-system/default: serviceaccount "default" not found',
      'run again',
      'all',
    ],
    ['a field', 422, 'Pod "p" is invalid: spec.containers[0].image: Required value', 'which field', 'maybe'],
  ])('because of %s says so in the words of the server, and what to do', (_by, status, text, hint, alike) => {
    const refusal = refused(status, 'Forbidden', text)
    expect(`${refusal.why} ${refusal.next}`).toContain(hint)
    expect(refusal.alike).toBe(alike)
    if (!text.includes('being terminated')) expect(refusal.why).toContain(text)
  })

  test('because the namespace is missing names it and the input', () => {
    expect(refused(404, 'NotFound', 'namespaces "kube-system" not found')).toEqual({
      why: 'the namespace "kube-system" does not exist',
      next: expect.stringContaining('"namespace"'),
      alike: 'all',
    })
  })

  test.each([
    ['was not reached', undefined, 'connect ECONNREFUSED'],
    ['did not create its pod', 503, 'etcdserver: request timed out'],
  ])('because the API server %s says nothing about other nodes', (words, status, text) => {
    const refusal = refused(status, undefined, text)
    expect(refusal.why).toContain(words)
    expect(refusal.alike).toBe('one')
  })
})
