import * as core from '@actions/core'
import type { Annotation } from '../report/annotations.ts'
import { plainLines } from './plain-lines.ts'

/** Shows annotations on the page of the run, in the order given. An error alone does not fail the step. */
export function writeAnnotations(annotations: readonly Annotation[]): void {
  for (const { level, title, message } of annotations) {
    const write = level === 'error' ? core.error : core.warning
    write(plainLines(message), { title: plainLines(title).replaceAll('\n', ' ') })
  }
}
