import type { KubeObject } from './objects.ts'

/**
 * Resources are named as kubectl names them: plural and group, `pods`, `nodes`, `daemonsets.apps`,
 * `endpointslices.discovery.k8s.io`. The namespace of cluster-scoped objects is ''.
 *
 * All calls are synchronous; objects that come out are frozen and shared. Refusals are thrown as
 * {@link StatusError} of status.ts: 404 NotFound, 409 AlreadyExists, 409 Conflict, 410 Expired.
 */
export interface Store {
  /** Version of the last change in the whole store. */
  readonly resourceVersion: string
  get<T extends KubeObject = KubeObject>(resource: string, namespace: string, name: string): T | undefined
  /** In the order of namespace and name. */
  list<T extends KubeObject = KubeObject>(resource: string, options?: SelectOptions): T[]
  /** Fills in uid, creationTimestamp, resourceVersion, generation and a name for generateName. */
  create<T extends KubeObject = KubeObject>(resource: string, object: T): T
  /**
   * Replaces an object. Optimistic: fails with 409 when `metadata.resourceVersion` is set and is not the
   * stored one. A change of nothing writes nothing. `generation` grows when `spec` changes.
   */
  update<T extends KubeObject = KubeObject>(resource: string, object: T): T
  /** Merge patch (RFC 7386) unless `kind` says otherwise. Also how a status is written. */
  patch<T extends KubeObject = KubeObject>(
    resource: string,
    namespace: string,
    name: string,
    patch: unknown,
    kind?: 'merge' | 'strategic' | 'json',
  ): T
  /**
   * Pods that are bound to a node and still run get a deletionTimestamp and stay until somebody deletes them
   * with gracePeriodSeconds 0 (the kubelet does, when the processes have ended). Everything else goes at
   * once. Returns the object as it was last.
   */
  delete<T extends KubeObject = KubeObject>(
    resource: string,
    namespace: string,
    name: string,
    options?: DeleteOptions,
  ): T
  deleteCollection<T extends KubeObject = KubeObject>(
    resource: string,
    select?: SelectOptions,
    options?: DeleteOptions,
  ): T[]
  /**
   * Calls the listener for every change from now on, synchronously, in order. With `from` it first gets what
   * has changed since that version (410 when that is no longer known); with `from: 'start'` first an ADDED
   * event for every object there is. A selector works as in Kubernetes: an object that starts to match is
   * ADDED, one that stops is DELETED. Returns a function that ends the watch.
   */
  watch<T extends KubeObject = KubeObject>(
    resource: string,
    options: WatchOptions,
    listener: (event: StoreEvent<T>) => void,
  ): () => void
  /** Forgets the history of events: watches and list pages of older versions get 410 from now on. */
  compact(): void
}

export interface SelectOptions {
  /** Default: all namespaces. */
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
}

export interface WatchOptions extends SelectOptions {
  /** A resource version, or `start`. */
  from?: string
}

export interface DeleteOptions {
  gracePeriodSeconds?: number
  preconditions?: { uid?: string; resourceVersion?: string }
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
}

export interface StoreEvent<T extends KubeObject = KubeObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  object: T
  resourceVersion: string
}
