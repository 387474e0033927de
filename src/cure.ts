import { readFile } from 'node:fs/promises'
import { messageOf, UserError } from './errors.ts'
import type { Inputs } from './inputs.ts'
import type { Logger } from './log.ts'
import { findingsOf } from './measure.ts'
import { withNames } from './naming.ts'
import { removePods } from './node/cleanup.ts'
import type { NodeResult } from './node/reading.ts'
import type { Cluster } from './reach.ts'
import { daemonSet } from './remedy/daemonset.ts'
import { newRecord } from './remedy/record.ts'
import type { Remedy, RemedyId } from './remedy/remedy.ts'
import { restore } from './remedy/restore.ts'
import { readRestoreReport } from './remedy/restore-input.ts'
import { runRemedies } from './remedy/run-remedies.ts'
import { servicePolicy } from './remedy/service-policy.ts'
import { sysctl } from './remedy/sysctl.ts'
import { type Run, saveClean, savePodsMayExist } from './run.ts'
import { reportOf, type Story } from './story.ts'
import { reportPath, saveReport } from './tell.ts'

/** Seconds between the last write on a node and the reading that proves it, as in the guide. */
const VERIFY_SECONDS = 5

/** How often the report is brought up to date while remedies are at work, in milliseconds. */
const SAVE_MS = 1000

/** Runs the remedies that were asked for. What was found is in the report file before anything is changed. */
export async function cure(cluster: Cluster, story: Story, run: Run, log: Logger): Promise<void> {
  const { inputs, last } = story
  const { api, facts } = cluster
  if (api === undefined || last === undefined) throw new Error('remedies need a cluster that was measured')
  const remedies = await Promise.all(inputs.fix.remedies.map((id) => remedyOf(id, cluster, inputs)))
  const record = newRecord(inputs.fix.dryRun)
  Object.assign(story, { before: last, fix: record })
  savePodsMayExist({ runId: run.id, namespace: inputs.probe.namespace })
  const saving = keepReportSaved(story)
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
          findingsOf: (nodes, services) => findingsOf({ results: nodes }, services, inputs),
          readServices: () => cluster.reader.services(),
        },
      ),
    )
    const judgeAgain = (nodes: NodeResult[]) => findingsOf({ results: nodes }, standing.services, inputs)
    // A dry run leaves the first look standing, with its names.
    story.last = inputs.fix.dryRun
      ? { ...last, ...standing }
      : await withNames(standing, cluster.reader, judgeAgain, log)
  } finally {
    saving.end()
    await removeTuners(cluster, story, run, log)
  }
}

/** Each sweep removes its own pods; this is for one that was cut short. A dry run made none that could be left. */
async function removeTuners({ api }: Cluster, { inputs, fix }: Story, run: Run, log: Logger): Promise<void> {
  if (api === undefined || fix?.dryRun) return saveClean()
  const { namespace } = inputs.probe
  const { complete, left, why } = await removePods(api, namespace, run.id)
  if (complete) saveClean()
  else log.warning(`Pods of this run may be left in ${namespace} (${left.length}): ${why ?? ''}`)
}

async function remedyOf(id: RemedyId, cluster: Cluster, inputs: Inputs): Promise<Remedy> {
  const { fix, probe, scope } = inputs
  const tuner = { ...probe, timeoutSeconds: probe.timeoutSeconds }
  const wanted = { conntrackMax: fix.conntrackMax, twReuse: fix.twReuse, maxTwBuckets: fix.maxTwBuckets }
  switch (id) {
    case 'service-policy':
      return servicePolicy({
        services: fix.services,
        forceServices: fix.forceServices,
        scope: fix.scope,
        settleSeconds: fix.settleSeconds,
        namespace: probe.namespace,
      })
    case 'sysctl':
      return sysctl({ ...tuner, wanted, scope: fix.scope, verifySeconds: VERIFY_SECONDS })
    case 'daemonset':
      return daemonSet({
        ...tuner,
        wanted,
        scope: fix.scope,
        limits: scope,
        rolloutSeconds: probe.timeoutSeconds,
      })
    case 'node-pool':
      throw new Error('not yet')
    case 'restore':
      return restore({
        ...tuner,
        items: readRestoreReport(await earlierReport(fix.restoreFrom), cluster.facts),
      })
  }
}

async function earlierReport(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new UserError(`The report to restore from cannot be read: ${messageOf(error)}`, {
      next: 'Give the path of the JSON report in the input "restore-from"; download the artifact of the run first.',
      docs: 'troubleshooting.md#the-report-to-restore-from-cannot-be-used',
      cause: error,
    })
  }
}

/** Writes the report now, and while remedies work whenever there is something new in it. */
function keepReportSaved(story: Story): { end(): void } {
  const path = reportPath(story.inputs, story.run.id, process.env)
  let saved = ''
  const save = () => {
    const state = JSON.stringify(story.fix)
    if (state === saved) return
    saved = state
    saveReport(reportOf(story), path)
  }
  save()
  const timer = setInterval(save, SAVE_MS)
  return { end: () => clearInterval(timer) }
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
