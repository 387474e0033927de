import { DeadlineError, withDeadline } from '../cluster/clock.ts'
import type { KubeApi } from '../cluster/kube-api.ts'
import { listServices, type ServiceAddress } from '../cluster/services.ts'
import type { ServiceInfo } from '../health/service.ts'
import type { Inputs } from '../inputs.ts'
import type { Logger } from '../log.ts'
import { type Removal, sweepStale } from '../node/cleanup.ts'
import { nameHolders } from '../node/name-holders.ts'
import { readNodes } from '../node/read-nodes.ts'
import type { Measured, NodeResult } from '../node/reading.ts'
import { type Run, saveClean, savePodsMayExist } from '../run.ts'
import type { Reader } from './reader.ts'

/** How long services are waited for, as nodes can be judged without them. */
const SERVICES_SECONDS = 15
/** Seconds between two lines of progress. */
const PROGRESS_SECONDS = 5

/** Reads the nodes by pods that it makes itself. Counts its looks, so that their pods have names of their own. */
export function directReader(api: KubeApi, inputs: Inputs, run: Run, log: Logger): Reader {
  const { probe, scope } = inputs
  let pass = 0
  let addresses: ServiceAddress[] = []
  return {
    async nodes({ only, seen }) {
      pass += 1
      savePodsMayExist({ runId: run.id, namespace: probe.namespace })
      const stale = pass === 1 ? removeStale(api, inputs, run, log) : undefined
      const progress = tellProgress(log)
      let removal: Removal | undefined
      try {
        return await readNodes(api, {
          ...probe,
          runId: run.id,
          pass: `audit-${pass}`,
          // Nodes by name are read whatever pool they are of: a fix can bring new ones.
          scope: only === undefined ? scope : { nodePools: [], nodes: only },
          timeoutMs: run.remainingMs(),
          signal: run.signal,
          progress: (done, total) => progress.update(done, total),
          removed: (how) => {
            removal = how
            tellRemoval(how, probe.namespace, log)
          },
          note: (text) => log.info(text),
          ...(seen && { seen }),
        })
      } finally {
        progress.end()
        await stale
        // Where there was nothing to remove no pod was ever asked for; later looks follow fixes, which make pods too.
        if (removal?.complete ?? pass === 1) saveClean()
      }
    },
    async services() {
      const listed = await servicesUnlessEnded(api, run)
      addresses = listed.addresses
      return listed.external
    },
    named: (results, nodes) => namesUnlessEnded(api, run, results, { nodes, services: addresses }),
  }
}

function tellRemoval({ complete, left, why, lacking }: Removal, namespace: string, log: Logger): void {
  if (lacking !== undefined) log.info(`The pods were deleted one by one: ${lacking}.`)
  if (complete) return
  const known = left.length > 0 ? ` (${left.length} of them)` : ''
  log.warning(
    `Pods of this run may be left in ${namespace}${known}: ${why ?? 'they were not seen to be gone'}. The post step tries once more, and each ends by its own deadline.`,
  )
}

/** A run that is ended still tells of the nodes that it has read. */
async function servicesUnlessEnded(
  api: KubeApi,
  run: Run,
): Promise<{ external: Measured<ServiceInfo[]>; addresses: ServiceAddress[] }> {
  try {
    return await withDeadline(SERVICES_SECONDS * 1000, run.signal, (signal) => listServices(api, signal))
  } catch (error) {
    if (!run.signal.aborted && !(error instanceof DeadlineError)) throw error
    const why = run.signal.aborted
      ? 'the run ended before the services were listed'
      : `the services were not listed within ${SERVICES_SECONDS} s`
    return { external: { unknown: why }, addresses: [] }
  }
}

async function namesUnlessEnded(
  api: KubeApi,
  run: Run,
  results: NodeResult[],
  options: { nodes: string[]; services: ServiceAddress[] },
): Promise<{ results: NodeResult[]; unknown?: string }> {
  try {
    return await nameHolders(api, results, { ...options, signal: run.signal })
  } catch (error) {
    if (!run.signal.aborted) throw error
    return { results, unknown: 'the run ended before' }
  }
}

async function removeStale(api: KubeApi, { probe }: Inputs, run: Run, log: Logger): Promise<void> {
  const { removed, why } = await sweepStale(api, probe.namespace, { signal: run.signal })
  if (removed > 0) log.info(`Removed ${removed} pods that earlier, dead runs had left in ${probe.namespace}.`)
  if (why !== undefined) log.info(`Pods of earlier, dead runs may be left in ${probe.namespace}: ${why}.`)
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
