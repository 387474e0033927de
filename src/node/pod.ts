import { createHash } from 'node:crypto'
import { TERMINATION_LOG } from './frame.sh.ts'
import type { NodeInfo } from './reading.ts'

export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by'
export const MANAGED_BY = 'aks-connection-health'
export const COMPONENT_LABEL = 'app.kubernetes.io/component'
/** Names the run. */
export const INSTANCE_LABEL = 'app.kubernetes.io/instance'
/** When a pod is surely a leftover, ISO 8601: after it no run that is alive still needs the pod. */
export const EXPIRES_ANNOTATION = 'aks-connection-health/expires'

/** The two shapes of a short-lived pod: the auditor may nothing but read, the tuner may write. */
export type Component = 'auditor' | 'tuner'

export interface PodOptions {
  namespace: string
  image: string
  /** POSIX sh. */
  script: string
  /** Names the run; see {@link labelValue}. */
  runId: string
  /** Tells the sweeps of one run apart, so that no name is used twice: `audit-1`, `tune-1`, `audit-2`. */
  pass: string
  /** After so many seconds the kubelet ends the pod, whatever becomes of the run. */
  activeDeadlineSeconds: number
  /** Written into {@link EXPIRES_ANNOTATION}. */
  expires: Date
  /** Auditor only: the processes of the whole node are visible to the pod, which gives no right over them. */
  hostPID?: boolean
}

/** A v1 Pod that is bound to a node by name. */
export interface PodManifest {
  apiVersion: 'v1'
  kind: 'Pod'
  metadata: {
    name: string
    namespace: string
    labels: Record<string, string>
    annotations: Record<string, string>
  }
  spec: Record<string, unknown> & { nodeName: string }
}

/**
 * The pod that reads a node: the host's network namespace and no privilege at all.
 *
 * 10m of CPU is the smallest request that still gets some time on a busy node; the limits are for the walk
 * through the largest tables (4 s of one CPU and 50 MB at 500000 sockets, 0.3 s and 6 MB at 50000).
 */
export function auditorPod(node: NodeInfo, options: PodOptions): PodManifest {
  const user = { runAsNonRoot: true, runAsUser: 65534, runAsGroup: 65534 }
  return boundPod(node, options, {
    component: 'auditor',
    grace: 0,
    podSecurity: { ...user, seccompProfile: { type: 'RuntimeDefault' } },
    containerSecurity: {
      ...user,
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    limits: { cpu: '500m', memory: '128Mi' },
  })
}

/** The pod that writes sysctls of a node: privileged, as /proc/sys is read-only for any other container. */
export function tunerPod(node: NodeInfo, options: PodOptions): PodManifest {
  const user = { runAsUser: 0, runAsGroup: 0 }
  return boundPod(node, options, {
    component: 'tuner',
    grace: 1,
    podSecurity: user,
    containerSecurity: { ...user, privileged: true, readOnlyRootFilesystem: true },
    limits: { cpu: '200m', memory: '64Mi' },
  })
}

interface Shape {
  component: Component
  /** Seconds between the wish that the pod ends and its death; 0 removes it from the API server at once. */
  grace: number
  podSecurity: object
  containerSecurity: object
  limits: { cpu: string; memory: string }
}

function boundPod(node: NodeInfo, options: PodOptions, shape: Shape): PodManifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName(shape.component, node.name, options),
      namespace: options.namespace,
      labels: podLabels(shape.component, options.runId),
      annotations: {
        [EXPIRES_ANNOTATION]: options.expires.toISOString(),
        'cluster-autoscaler.kubernetes.io/safe-to-evict': 'true',
      },
    },
    spec: {
      nodeName: node.name,
      hostNetwork: true,
      ...(shape.component === 'auditor' && options.hostPID === true && { hostPID: true }),
      dnsPolicy: 'Default',
      restartPolicy: 'Never',
      activeDeadlineSeconds: options.activeDeadlineSeconds,
      terminationGracePeriodSeconds: shape.grace,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      tolerations: tolerationsFor(node),
      securityContext: shape.podSecurity,
      containers: [
        {
          name: shape.component,
          image: options.image,
          imagePullPolicy: 'IfNotPresent',
          command: ['sh', '-c', options.script],
          terminationMessagePath: TERMINATION_LOG,
          terminationMessagePolicy: 'FallbackToLogsOnError',
          securityContext: shape.containerSecurity,
          resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: shape.limits },
        },
      ],
    },
  }
}

/** Each taint by its key: some clusters refuse pods that tolerate everything. */
export function tolerationsFor(node: NodeInfo): { key: string; operator: 'Exists'; effect: string }[] {
  const distinct = new Map(node.taints.map(({ key, effect }) => [`${key} ${effect}`, { key, effect }]))
  return [...distinct.values()].map(({ key, effect }) => ({ key, operator: 'Exists', effect }))
}

export function podLabels(component: Component, runId: string): Record<string, string> {
  return {
    [MANAGED_BY_LABEL]: MANAGED_BY,
    [COMPONENT_LABEL]: component,
    [INSTANCE_LABEL]: labelValue(runId),
  }
}

/** Selects the short-lived pods of one run, or of all runs. What a DaemonSet of ours runs is not meant. */
export function podSelector(runId?: string): string {
  const ours = `${MANAGED_BY_LABEL}=${MANAGED_BY},${COMPONENT_LABEL} in (auditor,tuner)`
  return runId === undefined ? ours : `${ours},${INSTANCE_LABEL}=${labelValue(runId)}`
}

/** A run id as a label may hold it: what has another form is cut and carries a hash of the whole. */
export function labelValue(runId: string): string {
  if (/^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/.test(runId)) return runId
  const words = runId
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 46)
  return `${words || 'run'}-${hash(runId)}`
}

/**
 * At most 63 characters, as the name is the pod's host name too: what there is room for of the node's name,
 * for people, and a hash that no other node, run or pass has.
 */
function podName(component: Component, node: string, options: PodOptions): string {
  const room = 63 - `ach-${component}--`.length - 16
  const words = node
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, room)
    .replace(/^-|-$/g, '')
  const unique = hash([component, options.runId, options.pass, node].join('\n'))
  return ['ach', component, words, unique].filter(Boolean).join('-')
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
