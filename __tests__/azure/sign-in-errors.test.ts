import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { azureCloud, type Environment } from '../../src/azure/clouds.ts'
import { signIn } from '../../src/azure/identity.ts'
import { UserError } from '../../src/errors.ts'
import { type SmallAzure, startAzure } from '../aks/azure/azure.ts'
import { connect, depsFor, identityOptions, trust } from './support.ts'

const OTHER = 'cccccccc-bbbb-cccc-dddd-eeeeeeeeeeee'

let azure: SmallAzure

beforeAll(async () => {
  azure = await startAzure()
  trust(azure.ca.certificate)
})

afterAll(async () => azure.stop())

async function refusal(work: Promise<unknown>): Promise<UserError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof UserError))
    throw new Error('this must be refused with a UserError', { cause: error })
  return error
}

describe('a sign-in that Entra ID refuses', () => {
  test('names the application that the tenant does not have', async () => {
    const error = await refusal(connect(azure, { clientId: OTHER }))
    expect(error.message).toBe(
      `There is no application ${OTHER} in the tenant ${azure.tenantId} (AADSTS700016)`,
    )
    expect(error.next).toMatch(/client-id .*tenant-id/)
  })

  test('names the tenant that there is not, and the cloud', async () => {
    const error = await refusal(connect(azure, { tenantId: OTHER }))
    expect(error.message).toBe(`Entra ID does not know the tenant ${OTHER} (AADSTS90002)`)
    expect(error.next).toMatch(/tenant-id and azure-cloud/)
  })

  test('gives the values of the federated credential that is missing for the subject of this job', async () => {
    azure.job.subject = 'repo:octo/shop:pull_request'
    const error = await refusal(connect(azure)).finally(() => delete azure.job.subject)
    expect(error.message).toMatch(/no federated credential for this job \(AADSTS700213\)/)
    expect(error.next).toContain('subject:  repo:octo/shop:pull_request')
    expect(error.next).toContain('issuer:   https://token.actions.githubusercontent.com')
    expect(error.next).toContain('audience: api://AzureADTokenExchange')
  })

  test('gives them for another audience too', async () => {
    const error = await refusal(connect(azure, { oidcAudience: 'api://other' }))
    expect(error.message).toMatch(/AADSTS700212/)
    expect(error.next).toContain('audience: api://other')
  })

  test('points to the clock when the identity token is not valid now', async () => {
    azure.job.tokenSeconds = -10
    const error = await refusal(connect(azure)).finally(() => delete azure.job.tokenSeconds)
    expect(error.message).toMatch(/not valid at this time \(AADSTS700024\)/)
  })

  test('passes on the text of a refusal that is not known here, with the page that explains it', async () => {
    const body = {
      error: 'invalid_request',
      error_description: 'AADSTS999999: Something new. Trace ID: 1 Correlation ID: 2 Timestamp: 3',
    }
    azure.misbehave({ which: 'entra', method: 'POST', times: 1, do: { status: 400, body } })
    const error = await refusal(connect(azure))
    expect(error.message).toContain('AADSTS999999: Something new.')
    expect(error.message).not.toContain('Trace ID')
    expect(error.next).toContain('login.microsoftonline.com/error?code=999999')
  })

  test('keeps the refusal as its cause', async () => {
    const error = await refusal(connect(azure, { clientId: OTHER }))
    expect(String(error.cause)).toContain('was not found in the directory')
  })
})

describe('a sign-in that does not get through', () => {
  const cloudWith = (environment: Environment, authorityHost: string) => ({
    ...azureCloud('public', environment),
    authorityHost,
  })

  test('ends when the run is cancelled while Entra ID hangs', async () => {
    azure.misbehave({ which: 'entra', method: 'POST', times: 1, do: { delayMs: 500 } })
    const controller = new AbortController()
    const environment = azure.environment()
    const tried = signIn(identityOptions(azure, environment), depsFor(environment), controller.signal)
    setTimeout(() => controller.abort(new Error('cancelled')), 100)
    await expect(tried).rejects.toThrow('cancelled')
  })

  test('names the host that does not answer', async () => {
    const environment = azure.environment()
    const options = identityOptions(azure, environment, {
      cloud: cloudWith(environment, 'https://127.0.0.1:9'),
    })
    const error = await refusal(signIn(options, depsFor(environment)))
    expect(error.message).toBe(
      'Entra ID (127.0.0.1:9) cannot be reached: the connection is refused (ECONNREFUSED).',
    )
    expect(error.next).toMatch(/HTTPS_PROXY/)
  })

  test('names a proxy that does not answer, without the password in it, which proves that it is used', async () => {
    const proxy = 'http://me:hidden@127.0.0.1:9'
    process.env.HTTPS_PROXY = proxy
    const environment = { ...azure.environment(), HTTPS_PROXY: proxy }
    const options = identityOptions(azure, environment)
    const error = await refusal(signIn(options, depsFor(environment))).finally(
      () => delete process.env.HTTPS_PROXY,
    )
    expect(error.message).toMatch(
      /cannot be reached through the proxy 127\.0\.0\.1:9: the connection is refused/,
    )
    expect(`${error.message}${error.next}`).not.toContain('hidden')
  })

  test('names the way to trust a certificate authority of a proxy that opens TLS', async () => {
    const other = await startAzure({ tenantId: azure.tenantId })
    const environment = azure.environment()
    const options = identityOptions(azure, environment, { cloud: cloudWith(environment, other.entra) })
    const error = await refusal(signIn(options, depsFor(environment)))
    await other.stop()
    expect(error.message).toMatch(/certificate of Entra ID .* is not trusted/)
    expect(error.next).toContain('NODE_EXTRA_CA_CERTS')
  })

  test('comes back by itself from an error of the server that passes', async () => {
    azure.misbehave({ which: 'entra', method: 'POST', times: 1, do: { status: 503 } })
    await expect(connect(azure)).resolves.toBeDefined()
  })

  test('says that the runner gives no identity token when it does not', async () => {
    azure.misbehave({ which: 'oidc', times: 1, do: { status: 403, body: { message: 'no' } } })
    const error = await refusal(connect(azure))
    expect(error.message).toMatch(/^The runner gave no identity token for this job/)
    expect(error.next).toContain('permissions: id-token: write')
  })
})
