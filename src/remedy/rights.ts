import { KubeError } from '../cluster/kube-api.ts'
import { causesOf, messageOf } from '../errors.ts'
import { plain } from '../node/plain-text.ts'

/** The Kubernetes rights that reading the nodes needs; every remedy reads them again. */
export function podRights(namespace: string): string[] {
  return [
    'nodes list',
    `pods create, list, watch and deletecollection in namespace ${namespace}`,
    `privileged pods with hostNetwork admitted in namespace ${namespace}`,
  ]
}

/** The Kubernetes rights that changing service policies needs. */
export const serviceRights = [
  'services get and patch in the namespaces of the services',
  'endpointslices.discovery.k8s.io list in the namespaces of the services',
  'nodes list',
]

/** The Kubernetes rights that the DaemonSet needs. */
export function daemonSetRights(namespace: string): string[] {
  return [
    `daemonsets.apps get, create, patch and delete in namespace ${namespace}`,
    'daemonsets.apps list in all namespaces',
    `pods list in namespace ${namespace}`,
    `events list in namespace ${namespace} (to say why pods are refused; it works without)`,
    `privileged pods with hostNetwork admitted in namespace ${namespace}`,
  ]
}

/**
 * Why a call to the API server failed, in one sentence. A refusal of a right names the verb, the resource and
 * the namespace, as the API server does.
 */
export function whyFailed(error: unknown): string {
  if (error instanceof KubeError && error.status === 403) {
    const denied =
      /cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/.exec(
        error.message,
      )
    if (denied) {
      const [, verb, resource, group, namespace] = denied
      const where = namespace === undefined ? 'at the cluster scope' : `in namespace ${namespace}`
      return `the right to ${verb} ${resource}${group ? `.${group}` : ''} ${where} is missing`
    }
  }
  return plain(causesOf(error)[0] ?? messageOf(error), 1000)
}
