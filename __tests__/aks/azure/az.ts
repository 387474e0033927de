import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Application } from './types.ts'

/** What `az` finds when it is asked for a token. */
export type AzSession =
  | { as: Application; tenantId: string; authority: string; caFile: string }
  | 'logged-out'
  | 'outlived'
  | 'hangs'

/**
 * Puts a program `az` into a folder, for a PATH: it knows `account get-access-token` and has a session, which
 * it holds by the application's secret.
 */
export async function installAz(folder: string, session: AzSession): Promise<string> {
  const path = join(folder, 'az')
  await writeFile(path, typeof session === 'string' ? silent(session) : signedIn(session))
  await chmod(path, 0o755)
  return path
}

function silent(session: 'logged-out' | 'outlived' | 'hangs'): string {
  if (session === 'hangs') return '#!/bin/sh\nexec sleep 600\n'
  const said =
    session === 'logged-out'
      ? "ERROR: Please run 'az login' to setup account."
      : 'ERROR: AADSTS700024: Client assertion is not within its valid time range. Current time: 2026-11-26T03:20:00Z, assertion valid from 2026-11-26T03:00:00Z, expiry time of assertion 2026-11-26T03:05:00Z. Trace ID: x Correlation ID: y Timestamp: z\nInteractive authentication is needed. Please run:\naz login --scope https://management.core.windows.net//.default'
  return `#!/bin/sh\ncat >&2 <<'END'\n${said}\nEND\nexit 1\n`
}

function signedIn({ as, tenantId, authority, caFile }: Exclude<AzSession, string>): string {
  const form = {
    client_id: as.clientId,
    client_secret: as.secret ?? '',
    grant_type: 'client_credentials',
  }
  return `#!${process.execPath}
const { readFileSync } = require('node:fs')
const { request } = require('node:https')
const words = process.argv.slice(2)
const option = (name) => words[words.indexOf(name) + 1]
if (words[0] !== 'account' || words[1] !== 'get-access-token' || !words.includes('--resource')) {
  console.error('ERROR: unrecognized arguments: ' + words.join(' '))
  process.exit(2)
}
if (words.includes('--tenant') && option('--tenant') !== ${JSON.stringify(tenantId)}) {
  console.error('ERROR: the session has no tenant ' + option('--tenant'))
  process.exit(1)
}
const form = new URLSearchParams({ ...${JSON.stringify(form)}, scope: option('--resource') + '/.default' })
const sent = request(
  ${JSON.stringify(`${authority}/${tenantId}/oauth2/v2.0/token`)},
  { method: 'POST', ca: readFileSync(${JSON.stringify(caFile)}), headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'azure-cli' } },
  (answer) => {
    let text = ''
    answer.on('data', (chunk) => { text += chunk })
    answer.on('end', () => {
      const body = JSON.parse(text)
      if (answer.statusCode !== 200) {
        console.error('ERROR: ' + body.error_description)
        process.exit(1)
      }
      const at = Math.floor(Date.now() / 1000) + body.expires_in
      console.log(JSON.stringify({ accessToken: body.access_token, expiresOn: new Date(at * 1000).toISOString(), expires_on: at, tenant: ${JSON.stringify(tenantId)}, tokenType: 'Bearer' }))
    })
  },
)
sent.on('error', (error) => { console.error('ERROR: ' + error.message); process.exit(1) })
sent.end(form.toString())
`
}
