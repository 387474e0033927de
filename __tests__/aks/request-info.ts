import { type ResourceDefinition, resources, reviews } from './resources.ts'
import { badRequest } from './status.ts'

/** What a request is about, as authorization sees it. */
export interface RequestInfo {
  /** Path without query. */
  path: string
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; for other paths the method. */
  verb: string
  /** Absent for paths that are no resource, such as /version. */
  resource?: {
    /** Plural and group: `daemonsets.apps`. */
    id: string
    group: string
    version: string
    plural: string
    subresource: string
    /** Absent when the API server serves no such resource. */
    definition?: ResourceDefinition
  }
  namespace: string
  name: string
}

const verbs: Record<string, [one: string, many: string]> = {
  GET: ['get', 'list'],
  HEAD: ['get', 'list'],
  POST: ['create', 'create'],
  PUT: ['update', 'update'],
  PATCH: ['patch', 'patch'],
  DELETE: ['delete', 'deletecollection'],
}

/** Reads method, path and query the way the API server does. */
export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const parts = path.split('/').filter(Boolean).map(decoded)
  const core = parts[0] === 'api' && parts.length > 2
  const grouped = parts[0] === 'apis' && parts.length > 3
  if (!core && !grouped) return { path, verb: method.toLowerCase(), namespace: '', name: '' }
  const group = core ? '' : (parts[1] ?? '')
  const version = (core ? parts[1] : parts[2]) ?? ''
  const { namespace, plural, name, subresource } = placeOf(parts.slice(core ? 2 : 3))
  const id = group ? `${plural}.${group}` : plural
  const definition = resources.get(id) ?? reviews.get(id)
  const served =
    definition?.version === version && (!namespace || definition.namespaced || plural === 'namespaces')
  const resource: RequestInfo['resource'] = { id, group, version, plural, subresource }
  if (served) resource.definition = definition
  const info = { path, verb: verbOf(method, name, query), resource, namespace, name }
  return namedByField(info, query)
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw badRequest(`invalid URL escape ${JSON.stringify(part)}`)
  }
}

function placeOf(parts: string[]): { namespace: string; plural: string; name: string; subresource: string } {
  const [first = '', second = '', third = '', ...rest] = parts
  if (first !== 'namespaces') {
    return {
      namespace: '',
      plural: first,
      name: second,
      subresource: [third, ...rest].filter(Boolean).join('/'),
    }
  }
  if (!third || third === 'status' || third === 'finalize') {
    return { namespace: second, plural: 'namespaces', name: second, subresource: third }
  }
  const [name = '', ...subresource] = rest
  return { namespace: second, plural: third, name, subresource: subresource.join('/') }
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
  const [one, many] = verbs[method] ?? [method.toLowerCase(), method.toLowerCase()]
  if (method === 'GET' && isWatch(query)) return 'watch'
  return name ? one : many
}

/** Whether a query asks for a watch. */
export function isWatch(query: URLSearchParams): boolean {
  const value = query.get('watch')
  return value !== null && value !== 'false' && value !== '0'
}

/** A list or watch of one name counts as a request for that name. */
function namedByField(info: RequestInfo, query: URLSearchParams): RequestInfo {
  if (info.name || !['list', 'watch', 'deletecollection'].includes(info.verb)) return info
  const name = /(?:^|,)metadata\.name==?([^,]+)/.exec(query.get('fieldSelector') ?? '')?.[1]
  return name ? { ...info, name } : info
}
