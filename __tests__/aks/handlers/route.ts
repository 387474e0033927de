import { admit } from '../admission.ts'
import { evict } from '../controllers/eviction.ts'
import type { Pod } from '../objects.ts'
import { isRecord } from '../patch.ts'
import { reviews } from '../resources.ts'
import { review } from '../reviews.ts'
import { badRequest } from '../status.ts'
import {
  type Answer,
  admissionRequest,
  answer,
  type Call,
  deleteOptions,
  isDryRun,
  methodNotAllowed,
} from './call.ts'
import { patch } from './patch.ts'
import { get, list } from './read.ts'
import { create, existing, remove, removeCollection, update } from './write.ts'

/** Serves a request for a resource, all but watches. */
export async function route(call: Call): Promise<Answer> {
  const { verb, resource } = call.info
  if (reviews.has(call.definition.id)) {
    if (verb !== 'create') throw methodNotAllowed()
    return answer(201, review(call.definition, call.user, call.body))
  }
  if (resource?.subresource === 'eviction') {
    if (verb !== 'create') throw methodNotAllowed()
    return eviction(call)
  }
  if (resource?.subresource && !['get', 'update', 'patch'].includes(verb)) throw methodNotAllowed()
  switch (verb) {
    case 'get':
      return get(call)
    case 'list':
      return list(call)
    case 'create':
      if (call.info.name) throw methodNotAllowed()
      return create(call)
    case 'update':
      return update(call)
    case 'patch':
      return patch(call)
    case 'delete':
      return remove(call)
    case 'deletecollection':
      return removeCollection(call)
    default:
      throw methodNotAllowed()
  }
}

function eviction(call: Call): Answer {
  const { body } = call
  if (!isRecord(body) || body.kind !== 'Eviction' || body.apiVersion !== 'policy/v1') {
    throw badRequest('the object provided is unrecognized (must be of type Eviction)')
  }
  const pod = existing(call) as Pod
  admit(
    call.api.store,
    call.api.admission,
    admissionRequest(call, 'CREATE', call.info.name, { oldObject: pod }),
  )
  evict(call.api.store, pod, deleteOptions(call, body.deleteOptions), isDryRun(call))
  return answer(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 })
}
