import * as core from '@actions/core'
import { main } from './main.ts'
import { post } from './post.ts'
import { isPost } from './run.ts'
import { crashed } from './steps/tell.ts'

/** One bundle is both the main and the post step; the state that main saved tells which it is. */
async function start(): Promise<number> {
  // A log that nobody takes any more is no reason to leave pods behind: the run goes on to its end.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  process.on('uncaughtException', (error) => end(crashed(error)))
  process.on('unhandledRejection', (error) => end(crashed(error)))
  try {
    return await (isPost() ? post() : main())
  } catch (error) {
    return crashed(error)
  }
}

/** Ends the process even where a connection of a library is still open; output to pipes is written at once. */
function end(status: number): void {
  core.debug(`the process ends with status ${status}`)
  process.exit(status)
}

void start().then(end)
