import { BlockList, isIP } from 'node:net'
import { UserError } from '../errors.ts'

/** The environment as far as it names proxies; both cases of letters count, upper case first, as in Go. */
export type ProxyEnvironment = Record<string, string | undefined>

/**
 * The proxy that the environment names for an address, as kubectl (Go) chooses it: HTTPS_PROXY for https,
 * HTTP_PROXY for http, none for `localhost` and loopback addresses nor for what NO_PROXY matches.
 * An address without a scheme is an http:// proxy.
 * @throws UserError when the variable is no address of an HTTP proxy.
 */
export function proxyFromEnvironment(target: URL, env: ProxyEnvironment): URL | undefined {
  const name = target.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const value = variable(env, name)
  if (value === undefined || isLoopback(hostOf(target)) || bypasses(target, variable(env, 'NO_PROXY'))) {
    return undefined
  }
  return parseProxy(value.includes('://') ? value : `http://${value}`, name)
}

/** Parses the address of a proxy; `origin` says where it was named. The address is not shown: it may hold a password. */
export function parseProxy(value: string, origin: string): URL {
  const url = URL.parse(value)
  const why = url === null ? 'it is no address' : unusable(url)
  if (url !== null && why === undefined) return url
  throw new UserError(`The proxy cannot be used (${origin}): ${why}.`, {
    next: 'Name an HTTP proxy, http://host:port, that allows CONNECT to the API server.',
    docs: 'troubleshooting.md#proxies',
  })
}

function unusable({ protocol, username, password }: URL): string | undefined {
  if (protocol.startsWith('socks')) return 'it is a SOCKS proxy'
  if (protocol !== 'http:' && protocol !== 'https:') return 'it is no http:// or https:// address'
  try {
    decodeURIComponent(username + password)
    return undefined
  } catch {
    return 'a % in its user or password begins no percent-encoding, and must be written as %25'
  }
}

/** A proxy's address as it may be shown: without user and password. */
export function withoutCredentials(proxy: URL): string {
  return `${proxy.protocol}//${proxy.host}`
}

/** Whether NO_PROXY says that `target` is reached without a proxy. */
export function bypasses(target: URL, noProxy: string | undefined): boolean {
  return (noProxy ?? '')
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => matches(entry.toLowerCase(), hostOf(target), portOf(target)))
}

/**
 * One entry of NO_PROXY: `*`, an address, a CIDR range, or a domain. `example.com` matches itself and all
 * below it, `.example.com` and `*.example.com` only what is below it; each may end in `:port`.
 */
function matches(entry: string, host: string, port: number): boolean {
  if (entry === '*') return true
  if (entry.includes('/')) return inRange(entry, host)
  const { name, port: wanted } = splitPort(entry)
  if (wanted !== undefined && wanted !== port) return false
  if (name === '*') return true
  if (isIP(name)) return isIP(host) !== 0 && sameAddress(name, host)
  const domain = name.replace(/^\*(?=\.)/, '').replace(/\.$/, '')
  if (domain === '' || domain === '.') return false
  if (domain.startsWith('.')) return host.endsWith(domain)
  return host === domain || host.endsWith(`.${domain}`)
}

function splitPort(entry: string): { name: string; port?: number } {
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(entry)
  const plain = bracketed ?? /^([^:]*):(\d+)$/.exec(entry)
  const name = plain?.[1] ?? entry
  return plain?.[2] === undefined ? { name } : { name, port: Number(plain[2]) }
}

function inRange(range: string, host: string): boolean {
  const [address = '', bits = ''] = range.split('/')
  const family = isIP(address)
  if (family === 0 || isIP(host) !== family || !/^\d{1,3}$/.test(bits)) return false
  if (Number(bits) > (family === 4 ? 32 : 128)) return false
  const list = new BlockList()
  list.addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6')
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

function sameAddress(a: string, b: string): boolean {
  return isIP(a) === isIP(b) && inRange(`${a}/${isIP(a) === 4 ? 32 : 128}`, b)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || inRange('127.0.0.0/8', host) || inRange('::1/128', host)
}

function hostOf(target: URL): string {
  return target.hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase()
}

function portOf(target: URL): number {
  return target.port === '' ? (target.protocol === 'https:' ? 443 : 80) : Number(target.port)
}

function variable(env: ProxyEnvironment, name: string): string | undefined {
  return env[name]?.trim() || env[name.toLowerCase()]?.trim() || undefined
}
