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
  create: () => TokenCredential
  /** Rejects, within a second or so, when there is nothing to ask. */
  probe?: () => Promise<void>
}

export interface CandidateOptions {
  cloud: AzureCloud
  clientId: string
  tenantId: string
  environment: Environment
  userAgent: string
  assertion: AssertionSource
}

/** An `az` that hangs is given up after this long. */
const AZ_TIMEOUT_MS = 20_000

const IMDS = 'http://169.254.169.254/metadata/instance?api-version=2021-02-01'
const IMDS_PROBE_MS = 1000

/** All ways to sign in, in the order in which they are tried. */
export function candidates(options: CandidateOptions): Candidate[] {
  return [
    oidc(options),
    azureCli(),
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
function common({ cloud, userAgent }: CandidateOptions) {
  return {
    authorityHost: cloud.authorityHost,
    disableInstanceDiscovery: true,
    retryOptions: { maxRetries: 3, retryDelayInMs: 400, maxRetryDelayInMs: 10_000 },
    userAgentOptions: { userAgentPrefix: userAgent },
  }
}

function oidc(options: CandidateOptions): Candidate {
  const { clientId, tenantId, assertion } = options
  return {
    kind: 'oidc',
    title: `the job's identity token, as application ${clientId} of tenant ${tenantId}`,
    ...(clientId === '' ? { absent: 'no client-id and tenant-id are given' } : {}),
    explicit: true,
    create: () => new ClientAssertionCredential(tenantId, clientId, () => assertion.get(), common(options)),
  }
}

function azureCli(): Candidate {
  return {
    kind: 'azure-cli',
    title: 'the Azure CLI session',
    explicit: false,
    create: () => new AzureCliCredential({ processTimeoutInMs: AZ_TIMEOUT_MS }),
  }
}

function secret(options: CandidateOptions): Candidate {
  const { AZURE_TENANT_ID = '', AZURE_CLIENT_ID = '', AZURE_CLIENT_SECRET = '' } = options.environment
  const absent = missing({ AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET })
  return {
    kind: 'client-secret',
    title: `the secret of application ${AZURE_CLIENT_ID} (AZURE_CLIENT_SECRET)`,
    ...absent,
    explicit: true,
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
    title: `the certificate of application ${AZURE_CLIENT_ID} (AZURE_CLIENT_CERTIFICATE_PATH)`,
    ...missing({ AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_CERTIFICATE_PATH }),
    explicit: true,
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
    title: `workload identity ${AZURE_CLIENT_ID} (AZURE_FEDERATED_TOKEN_FILE)`,
    ...missing({ AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE }),
    explicit: true,
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
    create: () =>
      new ManagedIdentityCredential({
        ...(clientId === '' ? {} : { clientId }),
        retryOptions: { maxRetries: 2, retryDelayInMs: 400 },
        userAgentOptions: { userAgentPrefix: options.userAgent },
      }),
    ...(endpoint === undefined ? { probe: probeMetadataAddress } : {}),
  }
}

/** The metadata address answers at once, with a refusal, to a request without its header; a proxy must not. */
async function probeMetadataAddress(): Promise<void> {
  const answer = await fetch(IMDS, { signal: AbortSignal.timeout(IMDS_PROBE_MS) })
  await answer.body?.cancel()
}

function missing(variables: Record<string, string>): { absent?: string } {
  const names = Object.keys(variables).filter((name) => variables[name] === '')
  return names.length === 0
    ? {}
    : { absent: `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} not set` }
}
