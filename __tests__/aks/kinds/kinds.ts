import type { KubeNode, KubeObject } from '../objects.ts'
import { podRules } from './pods.ts'
import { type KindRules, labelProblems, nameProblems } from './rules.ts'
import { serviceRules } from './services.ts'
import { daemonSetRules, replicatedRules } from './workloads.ts'

const keepStatus: KindRules = {
  prepareUpdate: (next, old) => {
    const { status } = old as KubeObject & { status?: unknown }
    return status === undefined ? next : ({ ...next, status } as KubeObject)
  },
  validate: (object, old) => [
    ...(old ? [] : nameProblems(object, 'subdomain')),
    ...labelProblems(object.metadata.labels, 'metadata.labels'),
  ],
}

const nodeRules: KindRules = {
  ...keepStatus,
  validate: (object) => [
    ...labelProblems(object.metadata.labels, 'metadata.labels'),
    ...((object as KubeNode).spec.taints ?? []).flatMap((taint, index) =>
      ['NoSchedule', 'PreferNoSchedule', 'NoExecute'].includes(taint.effect)
        ? []
        : [
            {
              field: `metadata.taints[${index}].effect`,
              type: 'Unsupported value' as const,
              value: taint.effect,
              detail: 'supported values: "NoExecute", "NoSchedule", "PreferNoSchedule"',
            },
          ],
    ),
  ],
}

const namespaceRules: KindRules = {
  ...keepStatus,
  prepareCreate: (object) =>
    ({
      ...object,
      metadata: {
        ...object.metadata,
        labels: { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name },
      },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    }) as KubeObject,
}

const byResource: Record<string, KindRules> = {
  namespaces: namespaceRules,
  nodes: nodeRules,
  pods: podRules,
  services: serviceRules,
  'daemonsets.apps': daemonSetRules,
  'deployments.apps': replicatedRules,
  'replicasets.apps': replicatedRules,
  'statefulsets.apps': replicatedRules,
}

/** The rules of a resource's kind. */
export function kindRules(resource: string): KindRules {
  return byResource[resource] ?? keepStatus
}
