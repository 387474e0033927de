import type { Version } from '../history.ts'
import { apiVersionOf } from '../resources.ts'
import { objectPredicate } from '../selectors.ts'
import { badRequest, expired, notFound, StatusError } from '../status.ts'
import type { Answer, Call } from './call.ts'
import { selection } from './call.ts'

export function get(call: Call): Answer {
  const { namespace, name } = call.info
  const version = call.api.store.version(call.definition.id, namespace, name)
  if (!version) throw notFound(call.definition, name)
  return { code: 200, json: version.json(call.definition) }
}

interface Token {
  /** Version of the list as a whole. */
  rv: number
  /** Key of the last item of the page before. */
  start: string
}

/** A whole list or a page of it; pages of one list show the state of its first page. */
export function list(call: Call): Answer {
  const { store } = call.api
  const limit = numberOf(call, 'limit')
  const given = call.query.get('continue')
  const token = given ? parseToken(given) : undefined
  const all = token ? versionsOf(call, token) : plainVersions(call)
  const rv = token && token.rv > 0 ? token.rv : Number(store.resourceVersion)
  const rest = token ? all.filter((version) => version.key > token.start) : all
  const paged = limit > 0 && call.query.get('resourceVersion') !== '0' && rest.length > limit
  const page = paged ? rest.slice(0, limit) : rest
  const selective = call.query.get('labelSelector') || call.query.get('fieldSelector')
  const metadata = {
    resourceVersion: String(rv),
    ...(paged && { continue: makeToken({ rv, start: page.at(-1)?.key ?? '' }) }),
    ...(paged && !selective && { remainingItemCount: rest.length - page.length }),
  }
  return { code: 200, json: listJson(call, page, metadata) }
}

/** A list in JSON from the cached JSON of its items. */
export function listJson(call: Call, versions: Version[], metadata: unknown): string {
  const { definition } = call
  const items = versions.map((version) => version.itemJson).join(',')
  return `{"kind":"${definition.kind}List","apiVersion":"${apiVersionOf(definition)}","metadata":${JSON.stringify(metadata)},"items":[${items}]}`
}

function plainVersions(call: Call): Version[] {
  const { store } = call.api
  const wanted = numberOf(call, 'resourceVersion')
  const current = Number(store.resourceVersion)
  if (wanted > current) {
    throw new StatusError(504, 'Timeout', `Too large resource version: ${wanted}, current: ${current}`, {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    })
  }
  if (call.query.get('resourceVersionMatch') === 'Exact' && wanted > 0) {
    return select(call, store.versionsAt(call.definition.id, wanted))
  }
  return store.versions(call.definition.id, selection(call))
}

const tooOld =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'

function versionsOf(call: Call, token: Token): Version[] {
  const { store } = call.api
  if (token.rv <= 0) return store.versions(call.definition.id, selection(call))
  try {
    return select(call, store.versionsAt(call.definition.id, token.rv))
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    const { code, reason } = expired(tooOld)
    throw new StatusError(code, reason, tooOld, undefined, { continue: makeToken({ ...token, rv: -1 }) })
  }
}

function select(call: Call, versions: Version[]): Version[] {
  const { namespace, labelSelector, fieldSelector } = selection(call)
  const matches = objectPredicate(call.definition.id, labelSelector, fieldSelector)
  return versions.filter(
    ({ object }) => (!namespace || object.metadata.namespace === namespace) && (!matches || matches(object)),
  )
}

function makeToken(token: Token): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url')
}

function parseToken(text: string): Token {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString()) as Partial<Token>
    if (typeof token.rv === 'number' && typeof token.start === 'string')
      return { rv: token.rv, start: token.start }
  } catch {
    // Not one of ours: refused below like one that is malformed.
  }
  throw badRequest('continue key is not valid: invalid character')
}

function numberOf(call: Call, name: 'limit' | 'resourceVersion'): number {
  const text = call.query.get(name) ?? ''
  if (!/^\d*$/.test(text)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  }
  return Number(text)
}
