import { UserError } from '../errors.ts'

export type AzureCloudName = 'public' | 'us-government' | 'china'

/** All that differs between Azure clouds, together, so that no part can be forgotten. */
export interface AzureCloud {
  name: AzureCloudName
  /** Origin of the Entra ID endpoint, without a slash at the end. */
  authorityHost: string
  /** Origin of Azure Resource Manager, without a slash at the end. */
  armEndpoint: string
  /** Scope of tokens for Azure Resource Manager. */
  armScope: string
  /** Audience that a federated credential expects in the OIDC token of a job, unless the user says otherwise. */
  oidcAudience: string
}

/** Variables that a process may have; `process.env` is one. */
export type Environment = Record<string, string | undefined>

const CLOUDS: Record<AzureCloudName, AzureCloud> = {
  public: {
    name: 'public',
    authorityHost: 'https://login.microsoftonline.com',
    armEndpoint: 'https://management.azure.com',
    armScope: 'https://management.azure.com/.default',
    oidcAudience: 'api://AzureADTokenExchange',
  },
  'us-government': {
    name: 'us-government',
    authorityHost: 'https://login.microsoftonline.us',
    armEndpoint: 'https://management.usgovcloudapi.net',
    armScope: 'https://management.usgovcloudapi.net/.default',
    oidcAudience: 'api://AzureADTokenExchangeUSGov',
  },
  china: {
    name: 'china',
    authorityHost: 'https://login.chinacloudapi.cn',
    armEndpoint: 'https://management.chinacloudapi.cn',
    armScope: 'https://management.chinacloudapi.cn/.default',
    oidcAudience: 'api://AzureADTokenExchangeChina',
  },
}

/**
 * The endpoints of a cloud. A cloud that has its own (Azure Stack, an air-gapped one) names them in the
 * environment: `AZURE_AUTHORITY_HOST` as all Azure SDKs read it, `AZURE_RESOURCE_MANAGER_ENDPOINT`, and
 * `AZURE_RESOURCE_MANAGER_AUDIENCE` where tokens are issued for another name than the endpoint's.
 * @throws UserError when one of them is not an https address, or contradicts the cloud that was asked for.
 */
export function azureCloud(name: AzureCloudName, environment: Environment): AzureCloud {
  const cloud = CLOUDS[name]
  const authorityHost = origin('AZURE_AUTHORITY_HOST', environment)
  const armEndpoint = origin('AZURE_RESOURCE_MANAGER_ENDPOINT', environment)
  const audience = environment.AZURE_RESOURCE_MANAGER_AUDIENCE?.trim().replace(/\/+$/, '')
  rejectOtherCloud(cloud, authorityHost)
  const scope = audience || armEndpoint
  return {
    ...cloud,
    ...(authorityHost ? { authorityHost } : {}),
    ...(armEndpoint ? { armEndpoint } : {}),
    ...(scope ? { armScope: `${scope}/.default` } : {}),
  }
}

function origin(variable: string, environment: Environment): string | undefined {
  const value = environment[variable]?.trim()
  if (!value) return undefined
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') {
    throw new UserError(`The environment variable ${variable} is not an https address.`, {
      next: `Set ${variable} to an address such as https://login.microsoftonline.com, or unset it.`,
    })
  }
  return url.origin
}

/** A job that names one cloud's login host and another cloud's resources would fail later and less clearly. */
function rejectOtherCloud(cloud: AzureCloud, authorityHost: string | undefined): void {
  const owner = Object.values(CLOUDS).find((each) => each.authorityHost === authorityHost)
  if (owner === undefined || owner.name === cloud.name) return
  throw new UserError(
    `AZURE_AUTHORITY_HOST is ${owner.authorityHost}, which belongs to the cloud ${owner.name}, but azure-cloud is ${cloud.name}.`,
    { next: `Set the input azure-cloud: ${owner.name}, or unset AZURE_AUTHORITY_HOST.` },
  )
}
