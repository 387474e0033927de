import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { AzureIdentity } from '../../src/azure/cached-identity.ts'
import type { Environment } from '../../src/azure/clouds.ts'
import { signIn } from '../../src/azure/identity.ts'
import { type AzSession, installAz } from '../aks/azure/az.ts'
import { type SmallAzure, startAzure } from '../aks/azure/azure.ts'
import { GITHUB_ISSUER } from '../aks/azure/directory.ts'
import { type Claims, readJwt } from '../aks/azure/jwt.ts'
import { clientCertificate } from './client-certificate.ts'
import { createRecorder, depsFor, identityOptions, type Recorder, trust } from './support.ts'

export const CLIENT = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee'
export const SECRET = 'a secret of many words'
/** Issuer of the service accounts of a cluster whose workload identity is believed. */
export const WORKLOAD_ISSUER = 'https://cluster.example/oidc'
export const WORKLOAD_SUBJECT = 'system:serviceaccount:ci:runner'

/** One application with every way to sign in, and a process in which each can be had or not. */
export interface IdentityBed {
  azure: SmallAzure
  /** For files; deleted at the end. Has no az. */
  folder: string
  certificate: { certificate: string; key: string }
  /** Environment of a job that has this and no Azure CLI. */
  environment: (more?: Environment) => Environment
  /** Environment of a job that has an Azure CLI in this state. */
  withAz: (session: AzSession) => Promise<Environment>
  /** Signs in, by default without client-id, and gives the claims of the token for ARM. */
  signInWith: (
    environment: Environment,
    recorder?: Recorder,
    clientIdGiven?: boolean,
  ) => Promise<{ identity: AzureIdentity; claims: Claims | undefined }>
  /** After each test. */
  reset: () => void
  stop: () => Promise<void>
}

const AUDIENCE = 'api://AzureADTokenExchange'

export async function startIdentityBed(): Promise<IdentityBed> {
  const certificate = clientCertificate()
  const path = process.env.PATH ?? ''
  const azure = await startAzure({
    applications: [
      {
        clientId: CLIENT,
        secret: SECRET,
        certificate: certificate.certificate,
        federated: [
          { issuer: GITHUB_ISSUER, subject: 'repo:octo/shop:ref:refs/heads/main', audience: AUDIENCE },
          { issuer: WORKLOAD_ISSUER, subject: WORKLOAD_SUBJECT, audience: AUDIENCE },
        ],
      },
    ],
  })
  trust(azure.ca.certificate)
  const folder = await mkdtemp(join(tmpdir(), 'identity-test-'))
  return {
    azure,
    folder,
    certificate,
    environment: (more = {}) => {
      process.env.PATH = folder
      return { ...azure.environment(), ...more }
    },
    withAz: async (session) => {
      const bin = await mkdtemp(join(folder, 'bin-'))
      await installAz(bin, session)
      process.env.PATH = `${bin}${delimiter}${path}`
      return azure.environment()
    },
    signInWith: async (environment, recorder = createRecorder(), clientIdGiven = false) => {
      const options = identityOptions(azure, environment, clientIdGiven ? {} : { clientId: '', tenantId: '' })
      const identity = await signIn(options, depsFor(environment, recorder))
      const { token } = await identity.tokens(options.cloud.armScope)()
      return { identity, claims: readJwt(token)?.claims }
    },
    reset: () => {
      process.env.PATH = path
      for (const name of ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER', 'AZURE_POD_IDENTITY_AUTHORITY_HOST']) {
        delete process.env[name]
      }
      azure.calls.length = 0
    },
    stop: async () => {
      await azure.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
