import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface KeyPair {
  cert: string
  key: string
}

/** A certificate authority of a test, and what it signs. */
export interface Authority {
  /** PEM of the authority, and the file that holds it. */
  ca: string
  caFile: string
  /** Signs a certificate for `names` (`DNS:…`, `IP:…`); a negative number of days makes it one that has expired. */
  sign(names: string, days?: number): KeyPair
  remove(): void
}

export function createAuthority(name = 'test-ca'): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'ach-cluster-'))
  const at = (file: string) => join(folder, file)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = (file: string) =>
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', file)

  newKey('ca.key')
  openssl('req', '-x509', '-key', 'ca.key', '-subj', `/CN=${name}`, '-days', '2', '-out', 'ca.pem')
  let serial = 0

  return {
    ca: readFileSync(at('ca.pem'), 'utf8'),
    caFile: at('ca.pem'),
    sign(names, days = 2) {
      const id = `leaf${++serial}`
      newKey(`${id}.key`)
      openssl('req', '-new', '-key', `${id}.key`, '-subj', `/O=system:masters/CN=${id}`, '-out', `${id}.csr`)
      writeFileSync(at(`${id}.ext`), `subjectAltName=${names}\n`)
      const ca = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', String(serial)]
      const out = ['-days', String(days), '-extfile', `${id}.ext`, '-out', `${id}.pem`]
      openssl('x509', '-req', '-in', `${id}.csr`, ...ca, ...out)
      return { cert: readFileSync(at(`${id}.pem`), 'utf8'), key: readFileSync(at(`${id}.key`), 'utf8') }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
