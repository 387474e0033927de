/** The shapes of Kubernetes objects that the small AKS works with, as they travel in JSON. */

/** Any Kubernetes object. Objects in the store are frozen: change them with `update` or `patch`. */
export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
}

/** A Kubernetes object of which only the envelope is known. */
export interface UnknownObject extends KubeObject {
  spec?: Record<string, unknown>
  status?: Record<string, unknown>
  [field: string]: unknown
}

export interface ObjectMeta {
  name: string
  generateName?: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  finalizers?: string[]
  managedFields?: ManagedFieldsEntry[]
}

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export interface ManagedFieldsEntry {
  manager: string
  operation: 'Apply' | 'Update'
  apiVersion: string
  time: string
  fieldsType: 'FieldsV1'
  fieldsV1: FieldSet
  subresource?: string
}

/** `fieldsV1` of Kubernetes: keys `f:<field>`, `k:<key fields of a list item>`, `v:<value>`, and `.`. */
export interface FieldSet {
  [key: string]: FieldSet
}

export interface Taint {
  key: string
  value?: string
  effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
  timeAdded?: string
}

export interface Toleration {
  key?: string
  operator?: 'Exists' | 'Equal'
  value?: string
  effect?: string
  tolerationSeconds?: number
}

export interface Condition {
  type: string
  status: 'True' | 'False' | 'Unknown'
  reason?: string
  message?: string
  lastTransitionTime?: string
  lastHeartbeatTime?: string
  observedGeneration?: number
}

export interface KubeNode extends KubeObject {
  spec: { unschedulable?: boolean; taints?: Taint[]; providerID?: string; podCIDR?: string }
  status: {
    capacity: Record<string, string>
    allocatable: Record<string, string>
    conditions: Condition[]
    addresses: { type: string; address: string }[]
    nodeInfo: Record<string, string>
    images?: { names: string[]; sizeBytes: number }[]
  }
}

export interface SecurityContext {
  privileged?: boolean
  allowPrivilegeEscalation?: boolean
  readOnlyRootFilesystem?: boolean
  runAsNonRoot?: boolean
  runAsUser?: number
  runAsGroup?: number
  capabilities?: { add?: string[]; drop?: string[] }
  seccompProfile?: { type: string; localhostProfile?: string }
  procMount?: string
}

export interface PodSecurityContext {
  runAsNonRoot?: boolean
  runAsUser?: number
  runAsGroup?: number
  fsGroup?: number
  supplementalGroups?: number[]
  seccompProfile?: { type: string; localhostProfile?: string }
  sysctls?: { name: string; value: string }[]
}

export interface Container {
  name: string
  image: string
  command?: string[]
  args?: string[]
  workingDir?: string
  env?: { name: string; value?: string; valueFrom?: { fieldRef?: { fieldPath: string } } }[]
  ports?: { containerPort: number; hostPort?: number; name?: string; protocol?: string }[]
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> }
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean; subPath?: string }[]
  securityContext?: SecurityContext
  /** Default `/dev/termination-log`; filled in by the API server. */
  terminationMessagePath?: string
  terminationMessagePolicy?: 'File' | 'FallbackToLogsOnError'
  imagePullPolicy?: string
  restartPolicy?: string
  lifecycle?: Record<string, unknown>
  livenessProbe?: Record<string, unknown>
  readinessProbe?: Record<string, unknown>
  startupProbe?: Record<string, unknown>
}

export interface PodSpec {
  nodeName?: string
  nodeSelector?: Record<string, string>
  hostNetwork?: boolean
  hostPID?: boolean
  hostIPC?: boolean
  restartPolicy?: 'Always' | 'OnFailure' | 'Never'
  terminationGracePeriodSeconds?: number
  activeDeadlineSeconds?: number
  serviceAccountName?: string
  automountServiceAccountToken?: boolean
  priorityClassName?: string
  priority?: number
  tolerations?: Toleration[]
  affinity?: Record<string, unknown>
  securityContext?: PodSecurityContext
  initContainers?: Container[]
  containers: Container[]
  volumes?: ({ name: string } & Record<string, unknown>)[]
  [field: string]: unknown
}

export interface ContainerState {
  waiting?: { reason?: string; message?: string }
  running?: { startedAt: string }
  terminated?: {
    exitCode: number
    signal?: number
    reason?: string
    /** The termination message, at most 4096 bytes. */
    message?: string
    startedAt?: string
    finishedAt?: string
    containerID?: string
  }
}

export interface ContainerStatus {
  name: string
  ready: boolean
  restartCount: number
  image: string
  imageID: string
  containerID?: string
  started?: boolean
  state?: ContainerState
  lastState?: ContainerState
}

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'

export interface PodStatus {
  phase?: PodPhase
  reason?: string
  message?: string
  qosClass?: string
  startTime?: string
  hostIP?: string
  podIP?: string
  conditions?: Condition[]
  initContainerStatuses?: ContainerStatus[]
  containerStatuses?: ContainerStatus[]
}

export interface Pod extends KubeObject {
  spec: PodSpec
  status: PodStatus
}

export interface LabelSelector {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
}

export interface PodTemplate {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }
  spec: PodSpec
}
