import { UserError } from '../errors.ts'
import type { KubeError } from './kube-api.ts'

/** A right that the API server says its caller does not have. */
export interface MissingRight {
  user: string
  verb: string
  /** With its subresource: `pods`, `pods/eviction`. */
  resource: string
  /** '' is the core group. */
  group: string
  /** Undefined at the cluster scope. */
  namespace: string | undefined
}

/**
 * The right that a 403 is about. Undefined for other errors, also for a 403 by which admission refused an
 * object (Pod Security, quota, a policy): rights do not help there.
 */
export function missingRight(error: KubeError): MissingRight | undefined {
  if (error.status !== 403) return undefined
  // The sentence of k8s.io/apiserver's responsewriters; the user's name is quoted as Go does.
  const said =
    /User "((?:[^"\\]|\\.)*)" cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/.exec(
      error.message,
    )
  if (said === null) return undefined
  const [, user = '', verb = '', resource = '', group = '', namespace] = said
  return { user, verb, resource, group, namespace }
}

/** `pods/create in "kube-system"`, `deployments.apps/patch in all namespaces`. */
export function rightName({ verb, resource, group, namespace }: MissingRight): string {
  const kind = group === '' ? resource : `${resource}.${group}`
  return `${kind}/${verb} ${namespace === undefined ? 'in the whole cluster' : `in "${namespace}"`}`
}

/** Says which right is missing and what to apply; undefined when the error is not about a right. */
export function explainForbidden(error: KubeError): UserError | undefined {
  const right = missingRight(error)
  if (right === undefined) return undefined
  if (right.user === 'system:anonymous') return refusedCredentials(error, 'it takes the caller for nobody')
  const byAzure = /Azure/.test(error.message)
  return new UserError(`The user ${JSON.stringify(right.user)} lacks the right ${rightName(right)}.`, {
    next: byAzure ? azureAdvice(right) : rbacAdvice(right),
    docs: 'permissions.md',
    cause: error,
  })
}

function azureAdvice({ namespace }: MissingRight): string {
  const scope = namespace === undefined ? 'the cluster' : 'the cluster, or the namespace in it,'
  return `The cluster uses Azure RBAC for Kubernetes: assign the identity a role for ${scope}, e.g. Azure Kubernetes Service RBAC Cluster Admin, or a custom role with the data actions that the documentation lists. It takes some minutes to work.`
}

function rbacAdvice({ user, verb, resource, group, namespace }: MissingRight): string {
  const kind = namespace === undefined ? 'clusterrole' : 'role'
  const where = namespace === undefined ? '' : ` --namespace ${quote(namespace)}`
  const name = quote(`aks-connection-health-${verb}-${resource.replaceAll('/', '-')}`)
  const [plural = '', subresource] = resource.split('/')
  const full = [group === '' ? plural : `${plural}.${group}`, subresource].filter(Boolean).join('/')
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user)
  const subject = account
    ? `--serviceaccount ${quote(`${account[1]}:${account[2]}`)}`
    : `--user ${quote(user)}`
  return [
    'Apply the roles that the documentation lists, or give this one right:',
    `kubectl create ${kind} ${name}${where} --verb ${quote(verb)} --resource ${quote(full)}`,
    `kubectl create ${kind}binding ${name}${where} --${kind} ${name} ${subject}`,
  ].join('\n')
}

/** A word for a shell. What the cluster says is not trusted, so anything unusual is quoted. */
function quote(word: string): string {
  return /^[\w.:/@=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** Says why the API server does not know the caller; undefined when the error is no 401. */
export function explainUnauthorized(error: KubeError): UserError | undefined {
  return error.status === 401 ? refusedCredentials(error, '401 Unauthorized') : undefined
}

function refusedCredentials(error: KubeError, why: string): UserError {
  return new UserError(`The API server does not accept the credentials (${why}).`, {
    next: 'A token or certificate in a kubeconfig may be missing, have ended, or be older than the last rotation of the certificates of the cluster: fetch it anew (az aks get-credentials) or renew the secret that holds it. With Entra ID, check that the identity is of the tenant of the cluster.',
    docs: 'troubleshooting.md#401-unauthorized',
    cause: error,
  })
}
