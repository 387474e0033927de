import { UserError } from '../errors.ts'

/**
 * Stops a run that is about to act on another cluster than the one it is meant for. ARM ids do not differ by
 * case.
 * @param expected the input `expected-cluster-id`; '' lets everything pass.
 * @param actual the full resource id; undefined for a cluster that was reached without ARM.
 */
export function requireExpectedCluster(expected: string, actual: string | undefined): void {
  if (expected === '') return
  if (actual === undefined) {
    throw new UserError(
      'expected-cluster-id cannot be checked for a cluster that is named by a kubeconfig.',
      {
        next: 'Name the cluster by cluster-name, resource-group and subscription-id, or leave expected-cluster-id out.',
      },
    )
  }
  if (normal(expected) === normal(actual)) return
  throw new UserError(
    `This is not the cluster that expected-cluster-id names, so nothing is touched.\n  expected: ${expected}\n  found:    ${actual}`,
    { next: 'Correct cluster-name, resource-group and subscription-id, or expected-cluster-id.' },
  )
}

function normal(id: string): string {
  return `/${id.toLowerCase().split('/').filter(Boolean).join('/')}`
}
