import type { Arm } from './arm.ts'
import { record, text } from './arm-error.ts'

interface Grant {
  actions: RegExp[]
  notActions: RegExp[]
}

/** Version of the permissions API; unchanged since 2022. */
const PERMISSIONS_API = '2022-04-01'

/**
 * Which of the actions the caller lacks on a resource, as far as ARM tells: undefined when it does not. Deny
 * assignments, locks and policies are not part of the answer, so an empty list is no promise.
 */
export async function missingActions(
  arm: Arm,
  resource: string,
  actions: readonly string[],
  signal?: AbortSignal,
): Promise<string[] | undefined> {
  try {
    const { body } = await arm.request({
      method: 'GET',
      path: `${resource}/providers/Microsoft.Authorization/permissions`,
      apiVersion: PERMISSIONS_API,
      timeoutMs: 15_000,
      signal,
    })
    const value = record(body)?.value
    if (!Array.isArray(value)) return undefined
    const grants = value.map(grantOf)
    return actions.filter((action) => !grants.some((grant) => allows(grant, action)))
  } catch {
    signal?.throwIfAborted()
    return undefined
  }
}

function grantOf(raw: unknown): Grant {
  const grant = record(raw)
  return { actions: patterns(grant?.actions), notActions: patterns(grant?.notActions) }
}

function patterns(value: unknown): RegExp[] {
  if (!Array.isArray(value)) return []
  return value.map(text).flatMap((pattern) => {
    if (pattern === undefined || pattern.length > 500) return []
    const source = pattern.split(/\*+/).map((part) => part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
    return [new RegExp(`^${source.join('.*')}$`, 'i')]
  })
}

function allows({ actions, notActions }: Grant, action: string): boolean {
  const matches = (pattern: RegExp) => pattern.test(action)
  return actions.some(matches) && !notActions.some(matches)
}
