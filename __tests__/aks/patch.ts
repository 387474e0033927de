/** The patch types of the Kubernetes API on plain JSON. Nothing is changed in place. */
import { badRequest, StatusError } from './status.ts'

type Json = Record<string, unknown>

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** JSON merge patch, RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch
  const result: Json = isRecord(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = mergePatch(result[key], value)
  }
  return result
}

/** Merge keys of the lists that strategic merge patches and server-side apply merge by item. */
const mergeKeys: Record<string, string[]> = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  volumes: ['name'],
  env: ['name'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
  imagePullSecrets: ['name'],
  hostAliases: ['ip'],
  topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'],
  ports: ['port', 'protocol'],
  containerPorts: ['containerPort', 'protocol'],
  conditions: ['type'],
  ownerReferences: ['uid'],
  taints: ['key'],
  addresses: ['type'],
  secrets: ['name'],
}

/**
 * The fields by which items of a list are told apart: undefined for lists that are replaced as a whole.
 * `ports` is keyed by port in a Service and by containerPort in a container.
 */
export function keysOfList(field: string, items: unknown[]): string[] | undefined {
  const first = items.find(isRecord)
  if (field === 'ports' && first && 'containerPort' in first) return mergeKeys.containerPorts
  return mergeKeys[field]
}

/** Default of a key field that an item leaves out. */
export function keyValue(item: Json, key: string): unknown {
  return item[key] ?? (key === 'protocol' ? 'TCP' : undefined)
}

function sameItem(keys: string[], left: unknown, right: Json): boolean {
  return isRecord(left) && keys.every((key) => keyValue(left, key) === keyValue(right, key))
}

/** Strategic merge patch with `$patch`, `$retainKeys` and `$deleteFromPrimitiveList`. */
export function strategicPatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch
  if (patch.$patch === 'replace') return withoutDirectives(patch)
  const result: Json = isRecord(target) ? { ...target } : {}
  const retained = patch.$retainKeys
  if (Array.isArray(retained)) {
    for (const key of Object.keys(result)) if (!retained.includes(key)) delete result[key]
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$deleteFromPrimitiveList/')) removeValues(result, key.slice(25), value)
    if (key.startsWith('$')) continue
    if (value === null || (isRecord(value) && value.$patch === 'delete')) delete result[key]
    else if (Array.isArray(value)) result[key] = strategicList(key, result[key], value)
    else result[key] = strategicPatch(result[key], value)
  }
  return result
}

function withoutDirectives(patch: Json): Json {
  return Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith('$')))
}

function removeValues(target: Json, field: string, values: unknown): void {
  const present = target[field]
  if (Array.isArray(present) && Array.isArray(values)) {
    target[field] = present.filter((value) => !values.includes(value))
  }
}

function strategicList(field: string, present: unknown, patch: unknown[]): unknown[] {
  const old: unknown[] = Array.isArray(present) ? [...(present as unknown[])] : []
  if (field === 'finalizers') return [...new Set([...old, ...patch])]
  if (patch.some((item) => isRecord(item) && item.$patch === 'replace')) {
    return patch.filter((item) => !(isRecord(item) && item.$patch === 'replace'))
  }
  const keys = keysOfList(field, [...patch, ...old])
  if (!keys) return patch
  for (const item of patch) {
    if (!isRecord(item)) throw badRequest(`unexpected item in list ${field} of a strategic merge patch`)
    const at = old.findIndex((candidate) => sameItem(keys, candidate, item))
    if (item.$patch === 'delete') {
      if (at >= 0) old.splice(at, 1)
    } else if (at >= 0) old[at] = strategicPatch(old[at], item)
    else old.push(strategicPatch(undefined, item))
  }
  return old
}

interface Operation {
  op: string
  path: string
  from?: string
  value?: unknown
}

/** JSON patch, RFC 6902. A failed `test` or a path that is not there is a 422 as in Kubernetes. */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch))
    throw badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch')
  let document = structuredClone(target)
  for (const operation of patch as Operation[]) document = applyOperation(document, operation)
  return document
}

function applyOperation(document: unknown, operation: Operation): unknown {
  const { op, path, from = '', value } = operation
  switch (op) {
    case 'add':
      return write(document, path, value, true)
    case 'replace':
      read(document, path)
      return write(document, path, value, false)
    case 'remove':
      return remove(document, path)
    case 'move': {
      const moved = read(document, from)
      return write(remove(document, from), path, moved, true)
    }
    case 'copy':
      return write(document, path, structuredClone(read(document, from)), true)
    case 'test':
      if (JSON.stringify(read(document, path)) !== JSON.stringify(value)) {
        throw unprocessable(`the server rejected our request due to an error in our request`)
      }
      return document
    default:
      throw unprocessable(`Unexpected kind: ${op}`)
  }
}

function unprocessable(message: string): StatusError {
  return new StatusError(422, 'Invalid', message)
}

function stepsOf(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function child(parent: unknown, step: string, path: string): unknown {
  const value = (parent as Json | undefined)?.[step]
  if (typeof parent !== 'object' || parent === null || value === undefined) {
    throw unprocessable(
      `the server rejected our request due to an error in our request: no such path ${path}`,
    )
  }
  return value
}

function read(document: unknown, path: string): unknown {
  return stepsOf(path).reduce((parent: unknown, step) => child(parent, step, path), document)
}

function write(document: unknown, path: string, value: unknown, insert: boolean): unknown {
  const steps = stepsOf(path)
  const last = steps.pop()
  if (last === undefined) return value
  const parent = steps.reduce((holder: unknown, step) => child(holder, step, path), document)
  if (Array.isArray(parent)) {
    const at = last === '-' ? parent.length : Number(last)
    parent.splice(at, insert ? 0 : 1, value)
  } else if (isRecord(parent)) parent[last] = value
  else throw unprocessable(`cannot write to ${path}`)
  return document
}

function remove(document: unknown, path: string): unknown {
  const steps = stepsOf(path)
  const last = steps.pop() ?? ''
  const parent = steps.reduce((holder: unknown, step) => child(holder, step, path), document)
  child(parent, last, path)
  if (Array.isArray(parent)) parent.splice(Number(last), 1)
  else if (isRecord(parent)) delete parent[last]
  return document
}
