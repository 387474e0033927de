import { KubeError } from '../cluster/kube-api.ts'
import { messageOf } from '../errors.ts'
import { plain } from './plain-text.ts'

/** Why the API server did not do something, for people. */
export interface Refusal {
  why: string
  next: string
  /**
   * Whether the same would come for every node: `all` surely, `maybe` if the first few all got it, `one`:
   * it says nothing about the others.
   */
  alike: 'all' | 'maybe' | 'one'
}

/** Why a pod was not created. */
export function refusalOf(error: unknown, namespace: string): Refusal {
  // Without the name of the pod, so that the same refusal of all nodes is told once.
  const text = plain(messageOf(error), 1000).replace(/\bpods? "ach-[\w-]+" is (forbidden|invalid): /i, '')
  if (!(error instanceof KubeError))
    return { why: `its pod could not be created: ${text}`, next: callNext, alike: 'one' }
  return known(error, namespace, text) ?? unanswered(error, text)
}

function known(error: KubeError, namespace: string, text: string): Refusal | undefined {
  const { status } = error
  if (status === 401) {
    return {
      why: `the API server does not accept the credentials any more: ${text}`,
      next: 'Give the run credentials that last longer than it takes; a token that was fetched earlier in the job may have ended.',
      alike: 'all',
    }
  }
  if (status === 404) {
    const why = `the namespace ${JSON.stringify(namespace)} does not exist`
    return { why, next: 'Create it, or name another one in the input "namespace".', alike: 'all' }
  }
  if (/denied the request|ValidatingAdmissionPolicy|\[denied by|azurepolicy/i.test(text)) {
    const seen = /host ?PID|host process ID/i.test(text)
      ? ' Only pod-detail needs hostPID: without it the nodes are still read.'
      : ''
    const next = `Exempt the label app.kubernetes.io/managed-by=aks-connection-health or the namespace ${JSON.stringify(namespace)} from that policy, or name another namespace in the input "namespace".${seen}`
    return { why: `a policy of the cluster refused the pod: ${text}`, next, alike: 'maybe' }
  }
  if (status === 403) return forbidden(namespace, text)
  if (status === 422 || status === 400) {
    const next = 'The API server does not take the pod as it is; its words say which field.'
    return { why: `the API server refused the pod: ${text}`, next, alike: 'maybe' }
  }
  return undefined
}

function forbidden(namespace: string, text: string): Refusal {
  const here = JSON.stringify(namespace)
  if (/violates PodSecurity/.test(text)) {
    const next = `Label a namespace with pod-security.kubernetes.io/enforce=privileged and name it in the input "namespace"; kube-system usually has no such limit. The pod needs the host's network.`
    return { why: `the Pod Security level of namespace ${here} refused the pod: ${text}`, next, alike: 'all' }
  }
  if (/exceeded quota|failed quota|maximum .* usage per|minimum .* usage per/.test(text)) {
    const next = `Make room in the quota or limit range of namespace ${here}, or name another one in the input "namespace".`
    return { why: `a quota or limit of namespace ${here} refused the pod: ${text}`, next, alike: 'all' }
  }
  if (/being terminated/.test(text)) {
    const next = 'Name another namespace in the input "namespace".'
    return { why: `the namespace ${here} is being deleted`, next, alike: 'all' }
  }
  if (/error looking up service account/.test(text)) {
    const next = 'A new namespace gets its default service account within seconds; run again.'
    return { why: `the namespace ${here} has no default service account: ${text}`, next, alike: 'all' }
  }
  return lacksRight('create', namespace, text)
}

/** A right that the user does not have, named as `verb resource in "namespace"`. */
export function lacksRight(verb: string, namespace: string, text: string): Refusal {
  const right = `pods/${verb} in "${namespace}"`
  return {
    why: `no right to ${right}: ${plain(text, 1000)}`,
    next: `Give the user of the action ${right}: a Role with apiGroups [""], resources ["pods"], verbs ["create", "list", "watch", "delete", "deletecollection"].`,
    alike: 'all',
  }
}

const callNext = 'Look whether the API server is reachable and not overloaded, and run again.'

function unanswered(error: KubeError, text: string): Refusal {
  const why =
    error.status === undefined
      ? `the API server was not reached: ${text}`
      : `the API server did not create its pod: ${text}`
  return { why, next: callNext, alike: 'one' }
}
