import type { ResourceDefinition } from './resources.ts'

/** One entry of `details.causes` of a Status. */
export interface StatusCause {
  reason?: string
  message?: string
  field?: string
}

export interface StatusDetails {
  name?: string
  group?: string
  kind?: string
  uid?: string
  causes?: StatusCause[]
  retryAfterSeconds?: number
}

/** A refusal of the API server: becomes a Status object in the answer. Texts are those of Kubernetes. */
export class StatusError extends Error {
  readonly code: number
  readonly reason: string
  readonly details: StatusDetails | undefined
  /** `continue` of a list that expired in the middle. */
  readonly metadata: { continue?: string }

  constructor(
    code: number,
    reason: string,
    message: string,
    details?: StatusDetails,
    metadata: { continue?: string } = {},
  ) {
    super(message)
    this.name = 'StatusError'
    this.metadata = metadata
    this.code = code
    this.reason = reason
    this.details = details
  }

  /** The body of the answer. */
  toStatus(): Record<string, unknown> {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.metadata,
      status: 'Failure',
      message: this.message,
      ...(this.reason && { reason: this.reason }),
      ...(this.details && { details: this.details }),
      code: this.code,
    }
  }
}

/** What a refusal needs to know of a resource. */
export type Named = Pick<ResourceDefinition, 'group' | 'plural' | 'id'>

function detailsOf(resource: Named, name: string): StatusDetails {
  return {
    ...(name && { name }),
    ...(resource.group && { group: resource.group }),
    kind: resource.plural,
  }
}

export function notFound(resource: Named, name: string): StatusError {
  return new StatusError(404, 'NotFound', `${resource.id} "${name}" not found`, detailsOf(resource, name))
}

/** There is no such resource at all. */
export function noSuchResource(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {})
}

export function alreadyExists(resource: Named, name: string): StatusError {
  return new StatusError(
    409,
    'AlreadyExists',
    `${resource.id} "${name}" already exists`,
    detailsOf(resource, name),
  )
}

export function conflict(
  resource: Named,
  name: string,
  why = 'the object has been modified; please apply your changes to the latest version and try again',
): StatusError {
  return new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${resource.id} "${name}": ${why}`,
    detailsOf(resource, name),
  )
}

export function forbidden(
  resource: Named,
  name: string,
  why: string,
  causes?: StatusCause[],
  code = 403,
): StatusError {
  const subject = name ? `${resource.id} "${name}"` : resource.id
  const details = detailsOf(resource, name)
  if (causes) details.causes = causes
  return new StatusError(code, 'Forbidden', `${subject} is forbidden: ${why}`, details)
}

export function unauthorized(): StatusError {
  return new StatusError(401, 'Unauthorized', 'Unauthorized')
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message)
}

export function expired(message: string): StatusError {
  return new StatusError(410, 'Expired', message)
}

/** One field that is wrong: `spec.containers: Required value`. */
export interface FieldProblem {
  field: string
  type:
    | 'Required value'
    | 'Invalid value'
    | 'Unsupported value'
    | 'Forbidden'
    | 'Not found'
    | 'Duplicate value'
  /** The value found, for the types whose text shows it. */
  value?: unknown
  detail?: string
}

const causeReasons = {
  'Required value': 'FieldValueRequired',
  'Invalid value': 'FieldValueInvalid',
  'Unsupported value': 'FieldValueNotSupported',
  Forbidden: 'FieldValueForbidden',
  'Not found': 'FieldValueNotFound',
  'Duplicate value': 'FieldValueDuplicate',
} as const

/** 422 for an object whose values are not allowed. */
export function invalid(group: string, kind: string, name: string, problems: FieldProblem[]): StatusError {
  const described = problems.map((problem) => {
    const value = problem.value === undefined ? '' : `: ${JSON.stringify(problem.value)}`
    const detail = problem.detail ? `: ${problem.detail}` : ''
    return { problem, message: `${problem.type}${value}${detail}` }
  })
  const texts = described.map(({ problem, message }) => `${problem.field}: ${message}`)
  const text = texts.length === 1 ? texts.join() : `[${texts.join(', ')}]`
  return new StatusError(
    422,
    'Invalid',
    `${group ? `${kind}.${group}` : kind} "${name}" is invalid: ${text}`,
    {
      name,
      ...(group && { group }),
      kind,
      causes: described.map(({ problem, message }) => ({
        reason: causeReasons[problem.type],
        message,
        field: problem.field,
      })),
    },
  )
}
