import { INSTANCE_LABEL, labelValue, MANAGED_BY, MANAGED_BY_LABEL } from '../node/pod.ts'
import { type TuningSetting, tunerScript } from '../node/tuner.sh.ts'
import { parseAreas, termsOf } from './area.ts'
import { CONTAINERS, DAEMONSET_NAME, SELECTOR } from './daemonset-object.ts'
import { ANNOTATIONS, type DaemonSetSettings, names } from './daemonset-settings.ts'
import { BUCKETS, ENTRIES_PER_BUCKET, MAX, MAX_PER_CORE, MAX_TW_BUCKETS, TW_REUSE } from './sysctl-targets.ts'

/** Seconds between two looks of the loop: how long a value that kube-proxy wrote stays at most. */
const everySeconds = 60

export interface ManifestOptions {
  settings: DaemonSetSettings
  namespace: string
  /** Names the run that applies it; absent in the manifest that comes with the action. */
  runId?: string
}

/**
 * The DaemonSet as a whole: what the remedy applies, and what `deploy/tuner-daemonset.yaml` holds. Its first
 * container writes once and leaves what it found and wrote in its termination message; the second one
 * writes again every minute what it does not find as wanted.
 */
export function daemonSetManifest({ settings, namespace, runId }: ManifestOptions) {
  const tuning = tuningOf(settings)
  const labels = { [SELECTOR.key]: SELECTOR.value, [MANAGED_BY_LABEL]: MANAGED_BY }
  const container = (name: string, script: string) => ({
    name,
    image: settings.image,
    command: ['/bin/sh', '-c'],
    args: [script],
    terminationMessagePolicy: 'FallbackToLogsOnError',
    resources: {
      requests: { cpu: '5m', memory: '8Mi' },
      limits: { cpu: '100m', memory: '32Mi' },
    },
    securityContext: { privileged: true, runAsUser: 0, runAsGroup: 0, readOnlyRootFilesystem: true },
  })
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: {
      name: DAEMONSET_NAME,
      namespace,
      labels: { ...labels, ...(runId !== undefined && { [INSTANCE_LABEL]: labelValue(runId) }) },
      annotations: {
        [ANNOTATIONS.nodes]: settings.nodes,
        [ANNOTATIONS['left-out']]: settings['left-out'],
      },
    },
    spec: {
      selector: { matchLabels: { [SELECTOR.key]: SELECTOR.value } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '100%' } },
      template: {
        metadata: { labels },
        spec: {
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: termsOf(parseAreas(settings.nodes) ?? [], names(settings['left-out'])),
              },
            },
          },
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          hostNetwork: true,
          initContainers: [container(CONTAINERS.once, tunerScript(tuning))],
          containers: [container(CONTAINERS.loop, tunerScript(tuning, { everySeconds }))],
          terminationGracePeriodSeconds: 5,
          tolerations: [{ operator: 'Exists' }],
        },
      },
    },
  }
}

/** What the script writes, in order; a setting with an empty text is not written. */
export function tuningOf(settings: DaemonSetSettings): TuningSetting[] {
  const perBucket = MAX_PER_CORE / ENTRIES_PER_BUCKET
  const all: (TuningSetting & { text: string })[] = [
    { ...raise(BUCKETS, settings['conntrack-buckets']), perCore: perBucket },
    { ...raise(MAX, settings['conntrack-max']), perCore: MAX_PER_CORE },
    { ...raise(TW_REUSE, settings['tw-reuse']), mode: 'set' },
    raise(MAX_TW_BUCKETS, settings['max-tw-buckets']),
  ]
  return all.filter(({ text }) => text !== '').map(({ text: _text, ...setting }) => setting)
}

function raise<S extends TuningSetting['sysctl']>(sysctl: S, text: string) {
  return { sysctl, mode: 'raise' as const, wanted: Number(text), text }
}
