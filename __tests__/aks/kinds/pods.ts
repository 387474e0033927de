import { isDeepStrictEqual } from 'node:util'
import type { Container, Pod, PodSpec, Toleration } from '../objects.ts'
import type { FieldProblem } from '../status.ts'
import { defaultPodSpec, podSpecProblems } from './pod-spec.ts'
import { type KindRules, labelProblems, nameProblems } from './rules.ts'

export const podRules: KindRules = {
  required: ['spec.containers'],
  prepareCreate: (object) => preparePod(object as Pod),
  prepareUpdate: (next, old) => ({ ...next, status: (old as Pod).status }) as Pod,
  validate: (object, old) => podProblems(object as Pod, old as Pod | undefined),
}

const priorities: Record<string, number> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
}

function preparePod(pod: Pod): Pod {
  const account = pod.spec.serviceAccountName || 'default'
  const spec: PodSpec = {
    ...defaultPodSpec(pod.spec),
    serviceAccountName: account,
    serviceAccount: account,
    enableServiceLinks: pod.spec.enableServiceLinks ?? true,
    preemptionPolicy: pod.spec.preemptionPolicy ?? 'PreemptLowerPriority',
    priority: priorities[pod.spec.priorityClassName ?? ''] ?? 0,
    tolerations: withDefaultTolerations(pod.spec.tolerations ?? []),
  }
  return { ...pod, spec, status: { phase: 'Pending', qosClass: qosClass(spec.containers) } }
}

function withDefaultTolerations(tolerations: Toleration[]): Toleration[] {
  const missing = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].filter(
    (key) =>
      !tolerations.some(
        (toleration) =>
          (!toleration.key || toleration.key === key) &&
          (!toleration.effect || toleration.effect === 'NoExecute'),
      ),
  )
  return [
    ...tolerations,
    ...missing.map((key) => ({
      key,
      operator: 'Exists' as const,
      effect: 'NoExecute',
      tolerationSeconds: 300,
    })),
  ]
}

function qosClass(containers: Container[]): string {
  const all = containers.map((container) => container.resources ?? {})
  if (all.every(({ requests, limits }) => !Object.keys({ ...requests, ...limits }).length))
    return 'BestEffort'
  const guaranteed = all.every(
    ({ requests, limits }) =>
      limits?.cpu &&
      limits.memory &&
      (requests?.cpu ?? limits.cpu) === limits.cpu &&
      (requests?.memory ?? limits.memory) === limits.memory,
  )
  return guaranteed ? 'Guaranteed' : 'Burstable'
}

function podProblems(pod: Pod, old: Pod | undefined): FieldProblem[] {
  const labels = labelProblems(pod.metadata.labels, 'metadata.labels')
  if (old) return [...labels, ...updateProblems(pod.spec, old.spec)]
  return [...nameProblems(pod, 'subdomain'), ...labels, ...podSpecProblems(pod.spec, 'spec')]
}

const updateText =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

function updateProblems(spec: PodSpec, old: PodSpec): FieldProblem[] {
  const fixed = (value: PodSpec) => ({
    ...value,
    activeDeadlineSeconds: undefined,
    tolerations: undefined,
    containers: value.containers.map((container) => ({ ...container, image: '' })),
    initContainers: value.initContainers?.map((container) => ({ ...container, image: '' })),
  })
  return isDeepStrictEqual(fixed(spec), fixed(old))
    ? []
    : [{ field: 'spec', type: 'Forbidden', detail: updateText }]
}
