import { record } from '../../azure/arm-error.ts'
import type { RemedyContext } from '../remedy.ts'
import { listNames } from '../words.ts'
import { hasAll, successorBody, updateBody } from './bodies.ts'
import { lineageOf, successorName } from './lineage.ts'
import {
  byHandNote,
  diffNote,
  replaceImpact,
  undoReplaceNote,
  undoUpdateNote,
  updateImpact,
  waysOn,
} from './notes.ts'
import type { Kit } from './options.ts'
import { OS_SETTINGS, parsedValue, UNSAFE_SYSCTLS, written } from './os-settings.ts'
import { checkAzure, DELETE_POOLS, missingDrainRights, WRITE_POOLS } from './preflight.ts'
import { ruleFor } from './rules.ts'
import type { PoolCase, Survey } from './survey.ts'
import { tiesOf } from './ties.ts'
import { type PoolStep, presentSetting, settingSteps, wantedValues } from './wanted.ts'

/** The part of the plan that is about one pool. */
export interface CasePlan {
  steps: PoolStep[]
  impact: string[]
  notes: string[]
}

/** The setting of the step that one pool takes the place of another. */
export const POOL = 'pool'

/** A step that says why nothing is done for a pool. */
export function refusal(name: string, why: string, intent: 'refuse' | 'skip' = 'refuse'): PoolStep {
  const target = { kind: 'node-pool', name } as const
  return { remedy: 'node-pool', target, setting: 'linuxOSConfig', from: undefined, to: null, intent, why }
}

/** Plans one pool. @param room whether `max-pools` lets this pool be changed. */
export async function planCase(
  found: PoolCase,
  all: Survey,
  kit: Kit,
  context: RemedyContext,
  room: boolean,
): Promise<CasePlan> {
  const { pool, successor } = found
  const rule = ruleFor(pool, kit.strategy, successor !== undefined)
  if (rule.no !== undefined) return only(refusal(pool.name, rule.no, found.named ? 'refuse' : 'skip'))
  if (successor !== undefined && kit.strategy === 'update') {
    return only(
      refusal(
        pool.name,
        `its replacement by ${successor.name} has begun: finish it with node-pool-strategy: replace, or take it back with fix: restore`,
      ),
    )
  }
  const steps = stepsOf(found, kit)
  if (!steps.some(({ intent }) => intent === 'change')) return { steps, impact: [], notes: [] }
  if (!room) {
    const why = `max-pools is ${kit.maxPools}: run again for this pool, or raise it`
    return { steps: turned(steps, 'skip', why), impact: [], notes: [] }
  }
  return kit.strategy === 'replace'
    ? planReplace(found, steps, all, kit, context, rule.remarks)
    : planUpdate(found, steps, all, kit, rule.remarks)
}

function only(step: PoolStep): CasePlan {
  return { steps: [step], impact: [], notes: [] }
}

function turned(steps: readonly PoolStep[], intent: 'refuse' | 'skip', why: string): PoolStep[] {
  return steps.map((step) => (step.intent === 'change' ? { ...step, intent, why } : step))
}

/** What a replacement that has begun brings is what its successor has; what it does not bring is refused. */
function stepsOf(found: PoolCase, kit: Kit): PoolStep[] {
  const { pool, results, needs, successor } = found
  const asked = settingSteps(
    { name: pool.name, properties: pool.properties, nodes: results },
    needs,
    kit.wanted,
  )
  if (successor === undefined) return asked.map((step) => versioned(step, pool.etag))
  const brought = [...Object.keys(OS_SETTINGS), UNSAFE_SYSCTLS].flatMap((setting): PoolStep[] => {
    const from = written(presentSetting(pool.properties, setting))
    const to = written(presentSetting(successor.properties, setting))
    if (from === to) return []
    const target = { kind: 'node-pool', name: pool.name } as const
    return [{ remedy: 'node-pool', target, setting, from, to, intent: 'change' }]
  })
  const why = `${successor.name}, which replaces the pool, was made without it; run again once that is through`
  const lacking = asked.filter(({ intent, to, setting }) => {
    const value = intent === 'change' && to !== null ? parsedValue(setting, to) : undefined
    return value !== undefined && !hasAll(successor.properties, { [setting]: value })
  })
  const known = new Set(lacking.map(({ setting }) => setting))
  return [
    ...brought.filter(({ setting }) => !known.has(setting)),
    ...lacking.map((step): PoolStep => ({ ...step, intent: 'refuse', why })),
    // A replacement that brings no new value is finished all the same.
    poolStep(pool.name, successor.name, 'its replacement has begun and is gone on with'),
  ]
}

function versioned(step: PoolStep, etag: string | undefined): PoolStep {
  return step.intent === 'change' && etag !== undefined ? { ...step, resourceVersion: etag } : step
}

function poolStep(from: string, to: string, why: string): PoolStep {
  const target = { kind: 'node-pool', name: from } as const
  return { remedy: 'node-pool', target, setting: POOL, from, to, intent: 'change', why }
}

function planUpdate(
  { pool }: PoolCase,
  steps: PoolStep[],
  all: Survey,
  kit: Kit,
  remarks: string[],
): CasePlan {
  const values = wantedValues(steps, pool.name)
  const body = updateBody(pool, values)
  const heir = successorName(pool, namesOf(all))
  const successor = heir === undefined ? undefined : successorBody(pool, { raise: values }, {})
  return {
    steps,
    impact: [updateImpact(pool), ...remarks],
    notes: [
      diffNote(pool, body, `The change of ${pool.name}:`),
      ...waysOn(pool.name),
      ...(heir && successor ? [byHandNote(kit.cluster, pool, heir, successor, kit.drainTimeoutMinutes)] : []),
      undoUpdateNote(pool),
    ],
  }
}

async function planReplace(
  found: PoolCase,
  steps: PoolStep[],
  all: Survey,
  kit: Kit,
  context: RemedyContext,
  remarks: string[],
): Promise<CasePlan> {
  const { pool, nodes, successor } = found
  const { api, signal } = context
  const name = successor?.name ?? successorName(pool, namesOf(all))
  if (name === undefined)
    return { steps: turned(steps, 'refuse', 'no name is free for its successor'), impact: [], notes: [] }
  const blockers = (await missingDrainRights(api, signal)).map(
    (right) => `the right ${right} is missing in Kubernetes`,
  )
  const check = await checkAzure(
    kit.arm,
    kit.cluster,
    pool,
    { actions: [WRITE_POOLS, DELETE_POOLS], quota: successor === undefined },
    signal,
  )
  blockers.push(...check.missing.map((right) => `the right ${right} is missing in Azure`), ...check.short)
  const lacksRights = blockers.length > 0
  const ties = lacksRights
    ? { blockers: [], impact: [] }
    : await tiesOf(api, nodes, name, signal, successor === undefined)
  blockers.push(...ties.blockers)
  if (blockers.length > 0) {
    const why = `the pool cannot be replaced: ${listNames(blockers, 6)}`
    return { steps: turned(steps, 'refuse', why), impact: [], notes: check.unknown }
  }
  const values = wantedValues(steps, pool.name)
  const body = successorBody(pool, { raise: values }, {})
  return {
    steps: successor
      ? steps
      : [...steps, poolStep(pool.name, name, 'a pool of the same shape takes its place')],
    impact: [replaceImpact(pool, name, kit.drainTimeoutMinutes), ...ties.impact, ...remarks],
    notes: [
      ...check.unknown,
      ...carried(pool.properties),
      diffNote(
        pool,
        body,
        `How ${name} differs from ${pool.name}, besides the tags by which a later run finds it:`,
      ),
      byHandNote(kit.cluster, pool, name, body, kit.drainTimeoutMinutes),
      undoReplaceNote(pool, name),
    ],
  }
}

/** Pools that a successor must not be named after: those that are there, and those that were replaced. */
function namesOf({ pools }: Survey): string[] {
  return pools.flatMap((pool) => [pool.name, lineageOf(pool)?.predecessor ?? []].flat())
}

/** Fields whose meaning a second pool can run into. */
function carried(properties: Record<string, unknown>): string[] {
  const notes: string[] = []
  if (properties.nodePublicIPPrefixID) {
    notes.push(
      'The successor takes public addresses of the same prefix while both pools are there: it must have room.',
    )
  }
  if (properties.capacityReservationGroupID || properties.hostGroupID) {
    notes.push(
      'The successor takes machines of the same reservation or host group while both pools are there: it must have room.',
    )
  }
  if (record(properties.creationData) !== undefined) {
    notes.push('The successor is made from the same snapshot, which must still exist.')
  }
  return notes
}
