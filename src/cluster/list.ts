import { type KubeApi, KubeError, type KubeList } from './kube-api.ts'

export interface ListOptions {
  /** Path of the collection, e.g. `/api/v1/nodes`. */
  path: string
  /** Selectors: `labelSelector`, `fieldSelector`. Paging is this function's own. */
  query?: { labelSelector?: string; fieldSelector?: string }
  signal?: AbortSignal
}

/** Objects a page, and the pages after which a list that never ends is given up. */
const pageSize = 500
const maxPages = 1000

/**
 * All items of a collection, page by page, with the resource version of the list. A list that became too old
 * between two pages (410) is read again from its beginning, twice at most.
 */
export async function listAll<T>(api: KubeApi, options: ListOptions): Promise<KubeList<T>> {
  for (let restarts = 0; ; restarts++) {
    try {
      return await readPages<T>(api, options)
    } catch (error) {
      if (restarts === 2 || !(error instanceof KubeError) || !isGone(error)) throw error
    }
  }
}

async function readPages<T>(api: KubeApi, options: ListOptions): Promise<KubeList<T>> {
  const items: T[] = []
  let next: string | undefined
  for (let pages = 0; pages < maxPages; pages++) {
    const page = await api.request<Partial<KubeList<T>>>({
      method: 'GET',
      path: options.path,
      query: { ...options.query, limit: pageSize, continue: next },
      ...(options.signal && { signal: options.signal }),
    })
    if (!page.metadata || !Array.isArray(page.items) || !page.items.every(isObject)) {
      throw new KubeError(`GET ${options.path}: the answer is not a list`, { call: `GET ${options.path}` })
    }
    for (const item of page.items) items.push(item)
    next = page.metadata.continue || undefined
    if (next === undefined) return { metadata: page.metadata, items }
  }
  throw new KubeError(`GET ${options.path}: the list does not end`, { call: `GET ${options.path}` })
}

/** Whether it has what every object of Kubernetes has, so that a reader may count on it. */
function isObject(item: unknown): boolean {
  const { metadata } = (item ?? {}) as { metadata?: { name?: unknown } | null }
  return typeof metadata?.name === 'string'
}

/** Whether the version or page that the call named is no longer kept by the server. */
export function isGone(error: KubeError): boolean {
  return error.status === 410 || error.reason === 'Expired' || error.reason === 'Gone'
}
