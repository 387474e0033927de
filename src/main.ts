import * as core from '@actions/core'
import { UserError } from './errors.ts'
import { actionsLogger } from './github/logger.ts'
import { type Inputs, readInputs } from './inputs.ts'
import type { Logger } from './log.ts'
import { type Run, saveMainRan, startRun } from './run.ts'
import { both } from './settled.ts'
import { cure } from './steps/cure.ts'
import { measure } from './steps/measure.ts'
import { type Cluster, reach } from './steps/reach.ts'
import type { Story } from './steps/story.ts'
import { refuse, tell } from './steps/tell.ts'

/**
 * One run of the action: read the inputs, reach the cluster, measure, cure when asked to, tell.
 * @returns the exit status.
 */
export async function main(): Promise<number> {
  saveMainRan()
  const log = actionsLogger()
  const inputs = givenInputs()
  if (inputs instanceof UserError) return refuse(inputs)
  const run = startRun(inputs.probe.timeoutSeconds, process.env)
  const story: Story = { inputs, run }
  try {
    await check(story, run, log).catch((error: unknown) => {
      story.failure = error
    })
    // A signal that comes only now must not keep the run from telling what it found.
    return await tell(story, log)
  } finally {
    run.end()
  }
}

async function check(story: Story, run: Run, log: Logger): Promise<void> {
  const { inputs } = story
  let cluster: Cluster | undefined
  try {
    cluster = await reach(inputs, run, log)
    story.cluster = cluster.facts
    // Neither is left alone when the other fails: pods are still being removed then.
    await both(look(cluster, story, log), lookFurther(cluster, story))
    if (inputs.fix.remedies.length > 0) await cure(cluster, story, run, log)
    // A look that was cut short still tells what it knows, but not as if it were whole.
    run.signal.throwIfAborted()
  } catch (error) {
    throw cluster === undefined ? error : cluster.explain(error)
  } finally {
    await cluster?.api?.close()
  }
}

async function look({ reader }: Cluster, story: Story, log: Logger): Promise<void> {
  story.last = await measure(reader, story.inputs, log)
}

async function lookFurther(cluster: Cluster, story: Story): Promise<void> {
  story.cluster = { ...cluster.facts, ...(await cluster.moreFacts()) }
}

function givenInputs(): Inputs | UserError {
  try {
    return readInputs((name) => core.getInput(name), process.env)
  } catch (error) {
    if (error instanceof UserError) return error
    throw error
  }
}
