import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'

export interface Keys {
  id: string
  privateKey: KeyObject
  publicKey: KeyObject
}

export type Claims = Record<string, unknown>

export interface Jwt {
  header: Claims
  claims: Claims
  /** Whether the key made it. */
  signedBy: (key: KeyObject) => boolean
}

export function createKeys(): Keys {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const der = pair.publicKey.export({ type: 'spki', format: 'der' })
  return { ...pair, id: createHash('sha256').update(der).digest('base64url').slice(0, 22) }
}

export function signJwt(keys: Keys, claims: Claims): string {
  const head = [{ alg: 'RS256', typ: 'JWT', kid: keys.id }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${head}.${sign('sha256', Buffer.from(head), keys.privateKey).toString('base64url')}`
}

/** Undefined for what is no JWT. RS256 and PS256 are known. */
export function readJwt(token: string): Jwt | undefined {
  const [header, claims, signature] = token.split('.')
  if (header === undefined || claims === undefined || signature === undefined) return undefined
  const head = parse(header)
  const body = parse(claims)
  if (head === undefined || body === undefined) return undefined
  const signedBy = (key: KeyObject) => {
    const options = head.alg === 'PS256' ? { key, padding: 6, saltLength: 32 } : key
    const known = head.alg === 'RS256' || head.alg === 'PS256'
    return (
      known &&
      verify('sha256', Buffer.from(`${header}.${claims}`), options, Buffer.from(signature, 'base64url'))
    )
  }
  return { header: head, claims: body, signedBy }
}

function parse(part: string): Claims | undefined {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Claims
  } catch {
    return undefined
  }
}

/** Seconds since 1970, as JWTs count. */
export function seconds(ms: number = Date.now()): number {
  return Math.floor(ms / 1000)
}
