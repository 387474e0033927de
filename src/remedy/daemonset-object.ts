import { isDeepStrictEqual } from 'node:util'
import type { ObjectMeta } from '../cluster/kube-api.ts'
import { MANAGED_BY, MANAGED_BY_LABEL } from '../node/pod.ts'
import { type NodeSelectorTerm, parseAreas, termsOf } from './area.ts'
import {
  ANNOTATIONS,
  DAEMONSET_SETTINGS,
  type DaemonSetSettings,
  isSettingValue,
  names,
  SYSCTL_OF,
} from './daemonset-settings.ts'

/** The part of an apps/v1 DaemonSet that is read. */
export interface DaemonSet {
  metadata: ObjectMeta & { generation?: number; managedFields?: ManagedFields[] }
  spec?: {
    template?: {
      spec?: {
        affinity?: {
          nodeAffinity?: {
            requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms?: NodeSelectorTerm[] }
          }
        }
        containers?: { name: string; image?: string; args?: string[] }[]
      }
    }
  }
  status?: {
    observedGeneration?: number
    desiredNumberScheduled?: number
    currentNumberScheduled?: number
    updatedNumberScheduled?: number
    numberReady?: number
    numberAvailable?: number
  }
}

/** One entry of `metadata.managedFields`. */
export interface ManagedFields {
  manager?: string
  operation?: string
  subresource?: string
  fieldsV1?: Record<string, unknown>
}

export const FIELD_MANAGER = 'aks-connection-health'
/** Label of the pods of the DaemonSet. They carry no label of a run, as they outlive the run that made them. */
export const SELECTOR = { key: 'app.kubernetes.io/name', value: 'aks-connection-health-tuner' }
export const DAEMONSET_NAME = 'aks-connection-health-tuner'

/** Whether the action, or the manifest that comes with it, made this object. */
export function isOurs({ metadata }: DaemonSet): boolean {
  return metadata.labels?.[MANAGED_BY_LABEL] === MANAGED_BY
}

/**
 * The settings of a DaemonSet that is there; or the reason why they cannot be told, when it was changed by
 * other hands in a way that the settings do not cover.
 */
export function settingsOf(object: DaemonSet): DaemonSetSettings | { unreadable: string } {
  const pod = object.spec?.template?.spec
  const container = pod?.containers?.find(({ name }) => name === CONTAINERS.loop)
  const written = writtenBy(container?.args?.[0] ?? '')
  const annotation = (name: string) => object.metadata.annotations?.[name] ?? ''
  const settings: DaemonSetSettings = {
    image: container?.image ?? '',
    'conntrack-max': written.get(SYSCTL_OF['conntrack-max']) ?? '',
    'conntrack-buckets': written.get(SYSCTL_OF['conntrack-buckets']) ?? '',
    'tw-reuse': written.get(SYSCTL_OF['tw-reuse']) ?? '',
    'max-tw-buckets': written.get(SYSCTL_OF['max-tw-buckets']) ?? '',
    nodes: annotation(ANNOTATIONS.nodes),
    'left-out': annotation(ANNOTATIONS['left-out']),
  }
  for (const setting of DAEMONSET_SETTINGS) {
    if (!isSettingValue(setting, settings[setting])) {
      return { unreadable: `its ${setting} is not what this action writes` }
    }
  }
  const terms = pod?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  const made = termsOf(parseAreas(settings.nodes) ?? [], names(settings['left-out']))
  if (!isDeepStrictEqual(terms, made)) return { unreadable: 'its node affinity was changed by other hands' }
  return settings
}

/** What a tuner script writes, by sysctl, from the lines in which it says so. */
function writtenBy(script: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const [, sysctl = '', wanted = ''] of script.matchAll(/^tune (\S+) \S+ \S+ (\d+) /gm)) {
    found.set(sysctl, wanted)
  }
  return found
}

/** Names of the two containers: the step that writes once and records, and the loop that writes again. */
export const CONTAINERS = { once: 'apply', loop: 'keep' } as const

/**
 * Who besides this action has set fields of the pod template's spec, by field manager: a GitOps tool, kubectl,
 * an administrator. What they set is theirs.
 */
export function otherOwners({ metadata }: DaemonSet): string[] {
  const owners = (metadata.managedFields ?? [])
    .filter(({ manager, subresource }) => manager !== FIELD_MANAGER && !subresource)
    .filter(({ fieldsV1 }) => hasField(fieldsV1, ['f:spec', 'f:template', 'f:spec']))
    .map(({ manager }) => manager ?? 'somebody without a name')
  return [...new Set(owners)]
}

function hasField(fields: unknown, [first, ...rest]: string[]): boolean {
  if (typeof fields !== 'object' || fields === null) return false
  if (first === undefined) return true
  return hasField((fields as Record<string, unknown>)[first], rest)
}
