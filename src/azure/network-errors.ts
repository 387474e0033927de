import { UserError } from '../errors.ts'
import { record, text } from './arm-error.ts'
import type { Environment } from './clouds.ts'

/** Where a connection was to go. */
export interface Target {
  /** For people: `Azure Resource Manager`. */
  name: string
  url: URL
  /** The proxy on the way to an address. */
  proxyFor: ProxyFor
}

export type ProxyFor = (url: URL) => URL | undefined

/** The user error for a connection that failed, or undefined when something else did. */
export function explainNetwork(error: unknown, { name, url, proxyFor }: Target): UserError | undefined {
  const code = networkCode(error)
  if (code === undefined) return undefined
  const what = `${name} (${url.host})`
  // Without the user and password that may be in its address.
  const proxy = proxyFor(url)?.host
  const way = proxy === undefined ? '' : ` through the proxy ${proxy}`
  if (CERTIFICATE_CODES.has(code)) {
    return new UserError(`The certificate of ${what} is not trusted${way} (${code}).`, {
      next: 'If a proxy in between opens TLS, set NODE_EXTRA_CA_CERTS to a PEM file with its certificate authority, in the environment of the runner.',
      docs: 'azure.md#proxies',
      cause: error,
    })
  }
  return new UserError(`${what} cannot be reached${way}: ${CODE_TEXTS[code] ?? code}.`, {
    next:
      proxy === undefined
        ? 'Check that the runner may reach this host on port 443. Behind a proxy, set HTTPS_PROXY (and NO_PROXY) in the environment of the runner.'
        : 'Check HTTPS_PROXY and NO_PROXY in the environment of the runner, and that the proxy lets this host through.',
    docs: 'azure.md#proxies',
    cause: error,
  })
}

const CODE_TEXTS: Record<string, string> = {
  ENOTFOUND: 'its name is not known (ENOTFOUND)',
  EAI_AGAIN: 'no name server answers (EAI_AGAIN)',
  ECONNREFUSED: 'the connection is refused (ECONNREFUSED)',
  ECONNRESET: 'the connection is cut (ECONNRESET)',
  ETIMEDOUT: 'no answer in time (ETIMEDOUT)',
  ENETUNREACH: 'there is no route (ENETUNREACH)',
  EHOSTUNREACH: 'there is no route (EHOSTUNREACH)',
  TIMEOUT: 'no answer in time',
}

const CERTIFICATE_CODES = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** The code of the first error in the chain of causes that a connection fails with. */
export function networkCode(error: unknown): string | undefined {
  let current = record(error)
  for (let depth = 0; depth < 10 && current !== undefined; depth++) {
    if (current.name === 'TimeoutError') return 'TIMEOUT'
    const code = text(current.code)
    if (code !== undefined && (code in CODE_TEXTS || CERTIFICATE_CODES.has(code))) return code
    // The sign-in library keeps only the text.
    const message = text(current.message) ?? ''
    const named = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH)\b/.exec(
      message,
    )
    if (named !== null) return named[1]
    if (/self.signed certificate|unable to verify the first certificate/i.test(message)) {
      return 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'
    }
    current = record(current.cause)
  }
  return undefined
}

/** The proxy for all https addresses, where nobody knows the exceptions. */
export function proxyOf(environment: Environment): ProxyFor {
  const proxy =
    environment.HTTPS_PROXY || environment.https_proxy || environment.ALL_PROXY || environment.all_proxy
  const url = proxy && URL.canParse(proxy) ? new URL(proxy) : undefined
  return () => url
}
