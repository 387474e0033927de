import type { TokenCredential } from '@azure/identity'
import {
  AzureCliCredential,
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
} from '@azure/identity'
import type { AssertionSource } from './assertion.ts'
import type { AzureCloud, Environment } from './clouds.ts'
import type { Witness } from './witness.ts'

export type CredentialKind =
  | 'oidc'
  | 'azure-cli'
  | 'client-secret'
  | 'client-certificate'
  | 'workload-identity'
  | 'managed-identity'

/** One way to sign in: either the reason why it is out of question here, or how to make its credential. */
export interface Candidate {
  kind: CredentialKind
  /** For people: `the Azure CLI session`. */
  title: string
  /** Why it is not tried. */
  absent?: string
  /**
   * Whether somebody set it up for this run, so that a failure is told instead of signing in as somebody else.
   */
  explicit: boolean
  /** How long a token may take, in milliseconds. */
  timeoutMs: number
  create: () => TokenCredential
  /** Rejects, within a second or so, when there is nothing to ask. */
  probe?: () => Promise<void>
}

/** There is nothing to ask for a token. */
export class NothingThere extends Error {}

export interface CandidateOptions {
  cloud: AzureCloud
  clientId: string
  tenantId: string
  /** Tenant to ask for in the session of the Azure CLI; absent is the one it is in. */
  sessionTenantId?: string | undefined
  environment: Environment
  userAgent: string
  assertion: AssertionSource
  witness: Witness
}

/** An `az` that hangs is given up after this long; it takes seconds to start. */
const AZ_TIMEOUT_MS = 20_000
/** Entra ID answers in well under a second; three retries are in this. */
const ENTRA_TIMEOUT_MS = 8000

const IMDS = 'http://169.254.169.254/metadata/instance?api-version=2021-02-01'
const IMDS_PROBE_MS = 1000

/** All ways to sign in, in the order in which they are tried. */
export function candidates(options: CandidateOptions): Candidate[] {
  return [
    oidc(options),
    azureCli(options),
    secret(options),
    certificate(options),
    workload(options),
    managed(options),
  ]
}

/**
 * The cloud's hosts are fixed by us or named by the user, so they are not looked up at the public cloud's
 * instance discovery, which a sovereign or closed network does not reach.
 */
function common({ cloud, userAgent, witness }: CandidateOptions) {
  return {
    authorityHost: cloud.authorityHost,
    disableInstanceDiscovery: true,
    retryOptions: { maxRetries: 3, retryDelayInMs: 400, maxRetryDelayInMs: 10_000 },
    userAgentOptions: { userAgentPrefix: userAgent },
    additionalPolicies: [{ policy: witness.policy, position: 'perRetry' as const }],
  }
}

function oidc(options: CandidateOptions): Candidate {
  const { clientId, tenantId, assertion } = options
  return {
    kind: 'oidc',
    title: `application ${clientId} of tenant ${tenantId} (identity token of the job)`,
    ...(clientId === '' ? { absent: 'no client-id and tenant-id are given' } : {}),
    explicit: true,
    timeoutMs: ENTRA_TIMEOUT_MS,
    create: () => new ClientAssertionCredential(tenantId, clientId, () => assertion.get(), common(options)),
  }
}

function azureCli({ sessionTenantId }: CandidateOptions): Candidate {
  return {
    kind: 'azure-cli',
    title: 'the Azure CLI session',
    explicit: false,
    timeoutMs: AZ_TIMEOUT_MS + 1000,
    create: () =>
      new AzureCliCredential({
        processTimeoutInMs: AZ_TIMEOUT_MS,
        ...(sessionTenantId === undefined ? {} : { tenantId: sessionTenantId }),
      }),
  }
}

function secret(options: CandidateOptions): Candidate {
  const { AZURE_TENANT_ID = '', AZURE_CLIENT_ID = '', AZURE_CLIENT_SECRET = '' } = options.environment
  const absent = missing({ AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET })
  return {
    kind: 'client-secret',
    title: `application ${AZURE_CLIENT_ID} (AZURE_CLIENT_SECRET)`,
    ...absent,
    explicit: true,
    timeoutMs: ENTRA_TIMEOUT_MS,
    create: () =>
      new ClientSecretCredential(AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, common(options)),
  }
}

function certificate(options: CandidateOptions): Candidate {
  const { environment } = options
  const { AZURE_TENANT_ID = '', AZURE_CLIENT_ID = '', AZURE_CLIENT_CERTIFICATE_PATH = '' } = environment
  const password = environment.AZURE_CLIENT_CERTIFICATE_PASSWORD
  const chain = /^(true|1)$/i.test(environment.AZURE_CLIENT_SEND_CERTIFICATE_CHAIN ?? '')
  return {
    kind: 'client-certificate',
    title: `application ${AZURE_CLIENT_ID} (AZURE_CLIENT_CERTIFICATE_PATH)`,
    ...missing({ AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_CERTIFICATE_PATH }),
    explicit: true,
    timeoutMs: ENTRA_TIMEOUT_MS,
    create: () =>
      new ClientCertificateCredential(
        AZURE_TENANT_ID,
        AZURE_CLIENT_ID,
        {
          certificatePath: AZURE_CLIENT_CERTIFICATE_PATH,
          ...(password ? { certificatePassword: password } : {}),
        },
        { ...common(options), sendCertificateChain: chain },
      ),
  }
}

function workload(options: CandidateOptions): Candidate {
  const { AZURE_TENANT_ID = '', AZURE_CLIENT_ID = '', AZURE_FEDERATED_TOKEN_FILE = '' } = options.environment
  return {
    kind: 'workload-identity',
    title: `application ${AZURE_CLIENT_ID} (workload identity)`,
    ...missing({ AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE }),
    explicit: true,
    timeoutMs: ENTRA_TIMEOUT_MS,
    create: () =>
      new WorkloadIdentityCredential({
        ...common(options),
        tenantId: AZURE_TENANT_ID,
        clientId: AZURE_CLIENT_ID,
        tokenFilePath: AZURE_FEDERATED_TOKEN_FILE,
      }),
  }
}

function managed(options: CandidateOptions): Candidate {
  const { environment } = options
  const clientId = environment.AZURE_CLIENT_ID ?? ''
  const endpoint = ['IDENTITY_ENDPOINT', 'MSI_ENDPOINT', 'AZURE_POD_IDENTITY_AUTHORITY_HOST'].find(
    (name) => environment[name],
  )
  const hosted = environment.RUNNER_ENVIRONMENT === 'github-hosted'
  return {
    kind: 'managed-identity',
    title: clientId === '' ? "the machine's managed identity" : `managed identity ${clientId}`,
    // A hosted runner's own machine has a metadata address, but no identity of the user's; it may hang.
    ...(hosted && endpoint === undefined ? { absent: 'a GitHub-hosted runner has none' } : {}),
    explicit: endpoint !== undefined,
    timeoutMs: ENTRA_TIMEOUT_MS,
    create: () =>
      new ManagedIdentityCredential({
        ...(clientId === '' ? {} : { clientId }),
        retryOptions: { maxRetries: 2, retryDelayInMs: 400 },
        userAgentOptions: { userAgentPrefix: options.userAgent },
      }),
    ...(endpoint === undefined ? { probe: probeMetadataAddress } : {}),
  }
}

/** The metadata address answers at once, with a refusal, to a request without its header. */
async function probeMetadataAddress(): Promise<void> {
  try {
    const answer = await fetch(IMDS, { signal: AbortSignal.timeout(IMDS_PROBE_MS) })
    await answer.body?.cancel()
  } catch (cause) {
    throw new NothingThere('no metadata address answers', { cause })
  }
}

function missing(variables: Record<string, string>): { absent?: string } {
  const names = Object.keys(variables).filter((name) => variables[name] === '')
  return names.length === 0
    ? {}
    : { absent: `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} not set` }
}
