import { Agent, buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici'
import { ProxyLegError } from './connection-errors.ts'

/** How the API server is spoken to, below HTTP. */
export interface TransportOptions {
  /** PEM; without it the authorities of Node, to which NODE_EXTRA_CA_CERTS adds. */
  ca?: Buffer | string
  /** Client certificate and its key, PEM. */
  cert?: Buffer | string
  key?: Buffer | string
  /** Name that the server's certificate must carry, where it is not the host of the address. */
  serverName?: string
  /** Accepts any certificate: the kubeconfig's `insecure-skip-tls-verify`. */
  skipVerify?: boolean
  /** `http:` or `https:` proxy, with credentials where it wants them. */
  proxy?: URL
}

/** More calls than this at a time wait for a connection. */
const connections = 64
/** Deadline of one connection up to the end of its TLS handshake, in milliseconds. */
const connectTimeoutMs = 7_500
/** How soon a peer that died without a word is noticed on an otherwise quiet watch, in milliseconds. */
const keepAliveMs = 30_000

/**
 * Connections to one API server, kept and shared. With a proxy the cluster's authority and client certificate
 * count for the API server alone; the proxy's own certificate (https:) is checked against Node's authorities.
 */
export function createDispatcher(options: TransportOptions): Dispatcher {
  const tcp = {
    timeout: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveMs,
    allowH2: false,
  }
  const tls = {
    ...(options.ca && { ca: options.ca }),
    ...(options.cert && { cert: options.cert }),
    ...(options.key && { key: options.key }),
    ...(options.serverName && { servername: options.serverName }),
    ...(options.skipVerify && { rejectUnauthorized: false }),
  }
  if (options.proxy === undefined)
    return new Agent({ connections, allowH2: false, connect: { ...tcp, ...tls } })
  return new ProxyAgent({
    uri: options.proxy.href,
    connections,
    allowH2: false,
    requestTls: { ...tcp, ...tls },
    clientFactory: (origin) =>
      new Pool(origin, { connect: proxyConnector(tcp), headersTimeout: connectTimeoutMs }),
  })
}

/** Connects to the proxy, and marks what fails there as the proxy's. */
function proxyConnector(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector(options)
  return (target, callback) =>
    connect(target, (...[error, socket]) => {
      if (error) callback(new ProxyLegError(error), null)
      else callback(null, socket)
    })
}
