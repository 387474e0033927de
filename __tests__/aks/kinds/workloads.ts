/** DaemonSets, Deployments, ReplicaSets, StatefulSets. */
import { isDeepStrictEqual } from 'node:util'
import type { KubeObject, LabelSelector, PodTemplate } from '../objects.ts'
import { matchesSelector } from '../selectors.ts'
import type { FieldProblem } from '../status.ts'
import { defaultPodSpec, podSpecProblems } from './pod-spec.ts'
import { type KindRules, labelProblems, nameProblems } from './rules.ts'

export interface Workload extends KubeObject {
  spec: {
    replicas?: number
    selector: LabelSelector
    template: PodTemplate
    updateStrategy?: {
      type?: string
      rollingUpdate?: { maxUnavailable?: number | string; maxSurge?: number | string }
    }
    revisionHistoryLimit?: number
    minReadySeconds?: number
    [field: string]: unknown
  }
  status: Record<string, unknown>
}

const daemonSetStatus = {
  currentNumberScheduled: 0,
  numberMisscheduled: 0,
  desiredNumberScheduled: 0,
  numberReady: 0,
}

const required = ['spec.selector', 'spec.template.spec.containers']

export const daemonSetRules: KindRules = {
  required,
  prepareCreate: (object) =>
    ({ ...defaultDaemonSet(object as Workload), status: daemonSetStatus }) as Workload,
  prepareUpdate: (next, old) =>
    ({ ...defaultDaemonSet(next as Workload), status: (old as Workload).status }) as Workload,
  validate: (object, old) => workloadProblems(object as Workload, old as Workload | undefined),
}

export const replicatedRules: KindRules = {
  required,
  prepareCreate: (object) =>
    ({ ...defaultReplicas(object as Workload), status: { replicas: 0 } }) as Workload,
  prepareUpdate: (next, old) =>
    ({ ...defaultReplicas(next as Workload), status: (old as Workload).status }) as Workload,
  validate: (object, old) => workloadProblems(object as Workload, old as Workload | undefined),
}

function defaultTemplate(template: PodTemplate): PodTemplate {
  return { ...template, spec: defaultPodSpec(template.spec) }
}

function defaultDaemonSet(object: Workload): Workload {
  const { spec } = object
  const strategy = spec.updateStrategy ?? {}
  const type = strategy.type ?? 'RollingUpdate'
  return {
    ...object,
    spec: {
      ...spec,
      template: defaultTemplate(spec.template),
      updateStrategy: {
        type,
        ...(type === 'RollingUpdate' && {
          rollingUpdate: { maxUnavailable: 1, maxSurge: 0, ...strategy.rollingUpdate },
        }),
      },
      revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
    },
  }
}

function defaultReplicas(object: Workload): Workload {
  const { spec } = object
  return {
    ...object,
    spec: { ...spec, replicas: spec.replicas ?? 1, template: defaultTemplate(spec.template) },
  }
}

function workloadProblems(object: Workload, old: Workload | undefined): FieldProblem[] {
  const { selector, template } = object.spec
  const labels = template.metadata?.labels ?? {}
  const at = 'spec.template.spec'
  const problems: FieldProblem[] = [
    ...(old ? [] : nameProblems(object, 'subdomain')),
    ...labelProblems(object.metadata.labels, 'metadata.labels'),
    ...labelProblems(labels, 'spec.template.metadata.labels'),
    ...podSpecProblems(template.spec, at),
  ]
  if (!matchesSelector(selector, labels)) {
    problems.push({
      field: 'spec.template.metadata.labels',
      type: 'Invalid value',
      value: labels,
      detail: '`selector` does not match template `labels`',
    })
  }
  if (old && !isDeepStrictEqual(selector, old.spec.selector)) {
    problems.push({
      field: 'spec.selector',
      type: 'Invalid value',
      value: selector,
      detail: 'field is immutable',
    })
  }
  const { restartPolicy, activeDeadlineSeconds } = template.spec
  if (restartPolicy !== 'Always') {
    problems.push({
      field: `${at}.restartPolicy`,
      type: 'Unsupported value',
      value: restartPolicy,
      detail: 'supported values: "Always"',
    })
  }
  if (activeDeadlineSeconds !== undefined) {
    problems.push({
      field: `${at}.activeDeadlineSeconds`,
      type: 'Forbidden',
      detail: `activeDeadlineSeconds in ${object.kind === 'DaemonSet' ? 'DaemonSet' : 'ReplicaSet'} is not Supported`,
    })
  }
  return problems
}
