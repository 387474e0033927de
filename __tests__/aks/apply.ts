/** Server-side apply and the bookkeeping of field owners. */
import { isDeepStrictEqual } from 'node:util'
import { fromFieldSet, itemStep, leavesOf, type Path, pathKey, showPath, toFieldSet } from './field-paths.ts'
import type { KubeObject, ManagedFieldsEntry } from './objects.ts'
import { isRecord, keysOfList } from './patch.ts'
import { StatusError } from './status.ts'

export interface FieldWriter {
  manager: string
  apiVersion: string
  subresource: string
  /** When, as Kubernetes writes it. */
  time: string
}

type Json = Record<string, unknown>

/** The object that results from applying a configuration. Throws 409 when another manager owns a changed field. */
export function applyConfiguration<T extends KubeObject>(
  live: T | undefined,
  applied: T,
  writer: FieldWriter,
  force: boolean,
): T {
  const wanted = leavesOf(asJson(applied))
  const managers = ownersOf(live)
  const mine = managers.find((entry) => isApplier(entry, writer))
  const others = managers.filter((entry) => entry !== mine)
  const present = live ? leavesOf(asJson(live)) : new Map<string, { path: Path; value: unknown }>()
  const changed = [...wanted.values()].filter(
    ({ path, value }) => !isDeepStrictEqual(present.get(pathKey(path))?.value, value),
  )
  const conflicts = others.flatMap((entry) => {
    const owned = keysOwned(entry)
    return changed.filter(({ path }) => owned.has(pathKey(path))).map(({ path }) => ({ entry, path }))
  })
  if (conflicts.length > 0 && !force) throw applyConflict(conflicts)

  const othersKeys = new Set(others.flatMap((entry) => [...keysOwned(entry)]))
  const given = mine
    ? fromFieldSet(mine.fieldsV1).filter(
        (path) => !wanted.has(pathKey(path)) && !othersKeys.has(pathKey(path)),
      )
    : []
  const base = given.reduce<unknown>((object, path) => without(object, path), live ?? {})
  const merged = mergeApplied(base, applied, '') as T
  const lost = new Set(conflicts.map(({ path }) => pathKey(path)))
  const entry = entryOf(
    writer,
    'Apply',
    [...wanted.values()].map(({ path }) => path),
  )
  const kept = lost.size > 0 ? others.flatMap((other) => withoutKeys(other, lost)) : others
  const unchanged = mine && isDeepStrictEqual(mine.fieldsV1, entry.fieldsV1)
  return withManagers(merged, [...kept, unchanged ? mine : entry])
}

/** Records who changed what by a write that was no apply. */
export function trackUpdate<T extends KubeObject>(live: T | undefined, next: T, writer: FieldWriter): T {
  const before = live ? leavesOf(asJson(live)) : new Map<string, { path: Path; value: unknown }>()
  const after = leavesOf(asJson(next))
  const changed = [...after.values()].filter(
    ({ path, value }) =>
      !before.has(pathKey(path)) || !isDeepStrictEqual(before.get(pathKey(path))?.value, value),
  )
  const gone = [...before.keys()].filter((key) => !after.has(key))
  const managers = ownersOf(live)
  if (changed.length === 0 && gone.length === 0) return withManagers(next, managers)
  const lost = new Set([...changed.map(({ path }) => pathKey(path)), ...gone])
  const mine = managers.find((entry) => isUpdater(entry, writer))
  const paths = mine ? fromFieldSet(mine.fieldsV1).filter((path) => !lost.has(pathKey(path))) : []
  const entry = entryOf(writer, 'Update', [...paths, ...changed.map(({ path }) => path)])
  const others = managers.filter((other) => other !== mine).flatMap((other) => withoutKeys(other, lost))
  return withManagers(next, [...others, ...(Object.keys(entry.fieldsV1).length > 0 ? [entry] : [])])
}

function asJson(object: KubeObject): Json {
  return object as unknown as Json
}

function ownersOf(object: KubeObject | undefined): ManagedFieldsEntry[] {
  return object?.metadata.managedFields ?? []
}

function isApplier(entry: ManagedFieldsEntry, writer: FieldWriter): boolean {
  return (
    entry.operation === 'Apply' &&
    entry.manager === writer.manager &&
    (entry.subresource ?? '') === writer.subresource
  )
}

function isUpdater(entry: ManagedFieldsEntry, writer: FieldWriter): boolean {
  return (
    entry.operation === 'Update' &&
    entry.manager === writer.manager &&
    entry.apiVersion === writer.apiVersion &&
    (entry.subresource ?? '') === writer.subresource
  )
}

function entryOf(writer: FieldWriter, operation: 'Apply' | 'Update', paths: Path[]): ManagedFieldsEntry {
  return {
    manager: writer.manager,
    operation,
    apiVersion: writer.apiVersion,
    time: writer.time,
    fieldsType: 'FieldsV1',
    fieldsV1: toFieldSet(paths),
    ...(writer.subresource && { subresource: writer.subresource }),
  }
}

function keysOwned(entry: ManagedFieldsEntry): Set<string> {
  return new Set(fromFieldSet(entry.fieldsV1).map(pathKey))
}

function withoutKeys(entry: ManagedFieldsEntry, lost: Set<string>): ManagedFieldsEntry[] {
  const paths = fromFieldSet(entry.fieldsV1)
  const kept = paths.filter((path) => !lost.has(pathKey(path)))
  if (kept.length === paths.length) return [entry]
  return kept.length === 0 ? [] : [{ ...entry, fieldsV1: toFieldSet(kept) }]
}

function withManagers<T extends KubeObject>(object: T, managedFields: ManagedFieldsEntry[]): T {
  const { managedFields: _old, ...metadata } = object.metadata
  return { ...object, metadata: { ...metadata, ...(managedFields.length > 0 && { managedFields }) } }
}

function mergeApplied(live: unknown, applied: unknown, field: string): unknown {
  if (Array.isArray(applied)) return mergeAppliedList(live, applied, field)
  if (!isRecord(applied) || ['selector', 'nodeSelector', 'matchLabels'].includes(field)) return applied
  const result: Json = isRecord(live) ? { ...live } : {}
  for (const [key, value] of Object.entries(applied)) result[key] = mergeApplied(result[key], value, key)
  return result
}

function mergeAppliedList(live: unknown, applied: unknown[], field: string): unknown[] {
  const old: unknown[] = Array.isArray(live) ? live : []
  if (field === 'finalizers') return [...new Set([...old, ...applied])]
  const keys = keysOfList(field, [...applied, ...old])
  if (!keys) return applied
  const step = (item: unknown) => (isRecord(item) ? itemStep(item, keys) : '')
  const wanted = new Set(applied.map(step))
  const merged = applied.map((item) =>
    mergeApplied(
      old.find((candidate) => step(candidate) === step(item)),
      item,
      '',
    ),
  )
  return [...merged, ...old.filter((item) => !wanted.has(step(item)))]
}

/** The value without one field; maps that get empty by it go too. */
function without(value: unknown, path: Path): unknown {
  const [step = '', ...rest] = path
  if (step.startsWith('f:') && isRecord(value)) {
    const { [step.slice(2)]: inner, ...others } = value
    if (inner === undefined || rest.length === 0) return others
    const left = without(inner, rest)
    const empty =
      (isRecord(left) && Object.keys(left).length === 0) || (Array.isArray(left) && left.length === 0)
    return empty ? others : { ...value, [step.slice(2)]: left }
  }
  if (!Array.isArray(value)) return value
  const items: unknown[] = value
  if (step.startsWith('v:')) return items.filter((item) => JSON.stringify(item) !== step.slice(2))
  const keys = Object.keys(JSON.parse(step.slice(2)) as Json)
  const same = (item: unknown) => isRecord(item) && itemStep(item, keys) === step
  if (rest[0] === '.') return items.filter((item) => !same(item))
  return items.map((item) => (same(item) ? without(item, rest) : item))
}

function showManager(entry: ManagedFieldsEntry): string {
  const name =
    JSON.stringify(entry.manager) + (entry.subresource ? ` with subresource "${entry.subresource}"` : '')
  return entry.operation === 'Update' ? `${name} using ${entry.apiVersion} at ${entry.time}` : name
}

function applyConflict(conflicts: { entry: ManagedFieldsEntry; path: Path }[]): StatusError {
  const causes = conflicts.map(({ entry, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${showManager(entry)}`,
    field: showPath(path),
  }))
  const [first] = causes
  if (first && causes.length === 1) {
    const text = `Apply failed with 1 conflict: ${first.message}: ${first.field}`
    return new StatusError(409, 'Conflict', text, { causes })
  }
  const lines = [...new Set(conflicts.map(({ entry }) => entry))].flatMap((entry) => [
    `conflicts with ${showManager(entry)}:`,
    ...conflicts.filter((other) => other.entry === entry).map(({ path }) => `- ${showPath(path)}`),
  ])
  const text = `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`
  return new StatusError(409, 'Conflict', text, { causes })
}
