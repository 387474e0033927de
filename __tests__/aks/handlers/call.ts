import type { Admission, AdmissionRequest, Identity } from '../auth-types.ts'
import { isRecord } from '../patch.ts'
import type { RequestInfo } from '../request-info.ts'
import type { ResourceDefinition } from '../resources.ts'
import { badRequest, noSuchResource, StatusError } from '../status.ts'
import type { MemoryStore } from '../store.ts'
import type { DeleteOptions, SelectOptions } from '../store-types.ts'

/** What all handlers share. */
export interface Api {
  store: MemoryStore
  admission: Admission | undefined
  kubernetesVersion: string
}

/** One authorized request for a resource. */
export interface Call {
  api: Api
  definition: ResourceDefinition
  info: RequestInfo
  user: Identity
  query: URLSearchParams
  body: unknown
  contentType: string
  userAgent: string
}

export interface Answer {
  code: number
  /** The body. */
  json: string
}

export function answer(code: number, body: unknown): Answer {
  return { code, json: JSON.stringify(body) }
}

/** `dryRun=All`: everything is checked, nothing is stored. */
export function isDryRun(call: Call): boolean {
  const inBody = isRecord(call.body) && Array.isArray(call.body.dryRun) && call.body.dryRun.includes('All')
  return call.query.get('dryRun') === 'All' || inBody
}

export function selection(call: Call): SelectOptions {
  const labelSelector = call.query.get('labelSelector')
  const fieldSelector = call.query.get('fieldSelector')
  return {
    ...(call.info.namespace && { namespace: call.info.namespace }),
    ...(labelSelector && { labelSelector }),
    ...(fieldSelector && { fieldSelector }),
  }
}

/** DeleteOptions from the body or the query. */
export function deleteOptions(call: Call, body: unknown = call.body): DeleteOptions {
  const given = isRecord(body) ? body : {}
  const grace = given.gracePeriodSeconds ?? call.query.get('gracePeriodSeconds') ?? undefined
  const policy = given.propagationPolicy ?? call.query.get('propagationPolicy')
  const seconds = grace === undefined ? undefined : Number(grace)
  if (seconds !== undefined && !Number.isInteger(seconds)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(grace)}: invalid syntax`)
  }
  const { uid, resourceVersion } = isRecord(given.preconditions) ? given.preconditions : {}
  return {
    ...(seconds !== undefined && { gracePeriodSeconds: Math.max(0, seconds) }),
    ...(policy === 'Background' || policy === 'Foreground' || policy === 'Orphan'
      ? { propagationPolicy: policy }
      : {}),
    preconditions: {
      ...(typeof uid === 'string' && { uid }),
      ...(typeof resourceVersion === 'string' && { resourceVersion }),
    },
  }
}

export function admissionRequest(
  call: Call,
  operation: AdmissionRequest['operation'],
  name: string,
  objects: Pick<AdmissionRequest, 'object' | 'oldObject'>,
): AdmissionRequest {
  const { subresource = '' } = call.info.resource ?? {}
  return {
    operation,
    user: call.user,
    resource: subresource ? `${call.definition.id}/${subresource}` : call.definition.id,
    namespace: call.info.namespace,
    name,
    ...objects,
  }
}

export function methodNotAllowed(): StatusError {
  return new StatusError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  )
}

/** The definition of what was asked for; 404 when the server does not serve it. */
export function servedResource(info: RequestInfo): ResourceDefinition {
  const { definition, subresource } = info.resource ?? {}
  if (!definition || (subresource && !definition.subresources.includes(subresource))) throw noSuchResource()
  if (info.name && definition.namespaced && !info.namespace) throw noSuchResource()
  return definition
}
