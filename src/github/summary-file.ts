import { appendFile, stat } from 'node:fs/promises'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'

/** The runner drops the summary of a step as a whole when it is larger. */
const RUNNER_LIMIT = 1024 * 1024
/** What stays free, as several steps share a page and the runner masks secrets after it has measured. */
const HEAD_ROOM = 100_000

/**
 * Appends a summary to the file that the runner names. Called once at the end of a run. Whatever goes wrong is
 * a warning: a summary never changes the verdict.
 *
 * @param render Makes the summary so that it stays under the given number of bytes.
 */
export async function writeSummary(
  render: (limit: number) => string,
  log: Logger,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const path = env.GITHUB_STEP_SUMMARY
  if (path === undefined || path === '') {
    log.debug('There is no $GITHUB_STEP_SUMMARY, so no job summary was written.')
    return
  }
  try {
    const { size } = await stat(path)
    const limit = RUNNER_LIMIT - HEAD_ROOM - size
    const markdown = render(limit)
    if (Buffer.byteLength(markdown) >= limit + HEAD_ROOM) {
      log.warning(
        'The job summary was not written: other text of this step has filled its file. See the log.',
      )
      return
    }
    // An unfinished line of somebody else must not swallow the first line of ours.
    await appendFile(path, size > 0 ? `\n\n${markdown}` : markdown)
  } catch (error) {
    log.warning(`The job summary could not be written: ${messageOf(error)}. The verdict is not affected.`)
  }
}
