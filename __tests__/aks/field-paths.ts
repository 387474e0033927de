/** Paths of fields as server-side apply sees them: `fieldsV1` of managedFields and their form in messages. */
import type { FieldSet } from './objects.ts'
import { isRecord, keysOfList, keyValue } from './patch.ts'

/** `f:<field>`, `k:<JSON of the key fields>`, `v:<JSON of the value>`, or `.` for the item itself. */
export type Path = readonly string[]

/** Fields that belong to one owner as a whole, whatever is in them. */
const atomicFields = new Set([
  'selector',
  'nodeSelector',
  'nodeSelectorTerms',
  'fieldRef',
  'configMapKeyRef',
  'secretKeyRef',
  'matchLabels',
])
/** Metadata that the server owns. */
const serverMetadata = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
])

/** One field with its value; the value of an item's `.` is undefined. */
export interface Leaf {
  path: Path
  value: unknown
}

/** All fields of an object that somebody can own, by their path as one string. */
export function leavesOf(object: Record<string, unknown>): Map<string, Leaf> {
  const leaves = new Map<string, Leaf>()
  const { kind: _kind, apiVersion: _apiVersion, metadata, ...rest } = object
  const meta = isRecord(metadata)
    ? Object.fromEntries(Object.entries(metadata).filter(([key]) => !serverMetadata.has(key)))
    : {}
  collect({ ...(Object.keys(meta).length > 0 && { metadata: meta }), ...rest }, [], leaves)
  return leaves
}

export function pathKey(path: Path): string {
  return path.join('\n')
}

function add(leaves: Map<string, Leaf>, path: Path, value: unknown): void {
  leaves.set(pathKey(path), { path, value })
}

function collect(value: unknown, path: Path, leaves: Map<string, Leaf>): void {
  const field = path.at(-1)?.slice(2) ?? ''
  if (isRecord(value) && !atomicFields.has(field) && (Object.keys(value).length > 0 || path.length === 0)) {
    for (const [key, inner] of Object.entries(value)) collect(inner, [...path, `f:${key}`], leaves)
    return
  }
  const keys = Array.isArray(value) && value.length > 0 ? keysOfList(field, value) : undefined
  if (field === 'finalizers' && Array.isArray(value)) {
    for (const item of value) add(leaves, [...path, `v:${JSON.stringify(item)}`], item)
    return
  }
  if (!keys || !Array.isArray(value)) {
    add(leaves, path, value)
    return
  }
  for (const item of value.filter(isRecord)) {
    const at = [...path, itemStep(item, keys)]
    add(leaves, [...at, '.'], undefined)
    for (const [key, inner] of Object.entries(item)) collect(inner, [...at, `f:${key}`], leaves)
  }
}

/** The step of a path that leads to an item of a keyed list. */
export function itemStep(item: Record<string, unknown>, keys: string[]): string {
  return `k:${JSON.stringify(Object.fromEntries(keys.map((key) => [key, keyValue(item, key)])))}`
}

export function toFieldSet(paths: Iterable<Path>): FieldSet {
  const root: FieldSet = {}
  for (const path of paths) {
    let at = root
    for (const step of path) {
      at[step] ??= {}
      at = at[step]
    }
  }
  return root
}

export function fromFieldSet(set: FieldSet, path: Path = []): Path[] {
  const entries = Object.entries(set)
  if (entries.length === 0) return path.length > 0 ? [path] : []
  return entries.flatMap(([step, inner]) => fromFieldSet(inner, [...path, step]))
}

/** `.spec.template.spec.containers[name="tuner"].image`, as in conflict messages. */
export function showPath(path: Path): string {
  return path
    .filter((step) => step !== '.')
    .map((step) => {
      if (step.startsWith('f:')) return `.${step.slice(2)}`
      if (step.startsWith('v:')) return `[=${step.slice(2)}]`
      const keys = Object.entries(JSON.parse(step.slice(2)) as Record<string, unknown>)
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`
    })
    .join('')
}
