import type { Directory } from './directory.ts'
import type { Application, Incoming, Reply } from './types.ts'

/** Proof that a caller of the App Service endpoint runs inside. */
export const IDENTITY_HEADER = 'small-app-service-header'

/**
 * What gives a machine's managed identity its tokens: the metadata service of a virtual machine and the
 * endpoint of App Service, on one address.
 */
export function serveMetadata(directory: Directory, identity: Application): (request: Incoming) => Reply {
  return ({ method, path: asked, query, headers }) => {
    // The library that asks puts a slash at the end.
    const path = asked.replace(/\/$/, '')
    const machine = path === '/metadata/identity/oauth2/token'
    if (method !== 'GET' || !(machine || path === '/msi/token'))
      return { status: 404, body: { error: 'not_found' } }
    if (machine && headers.metadata !== 'true') {
      return {
        status: 400,
        body: { error: 'invalid_request', error_description: 'Required metadata header not specified' },
      }
    }
    if (!machine && headers['x-identity-header'] !== IDENTITY_HEADER)
      return { status: 401, body: { message: 'no' } }
    if (query.client_id !== undefined && query.client_id !== identity.clientId) {
      return { status: 400, body: { error: 'invalid_request', error_description: 'Identity not found' } }
    }
    const { token, expiresIn } = directory.issue(identity, `${query.resource ?? ''}/.default`)
    const expiresOn = Math.floor(Date.now() / 1000) + expiresIn
    return {
      status: 200,
      body: {
        access_token: token,
        client_id: identity.clientId,
        expires_in: String(expiresIn),
        expires_on: String(expiresOn),
        resource: query.resource,
        token_type: 'Bearer',
      },
    }
  }
}
