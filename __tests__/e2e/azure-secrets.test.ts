import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { requireJq } from '../support/require-jq.ts'
import { type AzureAks, azureCluster, checkAzure } from './azure-support.ts'
import type { CheckResult } from './support.ts'

jest.setTimeout(120_000)
requireJq()

interface Watched {
  aks: AzureAks
  run: CheckResult
  /** Every secret that was given out to the run, by the bed's own books. */
  secrets: string[]
}

/** Runs a check and keeps every token and key that Entra ID, the runner and ARM gave it. */
async function watched(inputs: Record<string, string>, env: Record<string, string> = {}): Promise<Watched> {
  const aks = await azureCluster(
    { clusters: [{ name: 'shop', private: true }] },
    {
      nodes: [
        { name: 'a', conntrackCount: 250_000 },
        { name: 'b', fault: { message: 'rubbish' } },
      ],
    },
  )
  const { directory } = aks.azure
  const secrets = ['small-runner-request-token']
  const issue = directory.issue.bind(directory)
  directory.issue = (application, scope) => {
    const issued = issue(application, scope)
    secrets.push(issued.token)
    return issued
  }
  const signIn = directory.signIn.bind(directory)
  directory.signIn = (proof) => {
    secrets.push(...[proof.assertion, proof.secret].filter((each) => each !== undefined))
    return signIn(proof)
  }
  const issueCertificate = aks.ca.issue.bind(aks.ca)
  const issueWatched: typeof aks.ca.issue = (subject) => {
    const issued = issueCertificate(subject)
    secrets.push(Buffer.from(issued.key).toString('base64'))
    return issued
  }
  Object.assign(aks.ca, { issue: issueWatched })
  const run = await checkAzure(aks, inputs, { env: { RUNNER_DEBUG: '1', ...env } })
  return { aks, run, secrets: [...new Set(secrets)] }
}

/** Where nothing secret may stand. The log is without the commands that mask, which hold secrets to hide them. */
function places({ run, aks }: Watched): Record<string, string> {
  return {
    log: run.log.replaceAll(/^::add-mask::.*$/gm, ''),
    'log of the post step': (run.post?.log ?? '').replaceAll(/^::add-mask::.*$/gm, ''),
    summary: run.summary,
    report: JSON.stringify(run.report),
    outputs: JSON.stringify(run.outputs),
    state: JSON.stringify(run.state),
    'objects of the cluster': JSON.stringify(aks.requests.map(({ body }) => body)),
    'addresses that were asked for': JSON.stringify(aks.requests.map(({ path, query }) => [path, query])),
  }
}

/** What must not be told of a token: all of it, and the part that is its signature. */
const partsOf = (secret: string) => [secret, secret.split('.')[2] ?? secret].filter((part) => part !== '')

describe.each([
  ['by OIDC, directly', { 'private-cluster': 'direct' }, {}],
  ['by OIDC, with run command', { 'private-cluster': 'run-command' }, {}],
  ['by OIDC, as administrator', { 'private-cluster': 'direct', admin: 'true' }, {}],
])('a run that signs in %s', (_how, inputs, env) => {
  let seen: Watched

  beforeAll(async () => {
    seen = await watched({ 'summary-style': 'full', ...inputs }, env)
  })
  afterAll(async () => {
    await seen.aks[Symbol.asyncDispose]()
  })

  test('is given secrets, and comes to a verdict', () => {
    expect(seen.secrets.length).toBeGreaterThan(2)
    expect(seen.run.outputs.verdict).toBe('critical')
  })

  test('tells none of them, anywhere', () => {
    for (const [place, text] of Object.entries(places(seen))) {
      const told = seen.secrets.flatMap(partsOf).filter((part) => text.includes(part))
      expect([place, told]).toEqual([place, []])
    }
  })

  test('has each of them masked by the runner', () => {
    const masked = [...seen.run.log.matchAll(/^::add-mask::(.*)$/gm)].map(([, secret = '']) => secret)
    // The runner itself masks what it puts into the environment.
    const [, ...given] = seen.secrets
    expect(given.filter((secret) => !masked.includes(secret))).toEqual([])
  })
})

describe('a run that signs in with a client secret', () => {
  test('tells neither the secret nor a token', async () => {
    const aks = await azureCluster({
      applications: [
        { clientId: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', secret: 'S3cret~of.the-application' },
      ],
    })
    const run = await checkAzure(
      aks,
      { 'client-id': '', 'tenant-id': '' },
      {
        env: {
          AZURE_TENANT_ID: aks.azure.tenantId,
          AZURE_CLIENT_ID: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
          AZURE_CLIENT_SECRET: 'S3cret~of.the-application',
          PATH: process.env.PATH?.split(':')
            .filter((folder) => !/azure/i.test(folder))
            .join(':'),
        },
      },
    )
    await aks[Symbol.asyncDispose]()
    expect(run.outputs.verdict).toBe('healthy')
    expect(run.log).toContain('::add-mask::S3cret~of.the-application')
    for (const text of Object.values(places({ run, aks, secrets: [] })))
      expect(text).not.toContain('S3cret~of.the-application')
  })
})
