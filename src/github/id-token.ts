import * as core from '@actions/core'
import { HttpClient } from '@actions/http-client'
import { BearerCredentialHandler } from '@actions/http-client/lib/auth'

/** The runner answers at once; what takes longer is lost. */
const TIMEOUT_MS = 15_000

/**
 * Asks the runner for the job's identity token. As `core.getIDToken`, but loaded only by those who need it:
 * the HTTP client behind it costs every run a tenth of its start-up. Proxies of the environment are used.
 *
 * @param audience whom the token is for.
 * @throws Error when the runner refuses; the message holds no token.
 */
export async function idToken(audience: string): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = process.env
  if (!url || !token) throw new Error('the job has no permission to ask for an identity token')
  const client = new HttpClient('aks-connection-health', [new BearerCredentialHandler(token)], {
    allowRetries: true,
    maxRetries: 5,
    socketTimeout: TIMEOUT_MS,
  })
  const address = new URL(url)
  address.searchParams.set('audience', audience)
  const { statusCode, result } = await client.getJson<{ value?: unknown }>(address.href)
  client.dispose()
  const value = result?.value
  if (typeof value !== 'string' || value === '') {
    throw new Error(`the runner answered ${statusCode} without an identity token`)
  }
  core.setSecret(value)
  return value
}
