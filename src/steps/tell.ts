import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import * as core from '@actions/core'
import { docsAddress } from '../docs-links.ts'
import { causesOf, messageOf, UserError } from '../errors.ts'
import { writeAnnotations } from '../github/annotations.ts'
import { debugError } from '../github/logger.ts'
import { writeOutputs } from '../github/outputs.ts'
import { plainLines } from '../github/plain-lines.ts'
import { writeSummary } from '../github/summary-file.ts'
import type { Inputs } from '../inputs.ts'
import type { Logger } from '../log.ts'
import { annotations } from '../report/annotations.ts'
import { reportJson } from '../report/json.ts'
import { junit } from '../report/junit.ts'
import { outputs } from '../report/outputs.ts'
import type { Report } from '../report/report.ts'
import { sarif } from '../report/sarif.ts'
import { summary } from '../report/summary/summary.ts'
import { COLOURS, type TextStyles } from '../report/text/styles.ts'
import { textSummary } from '../report/text/text.ts'
import { reportOf, type Story } from './story.ts'

/** Where the JSON report of a run is. */
export function reportPath(inputs: Inputs, runId: string, environment: NodeJS.ProcessEnv): string {
  const { reportPath: wanted } = inputs.tell
  if (wanted !== '') return resolve(wanted)
  return join(environment.RUNNER_TEMP || tmpdir(), `aks-connection-health-${runId}.json`)
}

/** Writes the report as it is by now. The file is whole at any moment. */
export function saveReport(report: Report, path: string): void {
  saveFile(path, reportJson(report), 'report-path')
}

function saveFile(path: string, content: string, input: string): void {
  // A name that nobody can know before: what lies at it already would be written through where it is a link.
  const part = `${path}.${randomBytes(6).toString('hex')}.part`
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(part, content, { flag: 'wx' })
    renameSync(part, path)
  } catch (error) {
    removeIfThere(part)
    throw new UserError(`The report cannot be written to ${path}: ${messageOf(error)}`, {
      next: `Give a path that can be written to in the input "${input}", or leave it out.`,
      cause: error,
    })
  }
}

function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // Where nothing could be written nothing is left; why is told already.
  }
}

/** Tells the story of the run everywhere, and returns the exit status. */
export async function tell(story: Story, log: Logger): Promise<number> {
  const { inputs, run, failure } = story
  let path = reportPath(inputs, run.id, process.env)
  const report = reportOf(story)
  if (!attempt(log, () => saveReport(report, path))) path = ''
  saveOtherForms(report, inputs, log)
  if (failure !== undefined) debugError(failure)
  writeAnnotations(annotations(report))
  const lines = textSummary(report, { form: inputs.tell.style, ...colours(process.env) })
  core.info(plainLines(lines.join('\n'), { colours: true }))
  const { fails } = report.judgement
  const wanted = inputs.tell.summary === 'always' || (inputs.tell.summary === 'on-failure' && fails)
  if (wanted) await writeSummary((limit) => summary(report, inputs.tell.style, limit), log)
  writeOutputs(outputs(report, path))
  await post(report, inputs, log)
  return fails ? 1 : 0
}

/** Without the report a fix could not be undone, so this is no small matter; the verdict is told all the same. */
function attempt(log: Logger, work: () => void): boolean {
  try {
    work()
    return true
  } catch (error) {
    log.warning(error instanceof UserError ? `${error.message}. ${error.next}` : messageOf(error))
    return false
  }
}

function saveOtherForms(report: Report, { tell: { junitPath, sarifPath } }: Inputs, log: Logger): void {
  if (junitPath !== '') attempt(log, () => saveFile(resolve(junitPath), junit(report), 'junit-path'))
  if (sarifPath !== '') attempt(log, () => saveFile(resolve(sarifPath), sarif(report), 'sarif-path'))
}

/** The issue and the comment, when they were asked for. Nothing that goes wrong there changes the verdict. */
async function post(report: Report, { tell: wanted }: Inputs, log: Logger): Promise<void> {
  const { githubToken: token } = wanted
  if (!wanted.issueOnBreach && !wanted.commentOnPullRequest) return
  if (token === '') return log.warning('There is no github-token, so no issue or comment was written.')
  core.setSecret(token)
  if (wanted.issueOnBreach) {
    const { syncIssue } = await import('../github/issue.ts')
    await syncIssue(report, { token }, log)
  }
  if (wanted.commentOnPullRequest) {
    const { syncComment } = await import('../github/comment.ts')
    await syncComment(report, { token }, log)
  }
}

function colours({ FORCE_COLOR, NO_COLOR }: NodeJS.ProcessEnv): { styles?: TextStyles } {
  return FORCE_COLOR && !NO_COLOR ? { styles: COLOURS } : {}
}

/** Tells of an error before there was anything to report, and returns the exit status. */
export function refuse(error: UserError): number {
  core.setOutput('verdict', 'unknown')
  const more = error.docs === undefined ? '' : `\nMore: ${docsAddress(error.docs, process.env)}`
  core.setFailed(plainLines(`${error.message}\n${error.next}${more}`))
  return 1
}

/** The last resort: a fault of the action itself. */
export function crashed(error: unknown): number {
  try {
    core.setOutput('verdict', 'unknown')
  } catch {
    // The file for outputs may be what is at fault.
  }
  const what = `The action failed by a fault of its own: ${causesOf(error).join(': ')}`
  core.setFailed(plainLines(`${what}\nPlease report it with the log of a run with debug logging.`))
  core.info(plainLines(error instanceof Error ? (error.stack ?? '') : ''))
  return 1
}
