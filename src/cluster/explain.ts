import { UserError } from '../errors.ts'
import { type ConnectionContext, explainConnection } from './connection-errors.ts'
import { KubeError } from './kube-api.ts'
import { explainForbidden, explainUnauthorized } from './permissions.ts'

const docs = 'troubleshooting.md#the-api-server-cannot-be-reached'

export interface ExplainContext extends ConnectionContext {
  /** What ARM knows about why the API server may not answer. */
  hint?: string | undefined
}

/**
 * Turns an error of the API server, or of the way to it, into one that says what to do. Anything else is
 * returned as it is.
 */
export function explain(error: unknown, context: ExplainContext): unknown {
  if (!(error instanceof KubeError)) return error
  const unreachable = explainConnection(error, context)
  if (unreachable !== undefined) return withHint(unreachable, context.hint)
  const refused = explainUnauthorized(error) ?? explainForbidden(error)
  if (refused !== undefined) return refused
  return error.transient ? overloaded(error) : error
}

function overloaded(error: KubeError): UserError {
  return new UserError(`The API server is overloaded or in trouble: ${error.message}`, {
    next: 'Run again later, or with a lower concurrency.',
    docs,
    cause: error,
  })
}

/** The same for an API server that was reached before: whatever it says now, it is no fault of the action. */
export function explainLater(error: unknown, context: ExplainContext): unknown {
  const told = explain(error, context)
  if (!(told instanceof KubeError)) return told
  return new UserError(`The API server gave an answer that is of no use: ${told.message}`, {
    next: 'Run again. If it stays so, look for what on the way to the API server may change its answers, and whether its version is one that AKS supports.',
    docs,
    cause: told,
  })
}

/** What answered the first call is not an API server, or none that works. */
export function noApiServer(error: KubeError, { server, proxy }: ExplainContext): UserError {
  const through = proxy === undefined ? '' : ` (through the proxy ${proxy})`
  return new UserError(
    `What answers at ${server}${through} is not the API server of a cluster: ${error.message}`,
    {
      next: 'Check the server address in the kubeconfig, and that no login page or gateway answers in its place.',
      docs,
      cause: error,
    },
  )
}

function withHint(error: UserError, hint: string | undefined): UserError {
  if (hint === undefined) return error
  return new UserError(error.message, {
    next: `${hint} ${error.next}`,
    cause: error.cause,
    ...(error.docs && { docs: error.docs }),
  })
}
