import { afterEach, describe, expect, test } from '@jest/globals'
import { startAks } from './aks.ts'
import { clientOf, podNamed } from './test-client.ts'
import type { AksOptions, KubeObject, Pod, SmallAks } from './types.ts'

let aks: SmallAks | undefined

afterEach(() => aks?.stop())

async function create(
  options: AksOptions,
  namespace: string,
  pod: object,
): Promise<{ status: number; message: string }> {
  aks ??= await startAks({ nodes: [], ...options })
  const client = clientOf(aks)
  const { status, body } = await client.call<{ message: string }>(
    'POST',
    `/api/v1/namespaces/${namespace}/pods`,
    pod,
  )
  client.close()
  return { status, message: body.message }
}

afterEach(() => {
  aks = undefined
})

function namespace(name: string, level: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': level } },
  }
}

function container(securityContext: object): object {
  return { containers: [{ name: 'c', image: 'x:1', securityContext }] }
}

const auditor = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  ...container({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }),
}

describe('namespaces', () => {
  test('that are not there are 404', async () => {
    expect(await create({}, 'gone', podNamed('x'))).toEqual({
      status: 404,
      message: 'namespaces "gone" not found',
    })
  })

  test('that are being terminated take nothing new', async () => {
    aks = await startAks({
      objects: [namespace('old', 'privileged')],
      nodes: [{ name: 'a', state: { answer: '' }, fault: 'dead' }],
    })
    aks.store.create<Pod>('pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'stays', namespace: 'old' },
      spec: { nodeName: 'a', containers: [] },
      status: {},
    })
    aks.store.delete('namespaces', '', 'old')
    expect(await create({}, 'old', podNamed('x'))).toEqual({
      status: 403,
      message:
        'pods "x" is forbidden: unable to create new content in namespace old because it is being terminated',
    })
  })
})

describe('Pod Security', () => {
  test('baseline refuses host network and privilege', async () => {
    const pod = podNamed('x', {}, { hostNetwork: true, ...container({ privileged: true }) })
    expect(await create({ objects: [namespace('safe', 'baseline')] }, 'safe', pod)).toEqual({
      status: 403,
      message:
        'pods "x" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true), privileged (container "c" must not set securityContext.privileged=true)',
    })
  })

  test('restricted names everything that a plain pod lacks', async () => {
    expect(await create({ objects: [namespace('safe', 'restricted')] }, 'safe', podNamed('x'))).toEqual({
      status: 403,
      message:
        'pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "main" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "main" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "main" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "main" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    })
  })

  test('restricted lets a pod pass that asks for nothing', async () => {
    const pod = podNamed('x', {}, auditor)
    expect((await create({ objects: [namespace('safe', 'restricted')] }, 'safe', pod)).status).toBe(201)
  })

  test('restricted refuses an otherwise meek pod for its host network alone', async () => {
    const pod = podNamed('x', {}, { ...auditor, hostNetwork: true })
    expect((await create({ objects: [namespace('safe', 'restricted')] }, 'safe', pod)).message).toBe(
      'pods "x" is forbidden: violates PodSecurity "restricted:latest": host namespaces (hostNetwork=true)',
    )
  })
})

describe('quotas', () => {
  const quota = (hard: Record<string, string>): KubeObject =>
    ({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'q', namespace: 'team' },
      spec: { hard },
    }) as KubeObject

  test('refuse the pod that is one too many, with what is used', async () => {
    const objects = [quota({ pods: '1' })]
    expect((await create({ objects }, 'team', podNamed('one'))).status).toBe(201)
    expect(await create({ objects }, 'team', podNamed('two'))).toEqual({
      status: 403,
      message: 'pods "two" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
    })
  })

  test('refuse a pod that does not say what it needs', async () => {
    expect((await create({ objects: [quota({ 'limits.cpu': '1' })] }, 'team', podNamed('x'))).message).toBe(
      'pods "x" is forbidden: failed quota: q: must specify limits.cpu for: main',
    )
  })
})

describe("the owner's rules", () => {
  const admit: AksOptions['admit'] = ({ resource, operation, object }) => {
    if (resource !== 'pods' || operation !== 'CREATE') return undefined
    const { spec } = object as Pod
    return spec.nodeName === 'b' && spec.containers.some(({ securityContext }) => securityContext?.privileged)
      ? {
          webhook: 'validation.gatekeeper.sh',
          message: '[azurepolicy-k8sazurev2noprivilege] Privileged container is not allowed: c',
        }
      : undefined
  }

  test('refuse in the words of a webhook, and only what they are about', async () => {
    const pod = (name: string, nodeName: string) =>
      podNamed(name, {}, { nodeName, ...container({ privileged: true }) })
    expect(await create({ admit }, 'kube-system', pod('x', 'b'))).toEqual({
      status: 403,
      message:
        'admission webhook "validation.gatekeeper.sh" denied the request: [azurepolicy-k8sazurev2noprivilege] Privileged container is not allowed: c',
    })
    expect((await create({ admit }, 'kube-system', pod('y', 'a'))).status).toBe(201)
  })
})
