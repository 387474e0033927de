import { changeOf } from '../record.ts'
import type { Change, RemedyContext } from '../remedy.ts'
import { hasAll, updateBody } from './bodies.ts'
import { waysOn } from './notes.ts'
import type { Kit } from './options.ts'
import { written as asText } from './os-settings.ts'
import { poolNodes } from './pool-nodes.ts'
import { type PoolStep, presentSetting, wantedValues } from './wanted.ts'
import { changePool, type Written } from './write-pool.ts'

/**
 * Changes the configuration of a pool that exists, as far as AKS does that. Resolves with one change for each
 * step; `changed` and `unchanged` say what ARM has, the nodes are looked at by verify.
 */
export async function updatePool(
  name: string,
  steps: readonly PoolStep[],
  kit: Kit,
  context: RemedyContext,
): Promise<Change[]> {
  const values = wantedValues(steps, name)
  const tell = (make: (step: PoolStep) => Change): Change[] => {
    const changes = steps.map(make)
    for (const change of changes) context.record(change)
    return changes
  }
  const nodes = await poolNodes(context.api, name, context.signal)
  const written = await changePool(
    name,
    {
      decide: (pool) => (hasAll(pool.properties, values) ? undefined : updateBody(pool, values)),
      sending: () =>
        void tell((step) => changeOf(step, 'unproven', 'the change was sent to Azure and has not ended')),
      before: new Set(nodes.map(({ uid }) => uid)),
    },
    kit,
    context,
  )
  const lacking = written.kind === 'written' && !hasAll(written.pool.properties, values)
  if (lacking) {
    const why = 'Azure says that the change is done, yet the pool does not have it'
    return tell((step) => changeOf(step, 'failed', why))
  }
  if (written.kind === 'not-changeable') for (const way of waysOn(name)) context.log.warning(way)
  return tell((step) => ({
    ...changeOf(step, outcomeOf(written), whyOf(written, step, kit)),
    after: afterOf(written, step),
  }))
}

function outcomeOf(written: Written): Change['outcome'] {
  switch (written.kind) {
    case 'written':
      return 'changed'
    case 'as-wanted':
      return written.sent ? 'changed' : 'unchanged'
    case 'not-changeable':
      return 'refused'
    case 'gone':
      return 'failed'
    case 'failed':
      return written.sent && written.pool === undefined ? 'unproven' : 'failed'
  }
}

function whyOf(written: Written, step: PoolStep, kit: Kit): string | undefined {
  switch (written.kind) {
    case 'written':
      return step.why
    case 'as-wanted':
      return written.sent ? step.why : 'the pool had it by then'
    case 'not-changeable':
      return `AKS does not change it on a pool that exists (${written.error.code}); node-pool-strategy: replace makes a new pool with it, fix: daemonset writes it on every node`
    case 'gone':
      return 'the pool is gone'
    case 'failed': {
      const failed = `The node pool ${step.target.name} could not be changed`
      const said = kit.explain(written.error, failed)
      return said instanceof Error ? said.message : written.error.message
    }
  }
}

/** What the pool has now, where that is known. */
function afterOf(written: Written, step: PoolStep): string | null | undefined {
  if (written.kind === 'written' || written.kind === 'as-wanted') return step.to
  if (written.kind === 'not-changeable') return step.from
  if (written.kind !== 'failed' || written.pool === undefined) return undefined
  return asText(presentSetting(written.pool.properties, step.setting))
}
