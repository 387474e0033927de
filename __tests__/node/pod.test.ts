import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { auditorPod, labelValue, type PodOptions, podSelector, tunerPod } from '../../src/node/pod.ts'
import type { NodeInfo } from '../../src/node/reading.ts'

const node: NodeInfo = {
  name: 'aks-np1-0',
  pool: 'np1',
  os: 'linux',
  ready: true,
  schedulable: true,
  taints: [],
}
const options: PodOptions = {
  namespace: 'kube-system',
  image: 'mcr.microsoft.com/azurelinux/busybox:1.36',
  script: 'echo "$PROC"',
  runId: '19876543210-1',
  pass: 'audit-1',
  activeDeadlineSeconds: 60,
  expires: new Date('2026-11-23T09:00:00Z'),
}

test('the auditor has the network of its node and no privilege', () => {
  expect(auditorPod(node, options)).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: expect.stringMatching(/^ach-auditor-aks-np1-0-[0-9a-f]{16}$/),
      namespace: 'kube-system',
      labels: {
        'app.kubernetes.io/managed-by': 'aks-connection-health',
        'app.kubernetes.io/component': 'auditor',
        'app.kubernetes.io/instance': '19876543210-1',
      },
      annotations: {
        'aks-connection-health/expires': '2026-11-23T09:00:00.000Z',
        'cluster-autoscaler.kubernetes.io/safe-to-evict': 'true',
      },
    },
    spec: {
      nodeName: 'aks-np1-0',
      hostNetwork: true,
      dnsPolicy: 'Default',
      restartPolicy: 'Never',
      activeDeadlineSeconds: 60,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      tolerations: [],
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65534,
        runAsGroup: 65534,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: 'auditor',
          image: 'mcr.microsoft.com/azurelinux/busybox:1.36',
          imagePullPolicy: 'IfNotPresent',
          command: ['sh', '-c', 'echo "$PROC"'],
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'FallbackToLogsOnError',
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65534,
            runAsGroup: 65534,
            allowPrivilegeEscalation: false,
            privileged: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '500m', memory: '128Mi' } },
        },
      ],
    },
  })
})

test('the tuner is privileged and has neither a token nor a path of the host', () => {
  const { metadata, spec } = tunerPod(node, options)
  expect(metadata.labels['app.kubernetes.io/component']).toBe('tuner')
  expect(spec).toMatchObject({
    hostNetwork: true,
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 1,
    activeDeadlineSeconds: 60,
    securityContext: { runAsUser: 0 },
    containers: [{ securityContext: { privileged: true, runAsUser: 0, readOnlyRootFilesystem: true } }],
  })
  for (const field of ['volumes', 'hostPID', 'hostIPC', 'priorityClassName'])
    expect(spec).not.toHaveProperty(field)
})

test('each taint of the node is tolerated by its name, once', () => {
  const taints = [
    { key: 'CriticalAddonsOnly', value: 'true', effect: 'NoSchedule' },
    { key: 'kubernetes.azure.com/scalesetpriority', value: 'spot', effect: 'NoSchedule' },
    { key: 'maintenance', effect: 'NoExecute' },
    { key: 'maintenance', value: 'twice', effect: 'NoExecute' },
  ]
  expect(auditorPod({ ...node, taints }, options).spec.tolerations).toEqual([
    { key: 'CriticalAddonsOnly', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'kubernetes.azure.com/scalesetpriority', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'maintenance', operator: 'Exists', effect: 'NoExecute' },
  ])
})

describe('the name of a pod', () => {
  const nameOf = (name: string, other: Partial<PodOptions> = {}) =>
    auditorPod({ ...node, name }, { ...options, ...other }).metadata.name
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
  const nodeName = fc
    .array(label, { minLength: 1, maxLength: 6 })
    .map((parts) => parts.join('.').slice(0, 253))

  test('is a host name for every node', () => {
    fc.assert(
      fc.property(nodeName, fc.string(), (name, runId) => {
        expect(nameOf(name, { runId })).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
      }),
    )
  })

  test('is the same for the same node, run and pass, and another for any other', () => {
    const long = `${'a.'.repeat(120)}0`
    const others = [
      nameOf(long),
      nameOf(`${long}1`),
      nameOf(long.replaceAll('.', '-')),
      nameOf(long, { runId: 'other' }),
      nameOf(long, { pass: 'audit-2' }),
      tunerPod({ ...node, name: long }, options).metadata.name,
    ]
    expect(new Set(others).size).toBe(others.length)
    expect(nameOf(long)).toBe(others[0])
  })
})

test('any run id makes a valid label, and different ones different labels', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      expect(labelValue(one)).toMatch(/^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/)
      if (one !== other) expect(labelValue(one)).not.toBe(labelValue(other))
    }),
  )
})

test('the selector of a run does not mean the pods of a DaemonSet', () => {
  expect(podSelector('r-1')).toBe(
    'app.kubernetes.io/managed-by=aks-connection-health,app.kubernetes.io/component in (auditor,tuner),app.kubernetes.io/instance=r-1',
  )
})
