import type { KubeObject, LabelSelector } from './objects.ts'
import { badRequest } from './status.ts'

export type Predicate = (object: KubeObject) => boolean
type Labels = Record<string, string>

const keyPattern = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/
const valuePattern = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/

/** Parses a labelSelector of a query. Throws 400 as the API server does. */
export function labelPredicate(selector: string): (labels: Labels) => boolean {
  const tests = splitTopLevel(selector).map(parseRequirement)
  return (labels) => tests.every((test) => test(labels))
}

function splitTopLevel(selector: string): string[] {
  return selector.split(/,(?![^(]*\))/).map((part) => part.trim())
}

function parseRequirement(text: string): (labels: Labels) => boolean {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text)
  if (set) {
    const [, key = '', operator, list = ''] = set
    const values = new Set(list.split(',').map((value) => checkValue(value.trim())))
    checkKey(key)
    return operator === 'in'
      ? (labels) => labels[key] !== undefined && values.has(labels[key])
      : (labels) => labels[key] === undefined || !values.has(labels[key])
  }
  const equality = /^([^=!\s]+)\s*(==|=|!=)\s*(.*)$/.exec(text)
  if (equality) {
    const [, key = '', operator, value = ''] = equality
    checkKey(key)
    checkValue(value)
    return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value
  }
  if (text.startsWith('!')) {
    const key = checkKey(text.slice(1).trim())
    return (labels) => labels[key] === undefined
  }
  const key = checkKey(text)
  return (labels) => labels[key] !== undefined
}

function checkKey(key: string): string {
  if (keyPattern.test(key) && (key.split('/').at(-1)?.length ?? 0) <= 63) return key
  throw badRequest(
    `unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(key)}: name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
  )
}

function checkValue(value: string): string {
  if (value.length > 63) {
    throw badRequest(
      `unable to parse requirement: values[0][]: Invalid value: ${JSON.stringify(value)}: must be no more than 63 characters`,
    )
  }
  if (valuePattern.test(value)) return value
  throw badRequest(
    `unable to parse requirement: values[0][]: Invalid value: ${JSON.stringify(value)}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
  )
}

/** A LabelSelector object as used in specs; an empty one matches all, an absent one nothing. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels = {}): boolean {
  if (!selector) return false
  const exact = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value)
  return (
    exact && (selector.matchExpressions ?? []).every((expression) => matchesExpression(expression, labels))
  )
}

/** One requirement with operator In, NotIn, Exists, DoesNotExist. */
export function matchesExpression(
  expression: { key: string; operator: string; values?: string[] },
  labels: Labels,
): boolean {
  const value = labels[expression.key]
  const values = expression.values ?? []
  switch (expression.operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    default:
      return false
  }
}

const commonFields = ['metadata.name', 'metadata.namespace']
const fieldsOf: Record<string, string[]> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  nodes: ['spec.unschedulable'],
  namespaces: ['status.phase'],
  secrets: ['type'],
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  'replicasets.apps': ['status.replicas'],
}

/** One `field=value` or `field!=value` of a fieldSelector. */
export interface FieldTerm {
  path: string
  value: string
  equal: boolean
}

/** Parses a fieldSelector for a resource. Throws 400 for a field that the API server does not select by. */
export function fieldTerms(resource: string, selector: string): FieldTerm[] {
  const known = [...commonFields, ...(fieldsOf[resource] ?? [])]
  return selector
    .split(',')
    .filter((part) => part.trim())
    .map((part) => {
      const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(part.trim())
      if (!match) throw badRequest(`invalid selector: '${selector}'; can't understand '${part}'`)
      const [, path = '', operator, value = ''] = match
      if (!known.includes(path)) {
        throw badRequest(
          fieldsOf[resource]
            ? `field label not supported: ${path}`
            : `"${path}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
        )
      }
      return { path, value, equal: operator !== '!=' }
    })
}

/** Value of a field for a field selector; booleans that are absent count as false. */
export function fieldValue(object: KubeObject, path: string): string {
  let value: unknown = object
  for (const step of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[step]
  if (value === undefined || value === null) {
    return path === 'spec.unschedulable' || path === 'spec.hostNetwork' ? 'false' : ''
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean)
}

/** Both selectors of a list or watch as one predicate; undefined when everything matches. */
export function objectPredicate(
  resource: string,
  labelSelector: string | undefined,
  fieldSelector: string | undefined,
): Predicate | undefined {
  const labels = labelSelector ? labelPredicate(labelSelector) : undefined
  const terms = fieldSelector ? fieldTerms(resource, fieldSelector) : []
  if (!labels && terms.length === 0) return undefined
  return (object) =>
    terms.every((term) => (fieldValue(object, term.path) === term.value) === term.equal) &&
    (!labels || labels(object.metadata.labels ?? {}))
}
