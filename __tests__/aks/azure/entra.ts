import { randomUUID } from 'node:crypto'
import { type Directory, DirectoryError } from './directory.ts'
import type { Incoming, Reply } from './types.ts'

/** Entra ID's endpoints of one tenant: its description, and tokens for applications. */
export function serveEntra(directory: Directory): (request: Incoming) => Reply {
  return (request) => {
    const [, tenant = '', ...rest] = request.path.split('/')
    const path = rest.join('/')
    try {
      if (tenant !== directory.tenantId) throw noTenant(tenant)
      if (request.method === 'GET' && path === 'v2.0/.well-known/openid-configuration') {
        return { status: 200, body: description(request.origin, tenant) }
      }
      if (request.method === 'POST' && path === 'oauth2/v2.0/token') return token(directory, request)
      return { status: 404, body: { error: 'not_found', error_description: `nothing at ${request.path}` } }
    } catch (error) {
      if (error instanceof DirectoryError) return refusal(error)
      throw error
    }
  }
}

function noTenant(tenant: string): DirectoryError {
  return new DirectoryError(
    90002,
    `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
    'invalid_request',
  )
}

function description(origin: string, tenant: string) {
  const base = `${origin}/${tenant}`
  return {
    token_endpoint: `${base}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'],
    jwks_uri: `${base}/discovery/v2.0/keys`,
    issuer: `${base}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    response_types_supported: ['code', 'id_token'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    tenant_region_scope: null,
    cloud_instance_name: new URL(origin).host,
  }
}

function token(directory: Directory, request: Incoming): Reply {
  const form = new URLSearchParams(request.body)
  if (form.get('grant_type') !== 'client_credentials') {
    throw new DirectoryError(
      70003,
      `The app requested an unsupported grant type '${form.get('grant_type')}'.`,
      'unsupported_grant_type',
    )
  }
  const asserted =
    form.get('client_assertion_type') === 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  const application = directory.signIn({
    clientId: form.get('client_id') ?? '',
    secret: form.get('client_secret') ?? undefined,
    assertion: asserted ? (form.get('client_assertion') ?? '') : undefined,
    endpoint: `${request.origin}${request.path}`,
  })
  // The library that asks adds the scopes of OpenID Connect.
  const scopes = (form.get('scope') ?? '').split(' ')
  const scope = scopes.find((each) => each.endsWith('/.default')) ?? ''
  const issued = directory.issue(application, scope)
  return {
    status: 200,
    body: {
      token_type: 'Bearer',
      expires_in: issued.expiresIn,
      ext_expires_in: issued.expiresIn,
      access_token: issued.token,
    },
  }
}

function refusal({ code, message, error }: DirectoryError): Reply {
  const trace = randomUUID()
  const correlation = randomUUID()
  const timestamp = new Date().toISOString().replace('T', ' ').replace(/\.\d+/, '')
  return {
    status: code === 7000215 || code === 700027 ? 401 : 400,
    body: {
      error,
      error_description: `${message} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
      error_codes: [code],
      timestamp,
      trace_id: trace,
      correlation_id: correlation,
      error_uri: `https://login.microsoftonline.com/error?code=${code}`,
    },
  }
}
