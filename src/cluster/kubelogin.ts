/** How an entry of a kubeconfig wants to sign in to Entra ID. */
export interface KubeloginEntry {
  /** kubelogin's `--login`, lower case; `devicecode` is its default. */
  login: string
  /** The section as it stands in the kubeconfig: for the Azure side, which reads the rest of it. */
  section: unknown
}

/**
 * Recognises what az writes into the kubeconfig of a cluster with Entra ID: an `exec` section that starts
 * kubelogin, or the older `auth-provider: azure`. Undefined for everything else, among it the other program
 * of that name (for any OpenID provider), and proof-of-possession tokens, which are no bearer tokens.
 */
export function kubeloginEntry(user: { exec?: unknown; authProvider?: unknown }): KubeloginEntry | undefined {
  if (isRecord(user.authProvider) && user.authProvider.name === 'azure') {
    return { login: 'devicecode', section: user.authProvider }
  }
  if (!isRecord(user.exec) || typeof user.exec.command !== 'string') return undefined
  if (!/(^|[/\\])kubelogin(\.exe)?$/i.test(user.exec.command)) return undefined
  const args = Array.isArray(user.exec.args) ? user.exec.args.filter((each) => typeof each === 'string') : []
  const foreign = args.some((each) => /^--(oidc-|pop-enabled|pop-claims)/.test(each))
  if (!args.includes('get-token') || foreign) return undefined
  return { login: loginOf(args, user.exec.env), section: user.exec }
}

function loginOf(args: string[], env: unknown): string {
  const at = args.findIndex((each) => /^(-l|--login)(=|$)/.test(each))
  const given = args[at]?.includes('=') ? args[at].split('=')[1] : args[at + 1]
  const variable = Array.isArray(env)
    ? (env as unknown[]).find((each) => isRecord(each) && each.name === 'AAD_LOGIN_METHOD')
    : undefined
  const value = at >= 0 ? given : isRecord(variable) ? variable.value : undefined
  return typeof value === 'string' ? value.toLowerCase() : 'devicecode'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
