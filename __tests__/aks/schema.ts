/**
 * Checks bodies against the field types of the Kubernetes API, so that a misspelt or mistyped field is refused
 * as `fieldValidation=Strict` does. The types are those of the models that come with @kubernetes/client-node.
 */
import { readFileSync } from 'node:fs'
import { isRecord } from './patch.ts'
import { badRequest } from './status.ts'

interface Attribute {
  baseName: string
  type: string
}
type Model = Map<string, string>

const models = new Map<string, Model>()
const folder = new URL('../../node_modules/@kubernetes/client-node/dist/gen/models/', import.meta.url)

/**
 * Loads the types of a kind and of all that it contains; at once when they are there already. They are read
 * from the text of the models: under jest, imports that run at once fail where they lead to the same module.
 */
export function loadSchema(kind: string): void {
  loadModel(modelOf(kind))
}

export function schemaLoaded(kind: string): boolean {
  return models.has(modelOf(kind))
}

function modelOf(kind: string): string {
  return kind === 'Event' ? 'CoreV1Event' : `V1${kind}`
}

function loadModel(name: string): void {
  if (models.has(name)) return
  const attributes = attributesOf(name)
  models.set(name, new Map(attributes.map(({ baseName, type }) => [baseName, type])))
  for (const inner of attributes.map(({ type }) => elementOf(type))) {
    if (/^(V\d|Core)/.test(inner) && inner !== 'V1MicroTime') loadModel(inner)
  }
}

function attributesOf(name: string): Attribute[] {
  const text = readFileSync(new URL(`${name}.js`, folder), 'utf8')
  const found = text.matchAll(/"baseName":\s*"([^"]+)",\s*"type":\s*"([^"]+)"/g)
  const attributes = [...found].map(([, baseName = '', type = '']) => ({ baseName, type }))
  if (attributes.length === 0) throw new Error(`the model ${name} is not written as it was`)
  return attributes
}

/** The type of the items of a list or the values of a map; other types as they are. */
function elementOf(type: string): string {
  const list = /^(?:Array|Set)<(.*)>$/.exec(type)?.[1]
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1]
  const element = list ?? map
  return element === undefined ? type : elementOf(element)
}

/** Throws 400 for fields that the kind does not have and for values of a wrong type. */
export function checkSchema(kind: string, body: Record<string, unknown>): void {
  const problems: string[] = []
  check(kind === 'Event' ? 'CoreV1Event' : `V1${kind}`, body, '', problems)
  const [first] = problems
  if (first === undefined) return
  const version = JSON.stringify(kind)
  throw badRequest(
    first.startsWith('json:')
      ? `${kind} in version "v1" cannot be handled as a ${kind}: ${first}`
      : `strict decoding error: ${problems.join(', ')} (kind ${version})`,
  )
}

function check(type: string, value: unknown, path: string, problems: string[]): void {
  if (value === null || value === undefined) return
  const list = /^(?:Array|Set)<(.*)>$/.exec(type)?.[1]
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1]
  if (list !== undefined) {
    if (!Array.isArray(value)) mistyped(value, path, '[]', problems)
    else for (const [index, item] of value.entries()) check(list, item, `${path}[${index}]`, problems)
  } else if (map !== undefined) {
    if (!isRecord(value)) mistyped(value, path, 'map', problems)
    else for (const [key, item] of Object.entries(value)) check(map, item, `${path}.${key}`, problems)
  } else checkOne(type, value, path, problems)
}

function checkOne(type: string, value: unknown, path: string, problems: string[]): void {
  const model = models.get(type)
  if (model && !isRecord(value)) mistyped(value, path, type.replace(/^V1/, ''), problems)
  else if (model && isRecord(value)) {
    for (const [field, inner] of Object.entries(value)) {
      const innerPath = path ? `${path}.${field}` : field
      const innerType = model.get(field)
      if (innerType === undefined) problems.push(`unknown field ${JSON.stringify(innerPath)}`)
      else check(innerType, inner, innerPath, problems)
    }
  } else if (!isOfType(type, value)) mistyped(value, path, goTypes[type] ?? type, problems)
}

const goTypes: Record<string, string> = { boolean: 'bool', number: 'int64', Date: 'Time' }

function isOfType(type: string, value: unknown): boolean {
  if (type === 'string' || type === 'boolean') return typeof value === type
  if (type === 'number') return typeof value === 'number' && Number.isFinite(value)
  if (type === 'Date' || type === 'V1MicroTime') {
    return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(value)
  }
  return type !== 'IntOrString' || typeof value === 'string' || Number.isInteger(value)
}

function mistyped(value: unknown, path: string, wanted: string, problems: string[]): void {
  const found = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  problems.unshift(`json: cannot unmarshal ${found} into Go struct field ${path} of type ${wanted}`)
}
