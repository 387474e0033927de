import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import * as core from '@actions/core'
import { causesOf, messageOf, UserError } from './errors.ts'
import { writeAnnotations } from './github/annotations.ts'
import { debugError } from './github/logger.ts'
import { writeOutputs } from './github/outputs.ts'
import { plainLines } from './github/plain-lines.ts'
import { writeSummary } from './github/summary-file.ts'
import type { Inputs } from './inputs.ts'
import type { Logger } from './log.ts'
import { annotations } from './report/annotations.ts'
import { reportJson } from './report/json.ts'
import { outputs } from './report/outputs.ts'
import type { Report } from './report/report.ts'
import { summary } from './report/summary/summary.ts'
import { textSummary } from './report/text/text.ts'
import { reportOf, type Story } from './story.ts'

/** Where the JSON report of a run is. */
export function reportPath(inputs: Inputs, runId: string, environment: NodeJS.ProcessEnv): string {
  const { reportPath: wanted } = inputs.tell
  if (wanted !== '') return resolve(wanted)
  return join(environment.RUNNER_TEMP ?? tmpdir(), `aks-connection-health-${runId}.json`)
}

/** Writes the report as it is by now. The file is whole at any moment. */
export function saveReport(report: Report, path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(`${path}.part`, reportJson(report))
    renameSync(`${path}.part`, path)
  } catch (error) {
    throw new UserError(`The report cannot be written to ${path}: ${messageOf(error)}`, {
      next: 'Give a path that can be written to in the input "report-path", or leave it out.',
      cause: error,
    })
  }
}

/** Tells the story of the run everywhere, and returns the exit status. */
export async function tell(story: Story, log: Logger): Promise<number> {
  const { inputs, run, failure } = story
  let path = reportPath(inputs, run.id, process.env)
  const report = reportOf(story)
  try {
    saveReport(report, path)
  } catch (error) {
    // Without the report a fix could not be undone, so this is no small matter; the verdict is told all the same.
    log.warning(messageOf(error))
    path = ''
  }
  log.info(textSummary(report, { form: inputs.tell.style }).join('\n'))
  if (failure !== undefined) debugError(failure)
  writeAnnotations(annotations(report))
  const { fails } = report.judgement
  const wanted = inputs.tell.summary === 'always' || (inputs.tell.summary === 'on-failure' && fails)
  if (wanted) await writeSummary((limit) => summary(report, inputs.tell.style, limit), log)
  writeOutputs(outputs(report, path))
  return fails || isBug(failure) ? 1 : 0
}

/** Something that no user can mend fails the run even where it only reports. */
function isBug(failure: unknown): boolean {
  return failure !== undefined && !(failure instanceof UserError)
}

/** Tells of an error before there was anything to report, and returns the exit status. */
export function refuse(error: UserError): number {
  core.setOutput('verdict', 'unknown')
  core.setFailed(plainLines(`${error.message}\n${error.next}`))
  return 1
}

/** The last resort: a fault of the action itself. */
export function crashed(error: unknown): number {
  core.setFailed(plainLines(`The action failed: ${causesOf(error).join(': ')}`))
  core.info(plainLines(error instanceof Error ? (error.stack ?? '') : ''))
  return 1
}
