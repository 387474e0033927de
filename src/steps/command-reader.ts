import type { AksConnection } from '../azure/connect-aks.ts'
import type { ClusterFacts } from '../cluster/facts.ts'
import type { Inputs } from '../inputs.ts'
import type { Logger } from '../log.ts'
import { type CommandRead, type RunInCluster, readByCommand } from '../node/by-command/read-by-command.ts'
import type { Removal } from '../node/cleanup.ts'
import type { Run } from '../run.ts'
import type { Reader } from './reader.ts'

/** A reader whose nodes, services and dataplane all come from the same commands. */
export interface CommandReader extends Reader {
  dataplane(): Promise<Pick<ClusterFacts, 'dataplane' | 'kubeProxy'>>
}

/** Reads nodes and services by one run command (several on large clusters), without a way to the API server. */
export function commandReader(aks: AksConnection, inputs: Inputs, run: Run, log: Logger): CommandReader {
  const { probe, scope } = inputs
  let pass = 0
  const first = Promise.withResolvers<CommandRead>()
  first.promise.catch(() => {})
  return {
    async nodes({ only, seen }) {
      pass += 1
      try {
        const read = await readByCommand(runInCluster(aks, run, log), {
          ...probe,
          runId: run.id,
          pass: `audit-${pass}`,
          scope: only === undefined ? scope : { ...scope, nodes: only },
          timeoutMs: run.remainingMs(),
          server: aks.facts.server,
          signal: run.signal,
          note: (text) => log.info(text),
          progress: (done, total) => log.info(`${done} of ${total} nodes of the scope are settled.`),
          removed: (removal) => tellRemoval(removal, probe.namespace, log),
          ...(seen && { seen }),
        })
        first.resolve(read)
        return read.nodes
      } catch (error) {
        first.reject(error)
        throw error
      }
    },
    services: async () => (await first.promise).services,
    dataplane: async () => (await first.promise).dataplane,
  }
}

function tellRemoval({ complete, left, why }: Removal, namespace: string, log: Logger): void {
  if (complete) return
  log.warning(
    `Pods of this run may be left in ${namespace} (${left.length}): ${why ?? 'they were not seen to be gone'}. Each ends by its own deadline, and a later run removes them.`,
  )
}

function runInCluster(aks: AksConnection, run: Run, log: Logger): RunInCluster {
  const { runCommand } = aks
  if (runCommand === undefined) throw new Error('the cluster is not reached by run command')
  let number = 0
  return async (order) => {
    number += 1
    log.info(`Run command ${number} is sent. AKS starts a pod for it in the namespace aks-command.`)
    const startedAt = performance.now()
    const result = await runCommand(order, { signal: run.signal, timeoutMs: run.remainingMs() }).catch(
      (error: unknown) => {
        if (run.signal.aborted) log.info('The command goes on in the cluster and removes its pods itself.')
        throw error
      },
    )
    log.info(`Run command ${number} took ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`)
    return result
  }
}
