import { randomUUID } from 'node:crypto'
import { GITHUB_ISSUER, JOB_SUBJECT } from './directory.ts'
import { type Keys, seconds, signJwt } from './jwt.ts'
import type { Incoming, JobSpec, Reply } from './types.ts'

/** The runner's endpoint for a job's identity tokens. */
export function serveIdTokens(keys: Keys, requestToken: string, job: JobSpec): (request: Incoming) => Reply {
  return (request) => {
    if (request.headers.authorization?.toLowerCase() !== `bearer ${requestToken}`.toLowerCase()) {
      return { status: 401, body: { message: 'the request token is missing or wrong' } }
    }
    if (request.method !== 'GET' || request.query['api-version'] === undefined) {
      return { status: 400, body: { message: 'api-version is missing' } }
    }
    const audience = request.query.audience ?? 'https://github.com/octo'
    return { status: 200, body: { count: 1, value: jobToken(keys, audience, job) } }
  }
}

/** An identity token as a runner gives it. */
export function jobToken(keys: Keys, audience: string, job: JobSpec, issuer = GITHUB_ISSUER): string {
  const now = seconds()
  return signJwt(keys, {
    jti: randomUUID(),
    sub: job.subject ?? JOB_SUBJECT,
    aud: audience,
    iss: issuer,
    ref: 'refs/heads/main',
    repository: 'octo/shop',
    repository_owner: 'octo',
    runner_environment: 'github-hosted',
    nbf: now - 300,
    iat: now,
    exp: now + (job.tokenSeconds ?? 300),
  })
}
