import { generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto'
import { bits, integer, oid, sequence, set, time, utf8 } from '../aks/der.ts'

/** A self-signed certificate with an RSA key, which is what Entra ID takes for an application. PEM. */
export function clientCertificate(): { certificate: string; key: string } {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const algorithm = sequence(oid('1.2.840.113549.1.1.11'), Buffer.from([0x05, 0x00]))
  const name = sequence(set(sequence(oid('2.5.4.3'), utf8('ci'))))
  const day = 86_400_000
  const body = sequence(
    integer(Buffer.concat([Buffer.from([0x40]), randomBytes(8)])),
    algorithm,
    name,
    sequence(time(new Date(Date.now() - day)), time(new Date(Date.now() + day))),
    name,
    pair.publicKey.export({ type: 'spki', format: 'der' }),
  )
  const der = sequence(body, algorithm, bits(sign('sha256', body, pair.privateKey)))
  return {
    certificate: new X509Certificate(der).toString(),
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}
