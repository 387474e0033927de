import { UserError } from '../errors.ts'
import { ArmError } from './arm-error.ts'
import type { AzureCloud } from './clouds.ts'
import { explainNetwork, type ProxyFor } from './network-errors.ts'

/** What a call to ARM was for, for messages. */
export interface ArmContext {
  /** `The cluster cannot be read`, `The credentials cannot be had`, … */
  failed: string
  cloud: AzureCloud
  proxyFor: ProxyFor
  /** Title of the identity that asks. */
  identity: string
}

const RIGHTS = 'azure.md#rights'
const TROUBLE = 'azure.md#troubleshooting'

/**
 * The built-in role that the documentation of AKS names for an action (control-kubeconfig-access), keys in
 * lower case. Actions that are not here are named alone.
 */
const ROLES: Record<string, string> = {
  'microsoft.containerservice/managedclusters/listclusterusercredential/action':
    'Azure Kubernetes Service Cluster User Role',
  'microsoft.containerservice/managedclusters/listclusteradmincredential/action':
    'Azure Kubernetes Service Cluster Admin Role',
}

/** The user error for a failed call to ARM; an error that is no refusal of ARM is given back as it is. */
export function explainArm(error: unknown, context: ArmContext): unknown {
  if (!(error instanceof ArmError)) return error
  if (error.status === undefined) {
    const url = new URL(context.cloud.armEndpoint)
    const target = { name: 'Azure Resource Manager', url, proxyFor: context.proxyFor }
    return explainNetwork(error, target) ?? unexplained(error, context)
  }
  const explain = EXPLANATIONS[error.code.toLowerCase()] ?? byStatus(error.status)
  return explain?.(error, context) ?? unexplained(error, context)
}

type Explanation = (error: ArmError, context: ArmContext) => UserError

const forbidden: Explanation = (error, context) => {
  const action = /perform action '([^']+)'/.exec(error.message)?.[1]
  const scope = /over scope '([^']+)'/.exec(error.message)?.[1]
  const role = action === undefined ? undefined : ROLES[action.toLowerCase()]
  const lacks = action === undefined ? `is refused: ${error.message}` : `lacks the right ${action}`
  const grant = role === undefined ? `a role with ${action ?? 'this action'}` : `"${role}"`
  return new UserError(
    `${context.failed}: ${context.identity} ${lacks}${scope === undefined ? '' : ` on ${scope}`}.`,
    {
      next: [
        `Assign it ${grant} on the cluster (az role assignment create --role … --scope ${scope ?? '<cluster id>'}).`,
        'A new assignment takes up to ten minutes. ARM says the same when the name of the cluster or group is wrong.',
      ].join(' '),
      docs: RIGHTS,
      cause: error,
    },
  )
}

const throttled: Explanation = (error, { failed }) =>
  new UserError(
    `${failed}: Azure Resource Manager limits the number of requests and still did after several tries.`,
    {
      next: 'Run again in a few minutes. Other jobs with the same identity or subscription count too.',
      docs: TROUBLE,
      cause: error,
    },
  )

const notAccepted: Explanation = (error, { failed, identity, cloud }) =>
  new UserError(
    `${failed}: Azure Resource Manager does not accept the token of ${identity}: ${error.message}`,
    {
      next: `Check that tenant-id is the tenant of the subscription and that azure-cloud (${cloud.name}) is its cloud; and the clock of the runner.`,
      docs: TROUBLE,
      cause: error,
    },
  )

const noSubscription: Explanation = (error, { failed, identity, cloud }) =>
  new UserError(`${failed}: ${error.message}`, {
    next: `Check subscription-id, and that ${identity} has a role in it: a subscription is not found where there is none. Its cloud must be azure-cloud (${cloud.name}).`,
    docs: TROUBLE,
    cause: error,
  })

const noGroup: Explanation = (error, { failed }) =>
  new UserError(`${failed}: ${error.message}`, {
    next: 'Check resource-group: it is the group of the cluster itself, not the MC_ group of its nodes. `az aks list -o table` shows both names.',
    docs: TROUBLE,
    cause: error,
  })

const noResource: Explanation = (error, { failed }) =>
  new UserError(`${failed}: ${error.message}`, {
    next: 'Check cluster-name. `az aks list -o table` shows the clusters of the subscription.',
    docs: TROUBLE,
    cause: error,
  })

const busy: Explanation = (error, { failed }) =>
  new UserError(`${failed}: ${error.message}`, {
    next: 'Wait until the operation that runs on the cluster has ended (`az aks show --query provisioningState`), then run again.',
    docs: TROUBLE,
    cause: error,
  })

const blocked: Explanation = (error, { failed }) =>
  new UserError(`${failed}: a policy or lock of the subscription forbids it: ${error.message}`, {
    next: 'Ask the owner of the subscription for an exemption.',
    docs: TROUBLE,
    cause: error,
  })

/** Keys in lower case: ARM and the services behind it do not agree on the case of codes. */
const EXPLANATIONS: Record<string, Explanation> = {
  authorizationfailed: forbidden,
  linkedauthorizationfailed: forbidden,
  authenticationfailed: notAccepted,
  invalidauthenticationtoken: notAccepted,
  invalidauthenticationtokentenant: notAccepted,
  invalidauthenticationtokenaudience: notAccepted,
  expiredauthenticationtoken: notAccepted,
  subscriptionnotfound: noSubscription,
  invalidsubscriptionid: noSubscription,
  subscriptionnotregistered: noSubscription,
  missingsubscriptionregistration: noSubscription,
  resourcegroupnotfound: noGroup,
  resourcenotfound: noResource,
  notfound: noResource,
  toomanyrequests: throttled,
  operationnotallowed: busy,
  requestdisallowedbypolicy: blocked,
  scopelocked: blocked,
}

function byStatus(status: number): Explanation | undefined {
  if (status === 401) return notAccepted
  if (status === 403) return forbidden
  if (status === 404) return noResource
  if (status === 429) return throttled
  return undefined
}

function unexplained(error: ArmError, { failed }: ArmContext): UserError {
  const status = error.status === undefined ? '' : ` ${error.status}`
  const request =
    error.requestId === undefined ? '' : ` Azure's support asks for the request id ${error.requestId}.`
  return new UserError(`${failed}: ${error.message} (${error.code}${status})`, {
    next: `Try again; if it stays so, look up ${error.code} in the documentation of AKS.${request}`,
    docs: TROUBLE,
    cause: error,
  })
}
