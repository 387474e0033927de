import { load } from 'js-yaml'
import { applyConfiguration } from '../apply.ts'
import { authorize } from '../auth.ts'
import type { KubeObject } from '../objects.ts'
import { jsonPatch, mergePatch, strategicPatch } from '../patch.ts'
import { checkSchema, loadSchema, schemaLoaded } from '../schema.ts'
import { badRequest, invalid, StatusError } from '../status.ts'
import type { Answer, Call } from './call.ts'
import { asWriter } from './owners.ts'
import { existing, objectOf, storeChanged, storeNew } from './write.ts'

const kinds: Record<string, (target: unknown, patch: unknown) => unknown> = {
  'application/json-patch+json': jsonPatch,
  'application/merge-patch+json': mergePatch,
  'application/strategic-merge-patch+json': strategicPatch,
}

export async function patch(call: Call): Promise<Answer> {
  if (call.contentType === 'application/apply-patch+yaml') return apply(call)
  const change = kinds[call.contentType]
  if (!change) {
    throw new StatusError(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${[...Object.keys(kinds), 'application/apply-patch+yaml', 'application/apply-patch+cbor'].join(', ')}`,
      {},
    )
  }
  const { kind } = call.definition
  if (!schemaLoaded(kind)) loadSchema(kind)
  const old = existing(call)
  const next = change(old, call.body) as KubeObject
  if (call.query.get('fieldValidation') !== 'Ignore')
    checkSchema(kind, next as unknown as Record<string, unknown>)
  if (next.metadata.name !== old.metadata.name) {
    throw badRequest(
      `the name of the object (${next.metadata.name}) does not match the name on the URL (${old.metadata.name})`,
    )
  }
  return storeChanged(call, next, old)
}

/** Server-side apply: makes the object or brings it to what is applied. */
async function apply(call: Call): Promise<Answer> {
  const { definition, info, query } = call
  if (!query.get('fieldManager')) {
    throw invalid('meta.k8s.io', 'PatchOptions', '', [
      { field: 'fieldManager', type: 'Required value', detail: 'is required for apply patch' },
    ])
  }
  const applied = await objectOf(call)
  if (applied.metadata.managedFields) throw badRequest('metadata.managedFields must be nil')
  const named = { ...applied, metadata: { ...applied.metadata, name: info.name } }
  const old = call.api.store.get(definition.id, info.namespace, info.name)
  const merged = applyConfiguration(old, named, asWriter(call), query.get('force') === 'true')
  if (old) return storeChanged(call, merged, old, true)
  authorize(call.user, info, 'create')
  return storeNew(call, merged, true)
}

/** Parses the body of an apply: YAML, of which JSON is a part. */
export function parseApplied(text: string): unknown {
  try {
    return text.trimStart().startsWith('{') ? JSON.parse(text) : load(text)
  } catch (error) {
    throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message : String(error)}`)
  }
}
