import type { AksConnection } from './azure/connect-aks.ts'
import type { KubeApi } from './cluster/kube-api.ts'
import { listExternalServices } from './cluster/services.ts'
import type { Inputs } from './inputs.ts'
import type { Logger } from './log.ts'
import type { Reader } from './measure.ts'
import { sweepStale } from './node/cleanup.ts'
import { readNodes } from './node/read-nodes.ts'
import { type Run, saveClean, savePodsMayExist } from './run.ts'

/** Seconds between two lines of progress. */
const PROGRESS_SECONDS = 5

/** Reads the nodes by pods that it makes itself. Counts its looks, so that their pods have names of their own. */
export function directReader(api: KubeApi, inputs: Inputs, run: Run, log: Logger): Reader {
  const { probe, scope } = inputs
  let pass = 0
  return {
    async nodes({ only, seen }) {
      pass += 1
      savePodsMayExist({ runId: run.id, namespace: probe.namespace })
      const stale = pass === 1 ? removeStale(api, inputs, run, log) : undefined
      const progress = tellProgress(log)
      try {
        return await readNodes(api, {
          ...probe,
          runId: run.id,
          pass: `audit-${pass}`,
          scope: only === undefined ? scope : { ...scope, nodes: only },
          timeoutMs: run.remainingMs(),
          signal: run.signal,
          progress: progress.update,
          removed: ({ complete, left, why }) => {
            if (complete) saveClean()
            else
              log.warning(`Pods of this run may be left in ${probe.namespace} (${left.length}): ${why ?? ''}`)
          },
          note: log.info,
          ...(seen && { seen }),
        })
      } finally {
        progress.end()
        await stale
      }
    },
    services: () => listExternalServices(api, run.signal),
  }
}

/** Reads nodes and services by one run command (several on large clusters). */
export function commandReader(aks: AksConnection, inputs: Inputs, run: Run, log: Logger): Reader {
  void [aks, inputs, run, log]
  throw new Error('not yet')
}

async function removeStale(api: KubeApi, { probe }: Inputs, run: Run, log: Logger): Promise<void> {
  const { removed, why } = await sweepStale(api, probe.namespace, { signal: run.signal })
  if (removed > 0) log.info(`Removed ${removed} pods that earlier, dead runs had left in ${probe.namespace}.`)
  if (why !== undefined) log.debug(`pods of dead runs: ${why}`)
}

/** A line every few seconds while nodes answer, and one at the end. */
function tellProgress(log: Logger): { update(done: number, total: number): void; end(): void } {
  const state = { done: 0, total: 0 }
  const startedAt = performance.now()
  const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1)
  const tell = () => {
    if (state.total > 0) log.info(`${state.done} of ${state.total} nodes are settled after ${seconds()} s.`)
  }
  const timer = setInterval(tell, PROGRESS_SECONDS * 1000)
  return {
    update: (done, total) => Object.assign(state, { done, total }),
    end: () => {
      clearInterval(timer)
      tell()
    },
  }
}
