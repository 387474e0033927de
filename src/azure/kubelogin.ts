import { record, text } from './arm-error.ts'
import type { AzureCloudName } from './clouds.ts'

/** Application id of the AKS API server in Entra ID, the same in all clouds. */
export const AKS_SERVER_ID = '6dae42f8-4368-4678-94ff-3960e28e3630'

/** Whether the `exec` section of a kubeconfig's user starts kubelogin, which is then served in this process. */
export function isKubelogin(exec: unknown): boolean {
  const command = text(record(exec)?.command) ?? ''
  return /(^|[/\\])kubelogin(\.exe)?$/i.test(command)
}

/** The server application in kubelogin's arguments, or in the older `auth-provider: azure` section. */
export function serverIdOf(section: unknown): string {
  const old = text(record(record(section)?.config)?.['apiserver-id'])
  const id = argument(section, '--server-id') ?? variable(section, 'AAD_SERVICE_PRINCIPAL_SERVER_ID') ?? old
  return id !== undefined && /^[\w.:/-]{1,200}$/.test(id) ? id : AKS_SERVER_ID
}

/** Scope of the tokens that the server application takes. */
export function scopeOf(serverId: string): string {
  return `${serverId}/.default`
}

/** The cloud in kubelogin's arguments; undefined when they do not say. */
export function cloudOf(exec: unknown): AzureCloudName | undefined {
  const name = (argument(exec, '--environment') ?? argument(exec, '-e'))?.toLowerCase()
  if (name === 'azurepubliccloud') return 'public'
  if (name === 'azureusgovernmentcloud' || name === 'azureusgovernment') return 'us-government'
  return name === 'azurechinacloud' ? 'china' : undefined
}

/** The tenant in kubelogin's arguments, or in the older section; undefined when they do not say. */
export function tenantOf(section: unknown): string | undefined {
  const old = text(record(record(section)?.config)?.['tenant-id'])
  const tenant = argument(section, '--tenant-id') ?? argument(section, '-t') ?? old
  return tenant !== undefined && /^[\w.-]{1,255}$/.test(tenant) ? tenant : undefined
}

function argument(section: unknown, name: string): string | undefined {
  const args = record(section)?.args
  if (!Array.isArray(args)) return undefined
  const words = args.filter((each) => typeof each === 'string')
  const at = words.indexOf(name)
  if (at >= 0) return words[at + 1]
  return words.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1)
}

function variable(section: unknown, name: string): string | undefined {
  const env = record(section)?.env
  const entries = Array.isArray(env) ? (env as unknown[]) : []
  return text(record(entries.find((each) => record(each)?.name === name))?.value)
}
