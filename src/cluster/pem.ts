import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { messageOf, UserError } from '../errors.ts'

const next = 'Fetch the kubeconfig anew (az aks get-credentials).'
const docs = 'troubleshooting.md#the-kubeconfig'

/**
 * What a kubeconfig gives as base64 data or, where it has none, as a file. Undefined where it has neither.
 * @param what for messages, e.g. `client key of the user x`.
 */
export async function readPem(
  what: string,
  data: string | null | undefined,
  file: string | null | undefined,
): Promise<Buffer | undefined> {
  if (data) {
    const decoded = Buffer.from(typeof data === 'string' ? data : '', 'base64')
    if (decoded.includes('-----BEGIN ')) return decoded
    throw new UserError(`The ${what} in the kubeconfig is not base64 of PEM.`, { next, docs })
  }
  if (!file) return undefined
  try {
    return await readFile(file)
  } catch (cause) {
    throw new UserError(`The ${what} cannot be read: ${messageOf(cause)}.`, {
      next: 'The kubeconfig names a file that the runner does not have: make one that holds the data itself (kubectl config view --raw --flatten).',
      docs,
      cause,
    })
  }
}

/** Checks that the first certificate in a PEM can be read, and returns it. */
export function parseCertificate(what: string, pem: Buffer): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new UserError(`The ${what} is no certificate.`, { next, docs, cause })
  }
}

/** Checks that a client certificate is valid now and that `key` is its key. */
export function checkKeyPair(what: string, cert: Buffer, key: Buffer, now = Date.now()): void {
  const certificate = parseCertificate(what, cert)
  if (certificate.validToDate.getTime() < now) {
    throw new UserError(`The ${what} has expired (${certificate.validToDate.toISOString()}).`, { next, docs })
  }
  if (!certificate.checkPrivateKey(parseKey(what, key))) {
    throw new UserError(`The ${what} does not belong to the client key beside it.`, { next, docs })
  }
}

function parseKey(what: string, key: Buffer) {
  try {
    return createPrivateKey(key)
  } catch {
    // Without the cause: what reads keys may quote them.
    throw new UserError(`The key of the ${what} cannot be read: it is no PEM key, or it has a passphrase.`, {
      next,
      docs,
    })
  }
}
