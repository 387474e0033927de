import { apiVersionOf, type ResourceDefinition, resources, reviews } from '../resources.ts'
import { noSuchResource } from '../status.ts'
import { type Answer, type Api, answer } from './call.ts'

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

function all(): ResourceDefinition[] {
  return [...resources.values(), ...reviews.values()]
}

/** Answers the paths that are no resource: versions, groups, health. */
export function discover(api: Api, path: string): Answer {
  const trimmed = path.replace(/\/+$/, '')
  switch (trimmed) {
    case '/version':
      return answer(200, versionInfo(api.kubernetesVersion))
    case '/healthz':
    case '/livez':
    case '/readyz':
      return { code: 200, json: 'ok' }
    case '/api':
      return answer(200, { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] })
    case '/apis':
      return answer(200, { kind: 'APIGroupList', apiVersion: 'v1', groups: groups() })
    default:
      return answer(200, resourceList(trimmed))
  }
}

function versionInfo(gitVersion: string): Record<string, string> {
  const [, major = '1', minor = ''] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? []
  return {
    major,
    minor,
    gitVersion,
    gitTreeState: 'clean',
    goVersion: 'go1.24.6',
    compiler: 'gc',
    platform: 'linux/amd64',
  }
}

function groups(): unknown[] {
  const names = new Map(all().map((definition) => [definition.group, definition]))
  names.delete('')
  return [...names.values()].map((definition) => {
    const version = { groupVersion: apiVersionOf(definition), version: definition.version }
    return { name: definition.group, versions: [version], preferredVersion: version }
  })
}

function resourceList(path: string): unknown {
  const groupVersion = path.replace(/^\/apis?\//, '')
  const found = all().filter((definition) => {
    const prefix = definition.group ? '/apis/' : '/api/'
    return path === prefix + apiVersionOf(definition)
  })
  if (found.length === 0) throw noSuchResource()
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion,
    resources: found.flatMap((definition) => {
      const common = {
        singularName: definition.kind.toLowerCase(),
        namespaced: definition.namespaced,
        kind: definition.kind,
      }
      return [
        {
          name: definition.plural,
          ...common,
          verbs: reviews.has(definition.id) ? ['create'] : verbs,
          ...(definition.shortNames.length > 0 && { shortNames: definition.shortNames }),
        },
        ...definition.subresources.map((subresource) => ({
          ...common,
          name: `${definition.plural}/${subresource}`,
          singularName: '',
          verbs: subresource === 'eviction' ? ['create'] : ['get', 'patch', 'update'],
        })),
      ]
    }),
  }
}
