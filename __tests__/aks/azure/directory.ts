import {
  createHash,
  createPublicKey,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
  X509Certificate,
} from 'node:crypto'
import type { Identity } from '../types.ts'
import { type Claims, createKeys, type Jwt, type Keys, readJwt, seconds, signJwt } from './jwt.ts'
import type { Application, AzureOptions } from './types.ts'

/** Application id of the AKS API server, the same in every tenant. */
export const AKS_SERVER_APP = '6dae42f8-4368-4678-94ff-3960e28e3630'
export const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com'
export const PUBLIC_AUDIENCE = 'api://AzureADTokenExchange'
export const JOB_SUBJECT = 'repo:octo/shop:ref:refs/heads/main'

const TENANT = '11111111-2222-3333-4444-555555555555'
const CLIENT = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee'

/** A refusal of Entra ID. */
export class DirectoryError extends Error {
  readonly code: number
  readonly error: string

  constructor(code: number, message: string, error = 'invalid_client') {
    super(`AADSTS${code}: ${message}`)
    this.code = code
    this.error = error
  }
}

/** What a client shows to prove who it is. */
export interface Proof {
  clientId: string
  secret?: string | undefined
  assertion?: string | undefined
  /** Address of the token endpoint, which a certificate's assertion must be meant for. */
  endpoint: string
}

/** The tenant: its applications, and the tokens that they get. */
export interface Directory {
  tenantId: string
  applications: Application[]
  /** Key of Entra ID itself. */
  keys: Keys
  /** Keys of those whose identity tokens are believed, by issuer. */
  issuers: Map<string, KeyObject>
  /** Names by which ARM is known, so that tokens can be had for it. */
  armAudiences: Set<string>
  /** @throws DirectoryError */
  signIn: (proof: Proof) => Application
  /** @throws DirectoryError */
  issue: (application: Application, scope: string) => { token: string; expiresIn: number }
  /** Claims of a token that this directory issued for one of `audiences`, or why it is none. */
  verify: (token: string, audiences: Set<string>) => Claims | 'invalid' | 'audience' | 'expired'
  /** For the Kubernetes part: who a bearer token is, undefined for one that is no good. */
  authenticate: (token: string) => Identity | undefined
}

export const defaultApplication: Application = {
  clientId: CLIENT,
  federated: [{ issuer: GITHUB_ISSUER, subject: JOB_SUBJECT, audience: PUBLIC_AUDIENCE }],
}

export function createDirectory(options: AzureOptions = {}): Directory {
  const tenantId = options.tenantId ?? TENANT
  const applications = options.applications ?? [defaultApplication]
  const keys = createKeys()
  const issuers = new Map<string, KeyObject>()
  const armAudiences = new Set(options.armAudiences)
  const byAppId = (id: unknown) => applications.find(({ clientId }) => clientId === id)

  const verifyToken: Directory['verify'] = (token, audiences) => {
    const jwt = readJwt(token)
    if (jwt === undefined || !jwt.signedBy(keys.publicKey) || jwt.claims.tid !== tenantId) return 'invalid'
    if (!audiences.has(String(jwt.claims.aud))) return 'audience'
    return Number(jwt.claims.exp) <= Date.now() / 1000 ? 'expired' : jwt.claims
  }

  return {
    tenantId,
    applications,
    keys,
    issuers,
    armAudiences,
    verify: verifyToken,
    signIn: (proof) => signIn(proof, byAppId(proof.clientId), { tenantId, issuers }),
    issue: (application, scope) => {
      const audience = scope.replace(/\/\.default$/, '')
      const kubernetes = audience === AKS_SERVER_APP
      if (!kubernetes && !armAudiences.has(audience.replace(/\/$/, ''))) {
        throw new DirectoryError(
          500011,
          `The resource principal named ${audience} was not found in the tenant named ${tenantId}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.`,
          'invalid_resource',
        )
      }
      const expiresIn = (kubernetes ? options.kubernetesTokenSeconds : options.armTokenSeconds) ?? 3600
      return { expiresIn, token: signJwt(keys, accessClaims(tenantId, application, audience, expiresIn)) }
    },
    authenticate: (token) => {
      const claims = verifyToken(token, new Set([AKS_SERVER_APP]))
      if (typeof claims === 'string') return undefined
      const application = byAppId(claims.appid)
      return application === undefined ? undefined : kubernetesIdentity(application)
    },
  }
}

function accessClaims(
  tenantId: string,
  application: Application,
  audience: string,
  expiresIn: number,
): Claims {
  const now = seconds()
  return {
    aud: audience,
    iss: `https://sts.windows.net/${tenantId}/`,
    iat: now,
    nbf: now,
    exp: now + expiresIn,
    appid: application.clientId,
    appidacr: '2',
    oid: objectId(application),
    sub: objectId(application),
    tid: tenantId,
    uti: randomBytes(16).toString('base64url'),
    ver: '1.0',
  }
}

export function objectId(application: Application): string {
  return application.objectId ?? application.clientId.replace(/^......../, '0b1ec700')
}

function kubernetesIdentity(application: Application): Identity {
  const all = [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ]
  return { name: objectId(application), rules: all, ...application.kubernetes }
}

interface Tenant {
  tenantId: string
  issuers: Map<string, KeyObject>
}

function signIn(proof: Proof, application: Application | undefined, tenant: Tenant): Application {
  const { clientId } = proof
  if (application === undefined) {
    throw new DirectoryError(
      700016,
      `Application with identifier '${clientId}' was not found in the directory '${tenant.tenantId}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
      'unauthorized_client',
    )
  }
  if (application.disabled) {
    throw new DirectoryError(
      7000112,
      `Application '${clientId}'(${clientId}) is disabled.`,
      'unauthorized_client',
    )
  }
  if (proof.assertion !== undefined) checkAssertion(proof.assertion, proof, application, tenant)
  else if (proof.secret === undefined || !same(proof.secret, application.secret)) {
    throw new DirectoryError(
      7000215,
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${clientId}'.`,
    )
  }
  return application
}

function same(a: string, b: string | undefined): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return b !== undefined && timingSafeEqual(digest(a), digest(b))
}

function checkAssertion(assertion: string, proof: Proof, application: Application, tenant: Tenant): void {
  const jwt = readJwt(assertion)
  if (jwt === undefined) throw new DirectoryError(50027, 'JWT token is invalid or malformed.')
  if (jwt.claims.iss === proof.clientId) checkCertificate(jwt, proof, application)
  else checkFederated(jwt, application, tenant)
  const now = seconds()
  if (Number(jwt.claims.exp) <= now || Number(jwt.claims.nbf ?? 0) > now + 300) {
    const at = (value: unknown) => new Date(Number(value ?? 0) * 1000).toISOString()
    throw new DirectoryError(
      700024,
      `Client assertion is not within its valid time range. Current time: ${at(now)}, assertion valid from ${at(jwt.claims.nbf)}, expiry time of assertion ${at(jwt.claims.exp)}. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .`,
    )
  }
}

function checkFederated({ claims, signedBy }: Jwt, application: Application, { issuers }: Tenant): void {
  const key = issuers.get(String(claims.iss))
  const credentials = application.federated ?? []
  const none = (code: number, what: string, value: unknown) =>
    new DirectoryError(
      code,
      `No matching federated identity record found for presented assertion ${what} '${String(value)}'. Please check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation`,
    )
  if (!credentials.some(({ issuer }) => issuer === claims.iss)) throw none(700211, 'issuer', claims.iss)
  if (key === undefined || !signedBy(key)) {
    throw new DirectoryError(
      50013,
      'Assertion failed signature validation. [Reason - The key was not found.]',
    )
  }
  const issued = credentials.filter(({ issuer }) => issuer === claims.iss)
  const meant = issued.filter(({ audience }) => audience === claims.aud)
  if (meant.length === 0) throw none(700212, 'audience', claims.aud)
  if (!meant.some(({ subject }) => subject === claims.sub)) throw none(700213, 'subject', claims.sub)
}

function checkCertificate(jwt: Jwt, proof: Proof, application: Application): void {
  const certificate =
    application.certificate === undefined ? undefined : new X509Certificate(application.certificate)
  const thumbprints =
    certificate === undefined
      ? []
      : ['sha1', 'sha256'].map((kind) => createHash(kind).update(certificate.raw).digest('base64url'))
  const shown = String(jwt.header['x5t#S256'] ?? jwt.header.x5t)
  const key =
    certificate === undefined
      ? undefined
      : createPublicKey(certificate.publicKey.export({ type: 'spki', format: 'pem' }))
  if (key === undefined || !thumbprints.includes(shown) || !jwt.signedBy(key)) {
    throw new DirectoryError(
      700027,
      `The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '${shown}']`,
    )
  }
  if (jwt.claims.aud !== proof.endpoint || jwt.claims.sub !== proof.clientId) {
    throw new DirectoryError(
      700023,
      `Client assertion audience claim does not match Realm issuer. Review the documentation.`,
    )
  }
}
