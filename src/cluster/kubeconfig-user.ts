import { resolve } from 'node:path'
import { UserError } from '../errors.ts'
import type { Mask } from './authenticator.ts'
import { textOf, type UserEntry } from './kubeconfig-merge.ts'
import { checkKeyPair, readPem } from './pem.ts'

/**
 * Who asks. Beside a client certificate one more thing counts at most, the first that is there of `tokenFile`,
 * `token`, `exec` and `authProvider`.
 */
export interface ClusterUser {
  name: string
  /** Folder of the kubeconfig, from which relative paths in it are meant. */
  folder: string
  /** Client certificate and its key, PEM. */
  cert?: Buffer
  key?: Buffer
  /** Absolute path of a file with a token that something else renews. */
  tokenFile?: string
  token?: string
  /** The sections as they stand in the kubeconfig. */
  exec?: unknown
  authProvider?: unknown
  /** `impersonate-…` headers. */
  headers: Record<string, string | string[]>
}

/** Resolves a user's entry. Secrets are told to `mask` before anything else can happen to them. */
export async function readUser(user: UserEntry, mask: Mask): Promise<ClusterUser> {
  const { name, raw } = user
  const token = textOf(user.token)
  for (const secret of [token, textOf(user.keyData), textOf(user.password)]) if (secret) mask(secret)
  if (user.username || user.password) {
    throw new UserError(
      `The user ${name} of the kubeconfig has a password, with which Kubernetes lets nobody in.`,
      {
        next: 'Fetch the kubeconfig anew (az aks get-credentials).',
        docs: 'troubleshooting.md#the-kubeconfig',
      },
    )
  }
  const tokenFile = textOf(raw.tokenFile)
  return {
    name,
    folder: user.folder,
    headers: impersonation(user),
    ...(await readKeyPair(user, mask)),
    ...(tokenFile !== undefined && { tokenFile: resolve(user.folder, tokenFile) }),
    ...(token !== undefined && { token }),
    ...(user.exec && { exec: user.exec as unknown }),
    ...(user.authProvider && { authProvider: user.authProvider as unknown }),
  }
}

async function readKeyPair(user: UserEntry, mask: Mask): Promise<Pick<ClusterUser, 'cert' | 'key'>> {
  const what = `client certificate of the user ${user.name}`
  const cert = await readPem(what, user.certData, user.certFile)
  const key = await readPem(`client key of the user ${user.name}`, user.keyData, user.keyFile)
  if (key !== undefined) mask(key.toString('utf8').trim())
  if (cert === undefined && key === undefined) return {}
  if (cert === undefined || key === undefined) {
    const half = cert ? 'a client certificate without its key' : 'a client key without its certificate'
    throw new UserError(`The user ${user.name} of the kubeconfig has ${half}.`, {
      next: 'Fetch the kubeconfig anew (az aks get-credentials).',
      docs: 'troubleshooting.md#the-kubeconfig',
    })
  }
  checkKeyPair(what, cert, key)
  return { cert, key }
}

function impersonation({ impersonateUser, raw }: UserEntry): Record<string, string | string[]> {
  const user = textOf(impersonateUser)
  if (user === undefined) return {}
  const uid = textOf(raw['as-uid'])
  const groups = Array.isArray(raw['as-groups']) ? raw['as-groups'].map(textOf) : []
  return {
    'impersonate-user': user,
    ...(uid !== undefined && { 'impersonate-uid': uid }),
    ...(groups.length > 0 && { 'impersonate-group': groups.filter((each) => each !== undefined) }),
  }
}
