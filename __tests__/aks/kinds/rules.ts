import type { KubeObject } from '../objects.ts'
import type { FieldProblem } from '../status.ts'
import type { MemoryStore } from '../store.ts'

/** What the API server does for objects of one kind beside storing them. */
export interface KindRules {
  /** Fields without which the rest makes no sense: refused as `Required value` before anything else. */
  required?: string[]
  /** Defaults and the fields that only the server sets. */
  prepareCreate?(object: KubeObject, store: MemoryStore): KubeObject
  /** Restores what an update may not touch, and adds what it brings about. */
  prepareUpdate?(next: KubeObject, old: KubeObject, store: MemoryStore): KubeObject
  /** All that is wrong with an object; `old` for updates. */
  validate?(object: KubeObject, old: KubeObject | undefined, store: MemoryStore): FieldProblem[]
}

/** A DNS label or subdomain as object names are. */
export function nameProblems(object: KubeObject, pattern: 'label' | 'subdomain'): FieldProblem[] {
  const { name, generateName } = object.metadata
  if (!name && !generateName) {
    return [{ field: 'metadata.name', type: 'Required value', detail: 'name or generateName is required' }]
  }
  const text = name || `${generateName}xxxxx`
  const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
  if (pattern === 'label' && (!label.test(text) || text.length > 63)) {
    return [{ field: 'metadata.name', type: 'Invalid value', value: name, detail: labelText }]
  }
  if (!isSubdomain(text)) {
    return [{ field: 'metadata.name', type: 'Invalid value', value: name, detail: SUBDOMAIN_TEXT }]
  }
  return []
}

const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
/** Whether a text can be the name of most objects. */
export function isSubdomain(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text)
}

export const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/
const labelKey = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/

/** Labels whose key or value Kubernetes refuses. */
export function labelProblems(labels: Record<string, string> | undefined, field: string): FieldProblem[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]): FieldProblem[] => {
    const problems: FieldProblem[] = []
    if (!labelKey.test(key)) {
      problems.push({
        field,
        type: 'Invalid value',
        value: key,
        detail: 'name part must consist of alphanumeric characters',
      })
    }
    if (value.length > 63) {
      problems.push({ field, type: 'Invalid value', value, detail: 'must be no more than 63 characters' })
    } else if (!labelValue.test(value)) {
      problems.push({
        field,
        type: 'Invalid value',
        value,
        detail:
          "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
      })
    }
    return problems
  })
}
