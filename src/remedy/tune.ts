import { randomBytes } from 'node:crypto'
import { parseTuning, type Tuned } from '../node/parse-tuning.ts'
import { tunerPod } from '../node/pod.ts'
import type { NodeInfo } from '../node/reading.ts'
import { sweep } from '../node/sweep.ts'
import { type TuningSetting, tunerScript } from '../node/tuner.sh.ts'
import type { NodeStep } from './node-steps.ts'
import { changeOf } from './record.ts'
import type { Change, RemedyContext } from './remedy.ts'
import { listNames } from './words.ts'

/** How pods are run on the nodes. */
export interface TunerOptions {
  namespace: string
  image: string
  /** How many pods are being created at the same time. */
  concurrency: number
  /** How long a node may take from the creation of its pod to its answer. */
  nodeTimeoutSeconds: number
  /** How long one round over all nodes may take. */
  timeoutSeconds: number
}

interface Task {
  node: NodeInfo
  steps: NodeStep[]
  settings: TuningSetting[]
}

/**
 * Has a privileged pod on each node write the steps of that node, all nodes at once, and removes the pods. Each
 * step is recorded as unproven before its pod is made, and with its outcome as soon as the node answers. A node
 * that fails does not hold up the others. Resolves, with what is known, when the run is ended too.
 */
export async function tuneNodes(
  steps: NodeStep[],
  settingOf: (step: NodeStep, node: NodeInfo) => TuningSetting,
  changeOfTuned: (step: NodeStep, tuned: Tuned) => Change,
  options: TunerOptions,
  context: RemedyContext,
): Promise<Change[]> {
  const changes = new Map<NodeStep, Change>()
  const tell = (told: [NodeStep, Change][]) => {
    for (const [step, change] of told) changes.set(step, change)
    context.record(...told.map(([, change]) => change))
  }
  const infos = new Map(context.nodes.map(({ node }) => [node.name, node]))
  const wanted = steps.filter(({ intent }) => intent === 'change')
  const tasks = [...Map.groupBy(wanted, ({ target }) => target.name)].flatMap(([name, own]): Task[] => {
    const node = infos.get(name)
    if (!node) tell(own.map((step) => [step, changeOf(step, 'failed', 'the node is gone')]))
    return node ? [{ node, steps: own, settings: own.map((step) => settingOf(step, node)) }] : []
  })
  if (context.signal.aborted) return [...changes.values()]
  const begun = 'the tuner was started and has not answered'
  tell(tasks.flatMap(({ steps }) => steps.map((step) => [step, changeOf(step, 'unproven', begun)])))
  const byNode = new Map(tasks.map((task) => [task.node.name, task]))
  await sweep(context.api, podTasks(tasks, options, context), sweepOptions(options, context), {
    settled: (outcome, done, total) => {
      const task = byNode.get(outcome.node.name)
      if (!task) return
      tell(changesOf(task, outcome, changeOfTuned))
      if (outcome.kind !== 'answered') context.log.info(`${outcome.node.name}: ${outcome.why}`)
      if (done === total || done % linesEvery(total) === 0) {
        context.log.info(`${done} of ${total} nodes done`)
      }
    },
    note: (text) => context.log.info(text),
    removed: (removal) => {
      if (removal.complete) return
      context.log.warning(
        `Tuner pods may be left in namespace ${options.namespace} (${listNames(removal.left)}): ${removal.why ?? ''}`,
      )
    },
  })
  return steps.flatMap((step) => changes.get(step) ?? [])
}

type Outcome = Awaited<ReturnType<typeof sweep>>[number]

function changesOf(
  { steps, settings }: Task,
  outcome: Outcome,
  changeOfTuned: (step: NodeStep, tuned: Tuned) => Change,
): [NodeStep, Change][] {
  if (outcome.kind !== 'answered') {
    const neverRan = outcome.kind === 'failed' && outcome.neverRan
    return steps.map((step) => [step, changeOf(step, neverRan ? 'failed' : 'unproven', outcome.why)])
  }
  const tuned = parseTuning(outcome.message, settings, outcome.ended)
  return steps.flatMap((step, index): [NodeStep, Change][] => {
    const one = tuned[index]
    return one ? [[step, changeOfTuned(step, one)]] : []
  })
}

/** Nodes between two lines of progress: some ten lines in all. */
function linesEvery(total: number): number {
  return Math.max(1, Math.ceil(total / 10))
}

function podTasks(tasks: Task[], options: TunerOptions, context: RemedyContext) {
  // Names of pods must not come twice in a run.
  const pass = `tune-${randomBytes(4).toString('hex')}`
  const expires = new Date(Date.now() + (options.timeoutSeconds + 60) * 1000)
  return tasks.map(({ node, settings }) => ({
    node,
    pod: tunerPod(node, {
      namespace: options.namespace,
      image: options.image,
      script: tunerScript(settings),
      runId: context.runId,
      pass,
      activeDeadlineSeconds: options.nodeTimeoutSeconds,
      expires,
    }),
  }))
}

function sweepOptions(options: TunerOptions, { runId, signal }: RemedyContext) {
  return {
    namespace: options.namespace,
    runId,
    concurrency: options.concurrency,
    nodeTimeoutSeconds: options.nodeTimeoutSeconds,
    timeoutMs: options.timeoutSeconds * 1000,
    signal,
  }
}
