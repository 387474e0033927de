import * as core from '@actions/core'
import type { Outputs } from '../report/outputs.ts'

/** Hands the outputs to the runner. */
export function writeOutputs(outputs: Outputs): void {
  for (const [name, value] of Object.entries(outputs)) core.setOutput(name, value)
}
