import type { Clock } from './clock.ts'
import { KubeError } from './kube-api.ts'
import { missingRight } from './permissions.ts'

/**
 * How long a right that was there counts as there although it is refused. An API server that restarts answers
 * 403 until its RBAC objects are loaded; a real one of version 1.34 did so for a tenth of a second.
 */
const doubtMs = 10_000

/** Remembers what the caller was allowed to do, so that a refusal that passes is not taken for a missing right. */
export interface KnownRights {
  /** A call of that name (method and path) was not refused. */
  allowed(name: string): void
  /**
   * The error as it is to be taken: transient when it refuses a right that was there, for up to ten seconds
   * from its first refusal on.
   */
  doubted(error: KubeError, name: string): KubeError
}

export function createKnownRights(clock: Clock): KnownRights {
  const known = new Map<string, { refusedSince?: number }>()
  return {
    allowed: (name) => void known.set(name, {}),
    doubted: (error, name) => {
      const right = known.get(name)
      if (right === undefined || missingRight(error) === undefined) return error
      right.refusedSince ??= clock.now()
      if (clock.now() - right.refusedSince > doubtMs) return error
      const { status, reason } = error
      return new KubeError(error.message, { call: name, status, reason, transient: true, cause: error })
    },
  }
}
