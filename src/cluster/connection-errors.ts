import { types } from 'node:util'
import { messageOf, UserError } from '../errors.ts'
import { BodyError } from './body.ts'
import { KubeError } from './kube-api.ts'

/** A failure between the runner and the proxy, before the API server had a part in it. */
export class ProxyLegError extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause })
    this.name = 'ProxyLegError'
  }
}

type Kind =
  | 'unknown-host'
  | 'refused'
  | 'timeout'
  | 'lost'
  | 'unreachable'
  | 'untrusted'
  | 'expired'
  | 'wrong-name'
  | 'client-certificate'
  | 'not-tls'
  | 'not-http'
  | 'proxy-refused'
  | 'other'

const kinds: Record<string, Kind> = {
  ENOTFOUND: 'unknown-host',
  EAI_AGAIN: 'unknown-host',
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'timeout',
  DEADLINE: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  ECONNRESET: 'lost',
  ECONNABORTED: 'lost',
  EPIPE: 'lost',
  UND_ERR_SOCKET: 'lost',
  UND_ERR_PRX_CONN: 'lost',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'lost',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EHOSTDOWN: 'unreachable',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'untrusted',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'untrusted',
  CERT_SIGNATURE_FAILURE: 'untrusted',
  CERT_UNTRUSTED: 'untrusted',
  INVALID_CA: 'untrusted',
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'wrong-name',
  UND_ERR_PRX_TLS: 'wrong-name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'not-tls',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'not-tls',
  EPROTO: 'not-tls',
}

const words: Record<Kind, string> = {
  'unknown-host': 'its host name does not resolve',
  refused: 'the connection was refused',
  timeout: 'no answer in time',
  lost: 'the connection was lost',
  unreachable: 'there is no route to it',
  untrusted: 'its certificate is not signed by a trusted authority',
  expired: 'its certificate is not valid at this time',
  'wrong-name': 'its certificate is for another name',
  'client-certificate': 'it refused the client certificate',
  'not-tls': 'it does not speak TLS on this port',
  'not-http': 'what it sends is not HTTP',
  'proxy-refused': 'the proxy refused to connect to it',
  other: 'the connection failed',
}

/** Failures that may be gone a little later; a name that does not exist or a wrong certificate will not be. */
const transientKinds: ReadonlySet<Kind> = new Set(['refused', 'timeout', 'lost', 'unreachable'])

interface Failure {
  kind: Kind
  /** Code of the innermost error that has one, e.g. `ECONNREFUSED`, or `407` from a proxy. */
  code: string
  /** Whether it happened between the runner and the proxy. */
  proxyLeg: boolean
}

/**
 * The error of a call that got no answer. What is no failure of a connection is a bug and is thrown as it is.
 * `proxy` is the proxy in use, without credentials.
 */
export function lostConnection(
  error: unknown,
  context: { call: string; server: string; proxy?: string | undefined },
): KubeError {
  const failure = failureOf(error)
  if (failure === undefined) throw error
  const where = failure.proxyLeg && context.proxy !== undefined ? `proxy ${context.proxy}` : context.server
  const via = !failure.proxyLeg && context.proxy !== undefined ? ` (through the proxy ${context.proxy})` : ''
  return new KubeError(`${context.call}: ${where}${via}: ${words[failure.kind]} (${failure.code})`, {
    call: context.call,
    transient: failure.code === 'EAI_AGAIN' || transientKinds.has(failure.kind),
    cause: error,
  })
}

/** What is known of the way to the API server, for the advice. */
export interface ConnectionContext {
  /** `https://host:port`. */
  server: string
  /** Proxy in use, without credentials. */
  proxy?: string | undefined
  /** Whether ARM says that the cluster is private. */
  privateCluster?: boolean | undefined
}

/** Says what to do about a call that got no answer. Undefined for an error that is no failure of a connection. */
export function explainConnection(error: KubeError, context: ConnectionContext): UserError | undefined {
  const failure = error.status === undefined ? failureOf(error.cause) : undefined
  if (failure === undefined) return undefined
  const target = failure.proxyLeg
    ? `The proxy ${context.proxy ?? ''}`.trim()
    : `The API server ${context.server}`
  return new UserError(`${target} cannot be reached: ${words[failure.kind]} (${failure.code}).`, {
    next: failure.proxyLeg ? proxyAdvice(failure) : serverAdvice(failure, context),
    docs: 'troubleshooting.md#the-api-server-cannot-be-reached',
    cause: error,
  })
}

const certificateKinds: ReadonlySet<Kind> = new Set(['untrusted', 'expired', 'wrong-name'])

function proxyAdvice({ kind }: Failure): string {
  const setting = 'proxy-url of the cluster in the kubeconfig, or the environment variable HTTPS_PROXY'
  if (certificateKinds.has(kind)) {
    return `The proxy's own certificate is at fault. Let NODE_EXTRA_CA_CERTS name a PEM file with its authority, or use http:// for the proxy (${setting}).`
  }
  if (kind === 'not-tls') {
    return `The proxy is addressed with https:// but does not speak TLS. Most proxies want http:// (${setting}).`
  }
  return `Correct the address of the proxy (${setting}), or list the API server's host in NO_PROXY if it can be reached without one.`
}

function serverAdvice({ kind, code }: Failure, context: ConnectionContext): string {
  switch (kind) {
    case 'unknown-host':
      return context.privateCluster === false
        ? 'Check the server address in the kubeconfig and that the cluster still exists (a stopped or deleted AKS cluster loses its name).'
        : `Check the server address in the kubeconfig and that the cluster still exists. ${privateAdvice}`
    case 'refused':
      return 'Check host and port of the server in the kubeconfig. A stopped AKS cluster, or a tunnel to it that is not up, refuses connections too.'
    case 'timeout':
    case 'unreachable':
    case 'lost':
      return `A firewall may drop the connection. If the cluster has authorized IP ranges, add the runner's outgoing address (az aks update --api-server-authorized-ip-ranges). ${privateAdvice} If the runner needs a proxy, set HTTPS_PROXY.`
    case 'untrusted':
      return 'The certificate-authority-data of the kubeconfig is not that of this server: fetch the kubeconfig anew. If a proxy on the way decrypts TLS, exempt the API server from it; for a kubeconfig without an authority, NODE_EXTRA_CA_CERTS can name one.'
    case 'expired':
      return 'Check the clock of the runner. If it is right, the certificates of the cluster need a rotation (az aks rotate-certs).'
    case 'wrong-name':
      return "The server in the kubeconfig is not a name in the server's certificate: correct it, or set tls-server-name of the cluster in the kubeconfig."
    case 'client-certificate':
      return 'The client certificate in the kubeconfig is expired, or was issued before the certificates of the cluster were rotated: fetch the kubeconfig anew (az aks get-credentials).'
    case 'not-tls':
    case 'not-http':
      return 'Something else than an API server listens there. Check host and port of the server in the kubeconfig, and the proxy on the way.'
    case 'proxy-refused':
      return code === '407'
        ? 'The proxy wants credentials: put them into its address, http://user:password@host:port, from a secret.'
        : `The proxy answered ${code} to CONNECT. Allow the API server's host and port in the proxy, or list the host in NO_PROXY if it can be reached without one.`
    case 'other':
      return 'Check the server address in the kubeconfig and the network between the runner and the cluster.'
  }
}

const privateAdvice =
  'A private cluster can only be reached from its network: use a self-hosted runner there, or name the cluster in Azure (cluster-name, resource-group, subscription-id) with private-cluster: run-command.'

function failureOf(error: unknown): Failure | undefined {
  let proxyLeg = false
  let code: string | undefined
  for (const each of chainOf(error)) {
    if (each instanceof BodyError) return undefined
    if (each instanceof ProxyLegError) proxyLeg = true
    const tunnel = /^Proxy response \((\d{3})\)/.exec(each.message)
    if (tunnel?.[1]) return { kind: 'proxy-refused', code: tunnel[1], proxyLeg: false }
    if (each.name === 'HTTPParserError') return { kind: 'not-http', code: 'HTTP', proxyLeg }
    if ('code' in each && typeof each.code === 'string') code = each.code
    // These two can come from the connection to the proxy alone: no request of ours has a headers timeout.
    if (code === 'UND_ERR_PRX_CONN' || code === 'UND_ERR_PRX_TLS')
      return { kind: kindOf(code), code, proxyLeg: true }
    if (code === 'UND_ERR_HEADERS_TIMEOUT') return { kind: 'timeout', code, proxyLeg: true }
  }
  return code === undefined ? undefined : { kind: kindOf(code), code, proxyLeg }
}

function kindOf(code: string): Kind {
  const known = kinds[code]
  if (known !== undefined) return known
  if (/^ERR_SSL_.*ALERT/.test(code)) return 'client-certificate'
  if (code.startsWith('ERR_SSL_')) return 'not-tls'
  return 'other'
}

/** An error and what caused it, outermost first; of several attempts in parallel the first one's. Bounded. */
function chainOf(error: unknown): Error[] {
  const chain: Error[] = []
  let current = error
  while (types.isNativeError(current) && chain.length < 10) {
    chain.push(current)
    current = current.cause ?? firstOf(current)
  }
  return chain
}

function firstOf(error: Error): unknown {
  return 'errors' in error && Array.isArray(error.errors) ? error.errors[0] : undefined
}
