import { isDeepStrictEqual } from 'node:util'
import type { KubeObject, Pod } from './objects.ts'
import { isRecord } from './patch.ts'
import type { ResourceDefinition } from './resources.ts'
import { conflict } from './status.ts'
import type { DeleteOptions } from './store-types.ts'

/** Key of an object in its resource. */
export function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`
}

/** Order of keys as in etcd. */
export function byKey(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789'

/** Five letters as Kubernetes appends them to generateName. */
export function randomSuffix(): string {
  return Array.from(
    { length: 5 },
    () => suffixLetters[Math.floor(Math.random() * suffixLetters.length)],
  ).join('')
}

/** The new object with the metadata that no update may touch; generation grows with the spec. */
export function keepIdentity(
  object: KubeObject,
  old: KubeObject,
  definition: ResourceDefinition,
): KubeObject {
  const {
    uid,
    creationTimestamp,
    resourceVersion,
    generation,
    deletionTimestamp,
    deletionGracePeriodSeconds,
  } = old.metadata
  const specOf = (value: KubeObject) => (value as { spec?: unknown }).spec
  const grown = generation !== undefined && !isDeepStrictEqual(specOf(object), specOf(old))
  return {
    ...object,
    metadata: {
      ...object.metadata,
      ...(uid && { uid }),
      ...(creationTimestamp && { creationTimestamp }),
      ...(resourceVersion && { resourceVersion }),
      ...(definition.generation && generation !== undefined && { generation: generation + (grown ? 1 : 0) }),
      ...(deletionTimestamp && { deletionTimestamp }),
      ...(deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds }),
    },
  }
}

/** Throws 409 when a delete was meant for another object or version. */
export function checkPreconditions(
  definition: ResourceDefinition,
  object: KubeObject,
  wanted: DeleteOptions['preconditions'],
): void {
  const { name, uid, resourceVersion } = object.metadata
  if (wanted?.uid && wanted.uid !== uid) {
    const why = `Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${uid}`
    throw conflict(definition, name, why)
  }
  if (wanted?.resourceVersion && wanted.resourceVersion !== resourceVersion) {
    const why = `Precondition failed: ResourceVersion in precondition: ${wanted.resourceVersion}, ResourceVersion in object meta: ${resourceVersion}`
    throw conflict(definition, name, why)
  }
}

/** What must happen before a deleted object can go. */
export function finalizersFor(object: KubeObject, options: DeleteOptions): string[] {
  const present = object.metadata.finalizers ?? []
  // A namespace goes when its controller has emptied it.
  if (object.kind === 'Namespace') return [...new Set([...present, 'kubernetes'])]
  if (options.propagationPolicy !== 'Foreground') return present
  return [...new Set([...present, 'foregroundDeletion'])]
}

/** Seconds until a deleted pod must be gone; 0 for one that does not run on any node. */
export function podGrace(pod: Pod, wanted: number | undefined): number {
  const { phase } = pod.status
  if (!pod.spec.nodeName || phase === 'Succeeded' || phase === 'Failed') return 0
  return wanted ?? pod.spec.terminationGracePeriodSeconds ?? 30
}

/** Objects of the store are shared: a change in place would be seen by all. */
export function deepFreeze<T>(value: T): T {
  if ((isRecord(value) || Array.isArray(value)) && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
