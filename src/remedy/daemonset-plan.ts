import { KubeError } from '../cluster/kube-api.ts'
import { listAll } from '../cluster/list.ts'
import { MANAGED_BY, MANAGED_BY_LABEL } from '../node/pod.ts'
import { type ClusterNode, listNodes } from './cluster-nodes.ts'
import { DAEMONSET_NAME, type DaemonSet, isOurs, otherOwners, settingsOf } from './daemonset-object.ts'
import { type DaemonSetSettings, joined, mergeSettings, names } from './daemonset-settings.ts'
import {
  type DaemonSetOptions,
  servedBy,
  servedNodeSteps,
  settingStep,
  settingSteps,
  wantedSettings,
  writesTheSame,
} from './daemonset-wanted.ts'
import { nameOf, type RemedyContext, type Step } from './remedy.ts'
import { whyFailed } from './rights.ts'
import { readDaemonSet } from './rollout.ts'
import { type Need, needsByNode, stepsForNode } from './sysctl-targets.ts'
import { listNames } from './words.ts'

/** What shall be done with the DaemonSet, and what it was decided on. */
export interface DaemonSetDecision {
  /** One for each setting that is new or changes, then one for each value of each node that was read. */
  steps: Step[]
  /** What it shall have; absent when nothing is to be applied. */
  settings?: DaemonSetSettings
  /** Version of the DaemonSet that is there; absent when there is none. */
  resourceVersion?: string
  notes: string[]
}

/** Looks at what is there and at what breaches, and decides what the DaemonSet shall have. */
export async function decideDaemonSet(
  options: DaemonSetOptions,
  context: RemedyContext,
): Promise<DaemonSetDecision> {
  const { nodes } = context
  const needs = needsByNode(context.findings, options.scope, nodes)
  const inNeed = nodes.filter(({ node, kind }) => kind === 'read' && (needs.get(node.name)?.size ?? 0) > 0)
  const leave = (intent: 'skip' | 'refuse', why: string, notes: string[] = []): DaemonSetDecision => ({
    steps: [settingStep(options.namespace, 'nodes', undefined, null, intent, why)],
    notes,
  })
  if (inNeed.length === 0) {
    return leave(
      'skip',
      'no node that was read breaches what it cures; fix-scope: all puts it in place all the same',
    )
  }
  const elsewhere = await lookElsewhere(options.namespace, context)
  if (elsewhere.refusal) return leave('refuse', elsewhere.refusal)
  const present = await findDaemonSet(options.namespace, context)
  const foreign = present && whyNotOurs(present)
  if (foreign) return leave('refuse', foreign, elsewhere.notes)
  const before = present && readable(present)
  const wanted = wantedSettings(options, nodes, inNeed, needs)
  const all = await listNodes(context.api, context.signal)
  const settings = before ? joinSettings(before, wanted, nodes, all) : wanted
  const unseen =
    before && !writesTheSame(before, settings) ? unread(servedBy(settings, all), before, nodes, all) : []
  if (unseen.length > 0) {
    return leave(
      'refuse',
      `it serves nodes that this run did not look at (${listNames(unseen)}) and whose values would change without a record; let the scope of the run take them in`,
      elsewhere.notes,
    )
  }
  const ofNodes = servedNodeSteps(settings, servedBy(settings, all), nodes)
  const steps = [
    ...settingSteps(options.namespace, before, settings),
    ...ofNodes,
    ...(options.scope === 'all' ? leftOutSteps(settings, needs, options, nodes) : []),
  ]
  const apply = steps.some(({ intent }) => intent === 'change')
  const tooMuch = ofNodes.find(({ intent }) => intent === 'refuse')
  if (apply && tooMuch)
    return leave('refuse', `its pods would write ${nameOf(tooMuch.target)} too: ${tooMuch.why ?? ''}`)
  const resourceVersion = present?.metadata.resourceVersion
  return {
    steps,
    ...(apply && { settings }),
    ...(resourceVersion && { resourceVersion }),
    notes: [...elsewhere.notes, ...leftOutNotes(settings)],
  }
}

/** What is there and what is wanted in one; unread nodes that it serves already stay served if nothing new is written. */
function joinSettings(
  before: DaemonSetSettings,
  wanted: DaemonSetSettings,
  nodes: RemedyContext['nodes'],
  all: ClusterNode[],
): DaemonSetSettings {
  const read = new Set(nodes.filter(({ kind }) => kind === 'read').map(({ node }) => node.name))
  const settings = mergeSettings(before, wanted, read)
  if (!writesTheSame(before, settings)) return settings
  const served = servedBy(before, all)
  return { ...settings, 'left-out': joined(names(settings['left-out']).filter((name) => !served.has(name))) }
}

/** Nodes that were served before and will be, and that this run knows nothing of. */
function unread(
  served: ReadonlySet<string>,
  before: DaemonSetSettings,
  nodes: RemedyContext['nodes'],
  all: ClusterNode[],
): string[] {
  const known = new Set(nodes.map(({ node }) => node.name))
  return [...servedBy(before, all)].filter((name) => served.has(name) && !known.has(name))
}

function leftOutNotes(settings: DaemonSetSettings): string[] {
  const leftOut = names(settings['left-out'])
  if (leftOut.length === 0) return []
  return [
    `Left out, as they could not be read and nothing could be put back on them: ${listNames(leftOut)}. A later run that reads them takes them in.`,
  ]
}

/** That nodes which were to be served are not. */
function leftOutSteps(
  settings: DaemonSetSettings,
  needs: Map<string, Set<Need>>,
  { wanted }: DaemonSetOptions,
  nodes: RemedyContext['nodes'],
): Step[] {
  const leftOut = new Set(names(settings['left-out']))
  return nodes
    .filter(({ node, kind }) => kind === 'unread' && leftOut.has(node.name))
    .flatMap((result) => stepsForNode('daemonset', result, needs.get(result.node.name) ?? new Set(), wanted))
}

/** The DaemonSet of a namespace; undefined when there is none. */
export async function findDaemonSet(
  namespace: string,
  { api, signal }: Pick<RemedyContext, 'api' | 'signal'>,
  name = DAEMONSET_NAME,
): Promise<DaemonSet | undefined> {
  try {
    return await readDaemonSet(api, { namespace, name }, signal)
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return undefined
    throw error
  }
}

/** DaemonSets of this action in other namespaces: two of them would both write. */
async function lookElsewhere(
  namespace: string,
  { api, signal }: RemedyContext,
): Promise<{ refusal?: string; notes: string[] }> {
  try {
    const [other] = (await allOurs(api, signal)).filter(({ metadata }) => metadata.namespace !== namespace)
    if (!other) return { notes: [] }
    const where = other.metadata.namespace ?? ''
    return {
      refusal: `there is one in namespace ${where} already (${where}/${other.metadata.name}); set namespace to ${where}, or remove it first`,
      notes: [],
    }
  } catch (error) {
    signal.throwIfAborted()
    return {
      notes: [`Whether another namespace has such a DaemonSet could not be seen: ${whyFailed(error)}.`],
    }
  }
}

/** Every DaemonSet of this action in the cluster. */
export async function allOurs(api: RemedyContext['api'], signal: AbortSignal): Promise<DaemonSet[]> {
  const query = { labelSelector: `${MANAGED_BY_LABEL}=${MANAGED_BY}` }
  return (await listAll<DaemonSet>(api, { path: '/apis/apps/v1/daemonsets', query, signal })).items
}

/** Why a DaemonSet of that name must not be touched; undefined when it may be. */
export function whyNotOurs(object: DaemonSet): string | undefined {
  if (!isOurs(object)) return 'there is one of that name that this action did not make'
  const owners = otherOwners(object)
  if (owners.length > 0) {
    return `${listNames(owners)} manages it (metadata.managedFields): change it there, or it would be set back`
  }
  const settings = settingsOf(object)
  return 'unreadable' in settings ? settings.unreadable : undefined
}

function readable(object: DaemonSet): DaemonSetSettings | undefined {
  const settings = settingsOf(object)
  return 'unreadable' in settings ? undefined : settings
}
