import { UserError } from '../errors.ts'

/** One requirement of a node selector term (core/v1 NodeSelectorRequirement). */
export interface Requirement {
  key: string
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  values?: string[]
}

export interface NodeSelectorTerm {
  matchExpressions: Requirement[]
}

/**
 * A part of the cluster that the DaemonSet serves: everything, a pool, the nodes that belong to no pool, or one
 * node, and of these those that a label selector matches.
 */
export interface Area {
  of: { kind: 'all' } | { kind: 'pool'; name: string } | { kind: 'no-pool' } | { kind: 'node'; name: string }
  /** Label selector as in kubectl; '' = no further condition. */
  where: string
}

/** Labels that name the pool of a node: AKS, AKS of old, Karpenter (node auto-provisioning). */
const poolLabels = ['kubernetes.azure.com/agentpool', 'agentpool', 'karpenter.sh/nodepool']
const hostname = 'kubernetes.io/hostname'

/** An area in words, as plans and annotations tell it: `pool np1`, `all nodes where tier=web`. */
export function areaText({ of, where }: Area): string {
  const base = {
    all: 'all nodes',
    'no-pool': 'nodes without a pool',
    pool: `pool ${of.kind === 'pool' ? of.name : ''}`,
    node: `node ${of.kind === 'node' ? of.name : ''}`,
  }[of.kind]
  return where === '' ? base : `${base} where ${where}`
}

const forms =
  /^(all nodes|nodes without a pool|pool ([a-z0-9.-]{1,253})|node ([a-z0-9.-]{1,253}))(?: where (.{1,2000}))?$/

/** The area that a text names; undefined when it is none. */
export function parseArea(text: string): Area | undefined {
  const [, base, pool, node, where = ''] = forms.exec(text) ?? []
  if (base === undefined || !isSelector(where)) return undefined
  if (pool !== undefined) return { of: { kind: 'pool', name: pool }, where }
  if (node !== undefined) return { of: { kind: 'node', name: node }, where }
  return { of: { kind: base === 'all nodes' ? 'all' : 'no-pool' }, where }
}

/** Areas as one text, in a fixed order; `all nodes` takes the others in. */
export function areasText(areas: Area[]): string {
  const texts = [...new Set(areas.map(areaText))].sort()
  return texts.includes('all nodes') ? 'all nodes' : texts.join('; ')
}

/** The inverse of {@link areasText}; undefined when a part of it is no area. */
export function parseAreas(text: string): Area[] | undefined {
  const areas = text.split('; ').map(parseArea)
  return areas.every((area) => area !== undefined) ? areas : undefined
}

/** Node selector terms (any of them matches) for Linux nodes of `areas` other than `leftOut`. */
export function termsOf(areas: Area[], leftOut: readonly string[]): NodeSelectorTerm[] {
  const always: Requirement[] = [
    { key: 'kubernetes.io/os', operator: 'In', values: ['linux'] },
    { key: 'type', operator: 'NotIn', values: ['virtual-kubelet'] },
    ...(leftOut.length > 0
      ? [{ key: hostname, operator: 'NotIn' as const, values: leftOut.toSorted() }]
      : []),
  ]
  return areas.flatMap(({ of, where }) => {
    const condition = parseSelector(where)
    return baseTerms(of).map((base) => ({ matchExpressions: [...base, ...condition, ...always] }))
  })
}

function baseTerms(of: Area['of']): Requirement[][] {
  switch (of.kind) {
    case 'all':
      return [[]]
    case 'pool':
      return poolLabels.map((key) => [{ key, operator: 'In', values: [of.name] }])
    case 'no-pool':
      return [poolLabels.map((key) => ({ key, operator: 'DoesNotExist' }))]
    case 'node':
      return [[{ key: hostname, operator: 'In', values: [of.name] }]]
  }
}

const part = {
  key: /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,316})$/,
  value: /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}))?$/,
}

/** A label selector as kubectl takes it, as requirements. */
export function parseSelector(selector: string): Requirement[] {
  const requirements: Requirement[] = []
  // Commas inside parentheses belong to a list of values.
  for (const text of selector.split(/,(?![^(]*\))/)) {
    if (text.trim() === '') continue
    const requirement = parseRequirement(text.trim())
    if (!requirement) {
      throw new UserError(`node-selector: \`${text.trim()}\` is not a condition on labels`, {
        next: 'Write it as kubectl does: key=value, key!=value, key in (a,b), key notin (a,b), key, !key.',
      })
    }
    requirements.push(requirement)
  }
  return requirements
}

function isSelector(text: string): boolean {
  try {
    parseSelector(text)
    return true
  } catch {
    return false
  }
}

function parseRequirement(text: string): Requirement | undefined {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text)
  if (set) {
    const values = (set[3] ?? '').split(',').map((value) => value.trim())
    return checked({ key: set[1] ?? '', operator: set[2] === 'in' ? 'In' : 'NotIn', values })
  }
  const equal = /^([^=!\s]+)\s*(!=|==?)\s*(\S*)$/.exec(text)
  if (equal) {
    return checked({
      key: equal[1] ?? '',
      operator: equal[2] === '!=' ? 'NotIn' : 'In',
      values: [equal[3] ?? ''],
    })
  }
  if (text.startsWith('!')) return checked({ key: text.slice(1).trim(), operator: 'DoesNotExist' })
  return checked({ key: text, operator: 'Exists' })
}

function checked(requirement: Requirement): Requirement | undefined {
  const { key, values = [] } = requirement
  return part.key.test(key) && values.every((value) => part.value.test(value)) ? requirement : undefined
}
