import { randomBytes } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { Identity, PolicyRule, UserSpec } from './auth-types.ts'
import type { RequestInfo } from './request-info.ts'
import { forbidden, StatusError } from './status.ts'

/** Knows the users of the cluster by token and by client certificate. */
export interface Authenticator {
  /** Undefined: nobody we know, 401. */
  identify(authorization: string | undefined, socket: TLSSocket): Identity | undefined
  /** Throws when there is no such user. */
  user(name: string): UserSpec & { token: string }
}

const everything: PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

/** The user of a bed that names none. */
export const administrator: UserSpec = { name: 'admin', rules: everything }

const sharedRules: PolicyRule[] = [
  {
    apiGroups: ['authorization.k8s.io'],
    resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
    verbs: ['create'],
  },
  { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
  {
    verbs: ['get'],
    nonResourceURLs: [
      '/api',
      '/api/*',
      '/apis',
      '/apis/*',
      '/healthz',
      '/livez',
      '/readyz',
      '/openapi/*',
      '/version',
    ],
  },
]

export function createAuthenticator(
  specs: UserSpec[],
  authenticate: ((token: string) => Identity | undefined) | undefined,
  now: () => Date = () => new Date(),
): Authenticator {
  const users = new Map(
    specs.map((spec) => [spec.name, { ...spec, token: spec.token ?? randomBytes(24).toString('base64url') }]),
  )
  const byToken = new Map([...users.values()].map((user) => [user.token, user]))
  const bySocket = new WeakMap<TLSSocket, Identity | null>()

  function byCertificate(socket: TLSSocket): Identity | undefined {
    let known = bySocket.get(socket)
    if (known === undefined) {
      const subject = socket.authorized ? socket.getPeerCertificate().subject : undefined
      const name = textsOf(subject?.CN)[0]
      known = name === undefined ? null : (users.get(name) ?? { name, groups: textsOf(subject?.O) })
      bySocket.set(socket, known)
    }
    return known ?? undefined
  }

  return {
    identify(authorization, socket) {
      const certified = byCertificate(socket)
      if (certified) return certified
      const token = /^Bearer\s+(.+)$/i.exec(authorization ?? '')?.[1]
      if (!token) return undefined
      const user = byToken.get(token)
      if (!user) return authenticate?.(token)
      return user.tokenExpiresAt && user.tokenExpiresAt <= now() ? undefined : user
    },
    user(name) {
      const user = users.get(name)
      if (!user) throw new Error(`the small AKS has no user ${name}`)
      return user
    },
  }
}

/** The values of a field of a subject: Node gives one as a string, several as a list. */
function textsOf(value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value]
  return values.filter((entry) => typeof entry === 'string')
}

/** What is to be allowed. */
export interface Attributes {
  verb: string
  group: string
  /** With subresource: `pods/eviction`. */
  resource: string
  namespace: string
  name: string
}

/** The rules that hold for a user in a namespace ('' for cluster-scoped requests). */
export function rulesOf(user: Identity, namespace: string): PolicyRule[] {
  if (user.groups?.includes('system:masters')) return everything
  const roles = (user.roles ?? []).filter((role) => namespace && role.namespace === namespace)
  return [...(user.rules ?? []), ...roles.flatMap((role) => role.rules), ...sharedRules]
}

export function allows(user: Identity, wanted: Attributes): boolean {
  return rulesOf(user, wanted.namespace).some((rule) => ruleAllows(rule, wanted))
}

function ruleAllows(rule: PolicyRule, wanted: Attributes): boolean {
  const [, subresource] = wanted.resource.split('/')
  const resources = rule.resources ?? []
  return (
    has(rule.verbs, wanted.verb) &&
    has(rule.apiGroups ?? [], wanted.group) &&
    (has(resources, wanted.resource) ||
      (subresource !== undefined && resources.includes(`*/${subresource}`))) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(wanted.name))
  )
}

function has(list: string[], value: string): boolean {
  return list.includes('*') || list.includes(value)
}

/** Whether a path that is no resource may be read. */
export function allowsPath(user: Identity, verb: string, path: string): boolean {
  return rulesOf(user, '').some(
    (rule) =>
      has(rule.verbs, verb) &&
      (rule.nonResourceURLs ?? []).some((url) =>
        url.endsWith('*') ? path.startsWith(url.slice(0, -1)) : path === url,
      ),
  )
}

/** What a request needs. */
export function attributesOf(info: RequestInfo, verb: string = info.verb): Attributes {
  const { plural = '', group = '', subresource = '' } = info.resource ?? {}
  return {
    verb,
    group,
    resource: subresource ? `${plural}/${subresource}` : plural,
    namespace: info.namespace,
    name: info.name,
  }
}

/** Throws the API server's 403 when the user may not do what is asked. */
export function authorize(user: Identity, info: RequestInfo, verb: string = info.verb): void {
  if (!info.resource) {
    if (allowsPath(user, verb, info.path)) return
    const text = `forbidden: User ${JSON.stringify(user.name)} cannot ${verb} path ${JSON.stringify(info.path)}`
    throw new StatusError(403, 'Forbidden', text, {})
  }
  const attributes = attributesOf(info, verb)
  if (!allows(user, attributes)) throw refusal(user, info.resource, attributes)
}

function refusal(
  user: Identity,
  resource: NonNullable<RequestInfo['resource']>,
  wanted: Attributes,
): StatusError {
  const scope = wanted.namespace
    ? `in the namespace ${JSON.stringify(wanted.namespace)}`
    : 'at the cluster scope'
  const reason = user.refusalReason ? `: ${user.refusalReason}` : ''
  const text = `User ${JSON.stringify(user.name)} cannot ${wanted.verb} resource ${JSON.stringify(wanted.resource)} in API group ${JSON.stringify(wanted.group)} ${scope}${reason}`
  return forbidden(resource, wanted.name, text)
}
