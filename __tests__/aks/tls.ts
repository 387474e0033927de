import {
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'
import { bits, integer, octets, oid, sequence, set, tagged, time, utf8, yes } from './der.ts'
import type { CertificateAuthority, CertificateSubject } from './types.ts'

const ids = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
}

const hour = 3_600_000

/** Makes a certificate authority of its own: nothing of it outlives the process, no tool is needed. */
export function createAuthority(): CertificateAuthority {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = nameOf('small-aks-ca', [])
  const keyId = randomBytes(20)
  const issuer: Issuer = { name, key: pair.privateKey, keyId }
  const certificate = certificateFor(issuer, {
    subject: name,
    publicKey: pair.publicKey,
    notBefore: new Date(Date.now() - hour),
    notAfter: new Date(Date.now() + 240 * hour),
    extensions: [
      extension(ids.basicConstraints, sequence(yes), true),
      extension(ids.keyUsage, bits(Buffer.from([0x06]), 1), true),
      extension(ids.subjectKeyIdentifier, octets(keyId)),
    ],
  })
  return { certificate, issue: (subject) => issue(issuer, subject) }
}

interface Issuer {
  name: Buffer
  key: KeyObject
  keyId: Buffer
}

function issue(issuer: Issuer, subject: CertificateSubject): { certificate: string; key: string } {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const hosts = subject.hosts ?? []
  const usage = hosts.length > 0 ? ids.serverAuth : ids.clientAuth
  const certificate = certificateFor(issuer, {
    subject: nameOf(subject.commonName, subject.organizations ?? []),
    publicKey: pair.publicKey,
    notBefore: subject.notBefore ?? new Date(Date.now() - hour),
    notAfter: subject.notAfter ?? new Date(Date.now() + 24 * hour),
    extensions: [
      extension(ids.basicConstraints, sequence(), true),
      extension(ids.keyUsage, bits(Buffer.from([0x80]), 7), true),
      extension(ids.extendedKeyUsage, sequence(oid(usage))),
      extension(ids.authorityKeyIdentifier, sequence(tagged(0x80, issuer.keyId))),
      ...(hosts.length > 0 ? [extension(ids.subjectAltName, sequence(...hosts.map(alternativeName)))] : []),
    ],
  })
  const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { certificate, key }
}

interface Content {
  subject: Buffer
  publicKey: KeyObject
  notBefore: Date
  notAfter: Date
  extensions: Buffer[]
}

function certificateFor(issuer: Issuer, content: Content): string {
  const algorithm = sequence(oid(ids.ecdsaWithSha256))
  const serial = randomBytes(16)
  serial[0] = 0x40 | (serial.readUInt8(0) & 0x3f)
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    issuer.name,
    sequence(time(content.notBefore), time(content.notAfter)),
    content.subject,
    createPublicKey(content.publicKey.export({ type: 'spki', format: 'pem' })).export({
      type: 'spki',
      format: 'der',
    }),
    tagged(0xa3, sequence(...content.extensions)),
  )
  const der = sequence(body, algorithm, bits(sign('sha256', body, issuer.key)))
  return new X509Certificate(der).toString()
}

function nameOf(commonName: string, organizations: string[]): Buffer {
  const attribute = (id: string, value: string) => set(sequence(oid(id), utf8(value)))
  return sequence(
    ...organizations.map((organization) => attribute(ids.organization, organization)),
    attribute(ids.commonName, commonName),
  )
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [yes] : []), octets(value))
}

function alternativeName(host: string): Buffer {
  if (isIPv4(host)) return tagged(0x87, Buffer.from(host.split('.').map(Number)))
  if (isIPv6(host)) return tagged(0x87, addressBytes(host))
  return tagged(0x82, Buffer.from(host))
}

/** Sixteen bytes of an IPv6 address without an embedded IPv4 part. */
function addressBytes(address: string): Buffer {
  const [head = '', tail] = address.split('::')
  const left = head.split(':').filter(Boolean)
  const right = (tail ?? '').split(':').filter(Boolean)
  const zeros = Array<string>(8 - left.length - right.length).fill('0')
  const groups = tail === undefined ? left : [...left, ...zeros, ...right]
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex')
}
