import { admit, admitNamespace } from '../admission.ts'
import { trackUpdate } from '../apply.ts'
import { kindRules } from '../kinds/kinds.ts'
import type { KindRules } from '../kinds/rules.ts'
import type { KubeObject } from '../objects.ts'
import { isRecord } from '../patch.ts'
import { apiVersionOf } from '../resources.ts'
import { checkSchema, loadSchema, schemaLoaded } from '../schema.ts'
import { alreadyExists, badRequest, invalid, notFound } from '../status.ts'
import { randomSuffix } from '../store-rules.ts'
import {
  type Answer,
  admissionRequest,
  answer,
  type Call,
  deleteOptions,
  isDryRun,
  selection,
} from './call.ts'
import { asWriter, tracksOwners } from './owners.ts'

/** A body of the right kind, for the name and namespace that the path says. */
export async function objectOf(call: Call, body: unknown = call.body): Promise<KubeObject> {
  const { definition, info } = call
  if (!isRecord(body) || typeof body.kind !== 'string') {
    throw badRequest(`Object 'Kind' is missing in '${JSON.stringify(body ?? null).slice(0, 200)}'`)
  }
  if (body.kind !== definition.kind || body.apiVersion !== apiVersionOf(definition)) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${definition.kind}): no kind "${body.kind}" is registered for version "${String(body.apiVersion)}"`,
    )
  }
  if (call.query.get('fieldValidation') !== 'Ignore') {
    if (!schemaLoaded(definition.kind)) loadSchema(definition.kind)
    checkSchema(definition.kind, body)
  }
  const metadata = isRecord(body.metadata) ? body.metadata : {}
  if (typeof metadata.namespace === 'string' && metadata.namespace !== info.namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`)
  }
  if (info.name && metadata.name !== undefined && metadata.name !== info.name) {
    throw badRequest(
      `the name of the object (${JSON.stringify(metadata.name)}) does not match the name on the URL (${info.name})`,
    )
  }
  const namespace = definition.namespaced ? info.namespace : ''
  return { ...body, metadata: { ...metadata, ...(namespace && { namespace }) } } as unknown as KubeObject
}

export async function create(call: Call): Promise<Answer> {
  return storeNew(call, await objectOf(call))
}

/** Everything that happens to a new object between its decoding and the answer. */
export function storeNew(call: Call, given: KubeObject, owned = false): Answer {
  const { api, definition } = call
  const { generateName } = given.metadata
  const name = given.metadata.name || (generateName ? generateName.slice(0, 58) + randomSuffix() : '')
  const named = { ...given, metadata: { ...ownMetadata(given), name } }
  admitNamespace(api.store, definition, admissionRequest(call, 'CREATE', name, { object: named }))
  const rules = kindRules(definition.id)
  checkRequired(call, rules, named)
  const prepared = rules.prepareCreate?.(named, api.store) ?? named
  const problems = rules.validate?.(prepared, undefined, api.store) ?? []
  if (problems.length > 0) throw invalid(definition.group, definition.kind, name, problems)
  admit(api.store, api.admission, admissionRequest(call, 'CREATE', name, { object: prepared }))
  const object =
    owned || !tracksOwners(definition.id) ? prepared : trackUpdate(undefined, prepared, asWriter(call))
  if (isDryRun(call)) {
    if (api.store.get(definition.id, call.info.namespace, name)) throw alreadyExists(definition, name)
    return answer(201, object)
  }
  const stored = api.store.create(definition.id, object)
  return { code: 201, json: jsonOf(call, stored) }
}

function checkRequired(call: Call, rules: KindRules, object: KubeObject): void {
  const missing = (rules.required ?? []).filter((field) => {
    let value: unknown = object
    for (const step of field.split('.')) value = isRecord(value) ? value[step] : undefined
    return value === undefined || value === null
  })
  if (missing.length === 0) return
  const problems = missing.map((field) => ({ field, type: 'Required value' as const }))
  throw invalid(call.definition.group, call.definition.kind, object.metadata.name, problems)
}

/** Metadata that only the server writes. */
const serverOwned = new Set([
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
])

function ownMetadata(object: KubeObject): KubeObject['metadata'] {
  const entries = Object.entries(object.metadata).filter(([key]) => !serverOwned.has(key))
  return { ...Object.fromEntries(entries), name: object.metadata.name }
}

function jsonOf(call: Call, stored: KubeObject): string {
  const { namespace = '', name } = stored.metadata
  const version = call.api.store.version(call.definition.id, namespace, name)
  return version?.object === stored ? version.json(call.definition) : JSON.stringify(stored)
}

/** The stored object; 404 when there is none. */
export function existing(call: Call): KubeObject {
  const object = call.api.store.get(call.definition.id, call.info.namespace, call.info.name)
  if (!object) throw notFound(call.definition, call.info.name)
  return object
}

export async function update(call: Call): Promise<Answer> {
  const next = await objectOf(call)
  const old = existing(call)
  return storeChanged(call, { ...next, metadata: { ...next.metadata, name: call.info.name } }, old)
}

/** Everything that happens to a changed object between the change and the answer. */
export function storeChanged(call: Call, wanted: KubeObject, old: KubeObject, owned = false): Answer {
  const { api, definition } = call
  const rules = kindRules(definition.id)
  const status = call.info.resource?.subresource === 'status'
  if (!status) checkRequired(call, rules, wanted)
  const next = status
    ? ({
        ...old,
        metadata: { ...old.metadata, ...versionOf(wanted) },
        status: (wanted as { status?: unknown }).status,
      } as KubeObject)
    : (rules.prepareUpdate?.(wanted, old, api.store) ?? wanted)
  const problems = status ? [] : (rules.validate?.(next, old, api.store) ?? [])
  if (problems.length > 0) throw invalid(definition.group, definition.kind, call.info.name, problems)
  admit(
    api.store,
    api.admission,
    admissionRequest(call, 'UPDATE', call.info.name, { object: next, oldObject: old }),
  )
  const object = owned || !tracksOwners(definition.id) ? next : trackUpdate(old, next, asWriter(call))
  if (isDryRun(call)) return answer(200, object)
  return { code: 200, json: jsonOf(call, api.store.update(definition.id, object)) }
}

function versionOf(object: KubeObject): { resourceVersion?: string } {
  const { resourceVersion } = object.metadata
  return resourceVersion ? { resourceVersion } : {}
}

export function remove(call: Call): Answer {
  const { api, definition, info } = call
  const old = existing(call)
  admitDelete(call, old)
  const options = deleteOptions(call)
  const left = isDryRun(call) ? old : api.store.delete(definition.id, info.namespace, info.name, options)
  if (definition.id === 'pods' || api.store.get(definition.id, info.namespace, info.name))
    return answer(200, left)
  return answer(200, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: info.name,
      ...(definition.group && { group: definition.group }),
      kind: definition.plural,
      uid: old.metadata.uid,
    },
  })
}

function admitDelete(call: Call, object: KubeObject): void {
  const request = admissionRequest(call, 'DELETE', object.metadata.name, { oldObject: object })
  admitNamespace(call.api.store, call.definition, request)
  admit(call.api.store, call.api.admission, request)
}

export function removeCollection(call: Call): Answer {
  const { api, definition } = call
  const found = api.store.list(definition.id, selection(call))
  for (const object of found) admitDelete(call, object)
  const options = deleteOptions(call)
  const items = isDryRun(call) ? found : api.store.deleteCollection(definition.id, selection(call), options)
  return answer(200, {
    kind: `${definition.kind}List`,
    apiVersion: apiVersionOf(definition),
    metadata: { resourceVersion: api.store.resourceVersion },
    items: items.map(({ kind: _kind, apiVersion: _apiVersion, ...item }) => item),
  })
}
