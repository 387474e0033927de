import { readFile } from 'node:fs/promises'
import { messageOf, UserError } from '../errors.ts'
import type { Inputs } from '../inputs.ts'
import { daemonSet } from '../remedy/daemonset.ts'
import type { NodePoolOptions } from '../remedy/node-pool/node-pool.ts'
import type { Remedy, RemedyId } from '../remedy/remedy.ts'
import { restore } from '../remedy/restore.ts'
import { readRestoreReport } from '../remedy/restore-input.ts'
import { servicePolicy } from '../remedy/service-policy.ts'
import { sysctl } from '../remedy/sysctl.ts'
import type { Cluster } from './reach.ts'

/** Seconds between the last write on a node and the reading that proves it, as in the guide; fewer if asked for. */
const MOST_VERIFY_SECONDS = 5

/** The remedy of that name, with what the inputs say about it. */
export async function remedyOf(id: RemedyId, cluster: Cluster, inputs: Inputs): Promise<Remedy> {
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
      return sysctl({
        ...tuner,
        wanted,
        scope: fix.scope,
        verifySeconds: Math.min(MOST_VERIFY_SECONDS, fix.settleSeconds),
      })
    case 'daemonset':
      return daemonSet({
        ...tuner,
        wanted,
        scope: fix.scope,
        limits: scope,
        // All pods start at once, and each does in seconds what a pod that reads a node does.
        rolloutSeconds: 2 * probe.nodeTimeoutSeconds,
      })
    case 'node-pool': {
      const { nodePool } = await import('../remedy/node-pool/node-pool.ts')
      return nodePool(poolOptions(cluster, inputs))
    }
    case 'restore':
      return restore({
        ...tuner,
        items: readRestoreReport(await earlierReport(fix.restoreFrom), cluster.facts),
        ...(cluster.aks && {
          pools: (await import('../remedy/node-pool/node-pool.ts')).poolRestorer(
            poolOptions(cluster, inputs),
          ),
        }),
      })
  }
}

function poolOptions({ aks }: Cluster, { fix, nodePool, probe, scope }: Inputs): NodePoolOptions {
  if (aks === undefined) throw new Error('node pools are changed through Azure')
  return {
    ...nodePool,
    arm: aks.arm,
    cluster: aks.cluster,
    explain: aks.explain,
    scope: fix.scope,
    nodePools: scope.nodePools,
    wanted: { conntrackMax: fix.conntrackMax, twReuse: fix.twReuse, maxTwBuckets: fix.maxTwBuckets },
    namespace: probe.namespace,
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
