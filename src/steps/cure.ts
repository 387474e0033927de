import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { removePods } from '../node/cleanup.ts'
import type { NodeResult } from '../node/reading.ts'
import { newRecord } from '../remedy/record.ts'
import { runRemedies } from '../remedy/run-remedies.ts'
import { type Run, saveClean, savePodsMayExist } from '../run.ts'
import { findingsOf } from './measure.ts'
import { withNames } from './naming.ts'
import type { Cluster } from './reach.ts'
import { remedyOf } from './remedies.ts'
import { reportOf, type Story } from './story.ts'
import { reportPath, saveReport } from './tell.ts'

/** How often the report is brought up to date while remedies are at work, in milliseconds. */
const SAVE_MS = 1000
/** A run that is being ended has 7.5 s, of which its last sweep may take 5; what is left then is the post step's. */
const HASTY_REMOVAL_MS = 1500

/** Runs the remedies that were asked for. What was found is in the report file before anything is changed. */
export async function cure(cluster: Cluster, story: Story, run: Run, log: Logger): Promise<void> {
  const { inputs, last } = story
  const { api, facts } = cluster
  if (api === undefined || last === undefined) throw new Error('remedies need a cluster that was measured')
  const { missing } = last
  const remedies = await Promise.all(inputs.fix.remedies.map((id) => remedyOf(id, cluster, inputs)))
  const record = newRecord(inputs.fix.dryRun)
  Object.assign(story, { before: last, fix: record })
  if (!record.dryRun) savePodsMayExist({ runId: run.id, namespace: inputs.probe.namespace })
  const saving = keepReportSaved(story, log)
  try {
    const seen = last.nodes.map(({ node }) => node)
    const standing = await log.group(`Fixing ${facts.name}: ${inputs.fix.remedies.join(', ')}`, () =>
      runRemedies(
        { nodes: last.nodes, findings: last.findings, services: last.services },
        {
          api,
          log,
          remedies,
          record,
          runId: run.id,
          signal: run.signal,
          sleep: (ms) => sleepUnless(run.signal, ms),
          readAgain: async (only) => {
            const read = await cluster.reader.nodes({ seen, ...(only && { only }) })
            return read.results
          },
          findingsOf: (nodes, services) => findingsOf({ results: nodes, missing }, services, inputs),
          readServices: () => cluster.reader.services(),
          save: saving.save,
        },
      ),
    )
    const judgeAgain = (nodes: NodeResult[]) =>
      findingsOf({ results: nodes, missing }, standing.services, inputs)
    // A dry run leaves the first look standing, with its names.
    story.last = inputs.fix.dryRun
      ? { ...last, ...standing }
      : await withNames({ ...standing, missing }, cluster.reader, judgeAgain, log)
  } finally {
    saving.end()
    await removeTuners(cluster, story, run, log)
  }
}

/** Each sweep removes its own pods; this is for one that was cut short. A dry run has no sweeps of its own. */
async function removeTuners({ api }: Cluster, { inputs, fix }: Story, run: Run, log: Logger): Promise<void> {
  if (api === undefined || fix?.dryRun) return
  const { namespace } = inputs.probe
  const options = run.signal.aborted ? { timeoutMs: HASTY_REMOVAL_MS } : {}
  const { complete, left, why } = await removePods(api, namespace, run.id, options)
  if (complete) saveClean()
  else log.warning(`Pods of this run may be left in ${namespace} (${left.length}): ${why ?? ''}`)
}

/** Writes the report now, and while remedies work whenever there is something new in it. `save` throws; no other does. */
function keepReportSaved(story: Story, log: Logger): { save: () => void; end: () => void } {
  const path = reportPath(story.inputs, story.run.id, process.env)
  let saved = ''
  const save = () => {
    const state = JSON.stringify(story.fix)
    if (state === saved) return
    saved = state
    saveReport(reportOf(story), path)
  }
  save()
  let told = false
  const saveIfPossible = () => {
    try {
      save()
    } catch (error) {
      if (!told) log.warning(messageOf(error))
      told = true
    }
  }
  const timer = setInterval(saveIfPossible, SAVE_MS)
  const end = () => {
    clearInterval(timer)
    saveIfPossible()
  }
  return { save, end }
}

function sleepUnless(signal: AbortSignal, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}
