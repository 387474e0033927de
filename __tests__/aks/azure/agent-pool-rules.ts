import { isDeepStrictEqual } from 'node:util'
import { ArmRefusal, type ArmRequest } from './arm.ts'
import type { Resource } from './resources.ts'

/** What AKS refuses of a change of an agent pool, in its words. */

export function propertiesOf({ body }: Resource): Record<string, unknown> {
  return body.properties as Record<string, unknown>
}

/** Properties that a pool has for as long as it lives. */
const IMMUTABLE = [
  'vmSize',
  'osType',
  'osSKU',
  'osDiskSizeGB',
  'maxPods',
  'type',
  'vnetSubnetID',
  'podSubnetID',
  'availabilityZones',
  'scaleSetPriority',
  'enableFIPS',
  'enableNodePublicIP',
]

export function checkUnchanged(before: Record<string, unknown>, after: Record<string, unknown>): void {
  for (const field of IMMUTABLE) {
    if (!(field in after) || isDeepStrictEqual(after[field], before[field])) continue
    const text = `Changing property 'properties.${field}' is not allowed.`
    throw new ArmRefusal(400, 'PropertyChangeNotAllowed', text)
  }
}

export function notChangeable(): ArmRefusal {
  return new ArmRefusal(
    400,
    'CustomKubeletConfigOrCustomLinuxOSConfigCanNotBeChanged',
    'CustomKubeletConfig or CustomLinuxOSConfig can not be changed for this operation.',
  )
}

export function checkConditions({ headers, path }: ArmRequest, present: Resource | undefined): void {
  const { 'if-match': match, 'if-none-match': none } = headers
  if ((none === '*' && present !== undefined) || (match !== undefined && match !== present?.etag)) {
    throw new ArmRefusal(
      412,
      'PreconditionFailed',
      `The precondition given in one of the request headers evaluated to false for ${path}.`,
    )
  }
}

export function checkFree(cluster: Resource, pool: Resource | undefined): void {
  for (const resource of [cluster, pool]) {
    const state = resource === undefined ? 'Succeeded' : String(propertiesOf(resource).provisioningState)
    if (/^(Succeeded|Failed|Canceled)$/.test(state)) continue
    throw new ArmRefusal(
      409,
      'OperationNotAllowed',
      `Operation is not allowed: Another operation (${state}) is in progress, please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details`,
    )
  }
}
