import type { PodProgress } from '../node-types.ts'
import type { ContainerStatus, Pod } from '../objects.ts'

/** How pulling an image fails; `lasting` failures are not tried again. */
export interface PullFailure {
  image: string
  reason: 'ErrImagePull' | 'InvalidImageName'
  message: string
  lasting: boolean
}

const REFERENCE =
  /^[a-z0-9][a-z0-9._-]*(?::[0-9]+)?(?:\/[a-z0-9][a-z0-9._-]*)*(?::\w[\w.-]*)?(?:@sha256:[0-9a-f]{64})?$/

/**
 * Whether an image of the pod cannot be pulled: none can on a node with the fault `pull-error`, none can from
 * a registry under the reserved domain `.invalid`, and a name that is none cannot be pulled anywhere.
 */
export function pullFailureOf(pod: Pod, allFail: boolean): PullFailure | undefined {
  for (const { image } of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    if (!REFERENCE.test(image)) {
      const parse = `couldn't parse image name "${image}": invalid reference format`
      const message = `Failed to apply default image tag "${image}": ${parse}`
      return { image, reason: 'InvalidImageName', message, lasting: true }
    }
    const [registry = ''] = image.split('/')
    const unknownHost = /\.invalid(:\d+)?$/.test(registry)
    if (!allFail && !unknownHost) continue
    const [name = ''] = image.slice(registry.length + 1).split(/[:@]/)
    const tag = /:([\w.-]+)$/.exec(image)?.[1] ?? 'latest'
    const detail = unknownHost
      ? `failed to do request: Head "https://${registry}/v2/${name}/manifests/${tag}": dial tcp: lookup ${registry}: no such host`
      : `${image}: not found`
    const message = `failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${detail}`
    return {
      image,
      reason: 'ErrImagePull',
      message: unknownHost ? message : notFound(message),
      lasting: false,
    }
  }
  return undefined
}

function notFound(message: string): string {
  return `rpc error: code = NotFound desc = ${message}`
}

/** The containers' statuses right after a failed pull, and while the kubelet waits to try again. */
export function pullStatuses(progress: PodProgress, failure: PullFailure, waits: boolean): PodProgress {
  const backoff = {
    reason: 'ImagePullBackOff',
    message: `Back-off pulling image "${failure.image}": ErrImagePull: ${failure.message}`,
  }
  const waiting = waits ? backoff : { reason: failure.reason, message: failure.message }
  const set = (statuses: ContainerStatus[]) => {
    return statuses.map((status) =>
      status.image === failure.image ? { ...status, state: { waiting } } : status,
    )
  }
  return {
    ...(progress.initContainerStatuses && { initContainerStatuses: set(progress.initContainerStatuses) }),
    containerStatuses: set(progress.containerStatuses),
  }
}
