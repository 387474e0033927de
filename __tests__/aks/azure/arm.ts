import { type Directory, objectId } from './directory.ts'
import type { Claims } from './jwt.ts'
import { createOperations, type Operations } from './operations.ts'
import { createResources, type Resources } from './resources.ts'
import type { Application, Incoming, Reply } from './types.ts'

/** A refusal of ARM. */
export class ArmRefusal extends Error {
  readonly status: number
  readonly code: string
  readonly headers: Record<string, string>

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** One thing that ARM can do. */
export interface ArmRoute {
  method: string
  /** Matched against the path in lower case, from its start to its end; named groups are handed on. */
  path: RegExp
  /** The right that it takes: `Microsoft.ContainerService/managedClusters/read`. */
  action: string
  /** What the right must cover, where that is not the whole path. */
  scope?: (path: string) => string
  serve: (call: ArmRequest) => Reply | Promise<Reply>
}

export interface ArmRequest extends Incoming {
  /** Parts of the path by the names in the route's pattern, in the case of the caller. */
  part: (name: string) => string
  json: () => Record<string, unknown>
  caller: Application
}

/** Azure Resource Manager of one subscription. */
export interface ArmService {
  resources: Resources
  operations: Operations
  subscriptionId: string
  resourceGroups: string[]
  location: string
  /** Routes of others: the first that matches serves. */
  routes: ArmRoute[]
  /** Properties of pools that only preview versions of the API show, by id in lower case. */
  previews: Map<string, Record<string, unknown>>
  /** What is waited for between two looks, in seconds. */
  pollSeconds: number
  serve: (request: Incoming) => Promise<Reply>
  /** Headers of an answer whose work goes on: `azure-asyncoperation`. */
  asyncHeaders: (request: Incoming, operationId: string) => Record<string, string>
}

export interface ArmServiceOptions {
  directory: Directory
  subscriptionId: string
  resourceGroups: string[]
  location: string
  pollSeconds: number
}

const OPERATIONS_API = '2017-08-31'

export function createArmService(options: ArmServiceOptions): ArmService {
  const { subscriptionId, location } = options
  const base = `/subscriptions/${subscriptionId}/providers/Microsoft.ContainerService/locations/${location}/operations`
  const service: ArmService = {
    resources: createResources(),
    operations: createOperations(() => service.pollSeconds),
    subscriptionId,
    resourceGroups: options.resourceGroups,
    location,
    pollSeconds: options.pollSeconds,
    previews: new Map(),
    routes: [],
    asyncHeaders: ({ origin }, id) => ({
      'azure-asyncoperation': `${origin}${base}/${id}?api-version=${OPERATIONS_API}&t=1&c=signed`,
      'retry-after': String(service.pollSeconds),
    }),
    serve: async (request) => {
      try {
        return await route(service, options.directory, request)
      } catch (error) {
        if (!(error instanceof ArmRefusal)) throw error
        const { status, headers, code, message } = error
        return { status, headers, body: { error: { code, message } } }
      }
    },
  }
  service.routes.push({
    method: 'GET',
    path: /\/subscriptions\/[^/]+\/providers\/microsoft\.containerservice\/locations\/[^/]+\/operations\/(?<id>[^/]+)/,
    action: 'Microsoft.ContainerService/locations/operations/read',
    serve: ({ part }) => service.operations.look(part('id')),
  })
  return service
}

async function route(service: ArmService, directory: Directory, request: Incoming): Promise<Reply> {
  const claims = authenticated(directory, request)
  if (request.query['api-version'] === undefined) {
    throw new ArmRefusal(
      400,
      'MissingApiVersionParameter',
      'The api-version query parameter (?api-version=) is required for all requests.',
    )
  }
  const subscription = /^\/subscriptions\/([^/]+)/i.exec(request.path)?.[1]
  if (subscription?.toLowerCase() !== service.subscriptionId.toLowerCase()) {
    throw new ArmRefusal(
      404,
      'SubscriptionNotFound',
      `The subscription '${subscription ?? ''}' could not be found.`,
    )
  }
  const found = match(service, request)
  if (found === undefined) {
    throw new ArmRefusal(
      404,
      'InvalidResourceType',
      `The resource type could not be found at ${request.path}.`,
    )
  }
  const caller = directory.applications.find(({ clientId }) => clientId === claims.appid)
  if (caller === undefined || !may(caller, found.route.action))
    throw unauthorized(claims, found.route, request)
  requireGroup(service, request.path)
  const part = (name: string) => found.parts[name] ?? ''
  return found.route.serve({ ...request, part, caller, json: () => json(request) })
}

function authenticated(directory: Directory, request: Incoming): Claims {
  const challenge = {
    'www-authenticate': `Bearer authorization_uri="https://login.windows.net/${directory.tenantId}", error="invalid_token"`,
  }
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) {
    throw new ArmRefusal(
      401,
      'AuthenticationFailed',
      "Authentication failed. The 'Authorization' header is missing.",
      challenge,
    )
  }
  const claims = directory.verify(
    token,
    new Set([...directory.armAudiences, ...[...directory.armAudiences].map((each) => `${each}/`)]),
  )
  if (claims === 'expired') {
    throw new ArmRefusal(
      401,
      'ExpiredAuthenticationToken',
      'The access token expiry UTC time is earlier than current UTC time.',
      challenge,
    )
  }
  if (claims === 'audience') {
    throw new ArmRefusal(
      401,
      'InvalidAuthenticationTokenAudience',
      'The access token has been obtained for wrong audience or resource. It should exactly match one of the allowed audiences.',
      challenge,
    )
  }
  if (claims === 'invalid') {
    throw new ArmRefusal(401, 'InvalidAuthenticationToken', 'The access token is invalid.', challenge)
  }
  return claims
}

function match(
  service: ArmService,
  request: Incoming,
): { route: ArmRoute; parts: Record<string, string> } | undefined {
  for (const each of service.routes) {
    if (each.method !== request.method) continue
    const found = new RegExp(`^${each.path.source}$`, 'i').exec(request.path)
    if (found === null) continue
    const parts = Object.entries(found.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)])
    return { route: each, parts: Object.fromEntries(parts) as Record<string, string> }
  }
  return undefined
}

function may({ actions = ['*'] }: Application, action: string): boolean {
  return actions.some((pattern) => {
    const source = pattern.replace(/[.*+?^${}()|[\]\\]/g, (each) => (each === '*' ? '.*' : `\\${each}`))
    return new RegExp(`^${source}$`, 'i').test(action)
  })
}

function unauthorized(claims: Claims, { action, scope }: ArmRoute, { path }: Incoming): ArmRefusal {
  const oid = objectId({ clientId: String(claims.appid) })
  return new ArmRefusal(
    403,
    'AuthorizationFailed',
    `The client '${String(claims.appid)}' with object id '${oid}' does not have authorization to perform action '${action}' over scope '${scope?.(path) ?? path}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  )
}

function requireGroup(service: ArmService, path: string): void {
  const group = /\/resourcegroups\/([^/]+)/i.exec(path)?.[1]
  if (
    group === undefined ||
    service.resourceGroups.some((each) => each.toLowerCase() === group.toLowerCase())
  )
    return
  throw new ArmRefusal(
    404,
    'ResourceGroupNotFound',
    `Resource group '${decodeURIComponent(group)}' could not be found.`,
  )
}

function json({ body }: Incoming): Record<string, unknown> {
  if (body === '') return {}
  try {
    return JSON.parse(body) as Record<string, unknown>
  } catch {
    throw new ArmRefusal(
      400,
      'InvalidRequestContent',
      'The request content was invalid and could not be deserialized.',
    )
  }
}
