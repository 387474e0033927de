import * as core from '@actions/core'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { plainLines } from './plain-lines.ts'

/** The runner cuts annotations there; what is longer stands in the log as a whole. */
const MOST = 4096

/** The job log. Text from the cluster can stand in every message: it is never taken as a workflow command. */
export function actionsLogger(): Logger {
  return {
    debug: (message) => core.debug(plainLines(message)),
    info: (message) => core.info(plainLines(message)),
    warning(message) {
      const lines = plainLines(message)
      if (lines.length > MOST) core.info(lines)
      core.warning(lines.slice(0, MOST))
    },
    group: (title, work) => core.group(plainLines(title).replaceAll('\n', ' '), work),
  }
}

/** The causes and the stack of an error, for the log only: annotations say what to do, not where it broke. */
export function debugError(error: unknown): void {
  core.debug(plainLines(error instanceof Error ? (error.stack ?? error.message) : messageOf(error)))
}
