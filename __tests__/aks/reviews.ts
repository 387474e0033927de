import { allows, allowsPath, rulesOf } from './auth.ts'
import type { Identity } from './auth-types.ts'
import { isRecord } from './patch.ts'
import { apiVersionOf, type ResourceDefinition } from './resources.ts'
import { badRequest } from './status.ts'

/** Answers a SelfSubject…Review: what the asking user may do, or who it is. */
export function review(
  definition: ResourceDefinition,
  user: Identity,
  body: unknown,
): Record<string, unknown> {
  const spec = isRecord(body) && isRecord(body.spec) ? body.spec : {}
  return {
    kind: definition.kind,
    apiVersion: apiVersionOf(definition),
    metadata: { creationTimestamp: null },
    spec,
    status: statusOf(definition.kind, user, spec),
  }
}

function statusOf(kind: string, user: Identity, spec: Record<string, unknown>): Record<string, unknown> {
  if (kind === 'SelfSubjectReview') {
    return { userInfo: { username: user.name, groups: [...(user.groups ?? []), 'system:authenticated'] } }
  }
  if (kind === 'SelfSubjectRulesReview') return rulesStatus(user, text(spec.namespace))
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec
  if (isRecord(resource)) {
    const plural = text(resource.resource)
    const subresource = text(resource.subresource)
    const allowed = allows(user, {
      verb: text(resource.verb),
      group: text(resource.group),
      resource: subresource ? `${plural}/${subresource}` : plural,
      namespace: text(resource.namespace),
      name: text(resource.name),
    })
    return allowed ? { allowed, reason: `RBAC: allowed to user ${JSON.stringify(user.name)}` } : { allowed }
  }
  if (isRecord(path)) return { allowed: allowsPath(user, text(path.verb), text(path.path)) }
  throw badRequest('exactly one of nonResourceAttributes or resourceAttributes must be specified')
}

function rulesStatus(user: Identity, namespace: string): Record<string, unknown> {
  const rules = rulesOf(user, namespace)
  return {
    resourceRules: rules.filter((rule) => rule.resources),
    nonResourceRules: rules.filter((rule) => rule.nonResourceURLs),
    incomplete: false,
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
