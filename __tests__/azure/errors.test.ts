import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ArmError, errorOf } from '../../src/azure/arm-error.ts'
import { azureCloud } from '../../src/azure/clouds.ts'
import { explainArm } from '../../src/azure/errors.ts'
import { UserError } from '../../src/errors.ts'
import { type SmallAzure, startAzure } from '../aks/azure/azure.ts'
import { connect, createRecorder, trust } from './support.ts'

const context = {
  failed: 'The cluster shop cannot be read',
  cloud: azureCloud('public', {}),
  proxyFor: () => undefined,
  identity: 'application x',
}

function explained(code: string, status: number | undefined, message = 'it is so'): UserError {
  const error = explainArm(new ArmError(message, { call: 'GET /x', code, status, requestId: 'r-1' }), context)
  if (!(error instanceof UserError)) throw new Error('this must become a UserError')
  return error
}

describe('a refusal of ARM', () => {
  test.each([
    [
      'AuthenticationFailed',
      401,
      /does not accept the token of application x/,
      /tenant-id .*azure-cloud \(public\).*clock/,
    ],
    ['InvalidAuthenticationTokenTenant', 401, /does not accept the token/, /tenant of the subscription/],
    ['SubscriptionNotFound', 404, /it is so/, /subscription-id, and that application x has a role in it/],
    ['ResourceGroupNotFound', 404, /it is so/, /not the MC_ group/],
    ['ResourceNotFound', 404, /it is so/, /cluster-name/],
    ['TooManyRequests', 429, /limits the number of requests/, /in a few minutes/],
    ['OperationNotAllowed', 409, /it is so/, /provisioningState/],
    [
      'RequestDisallowedByPolicy',
      403,
      /a policy or lock of the subscription forbids it: it is so/,
      /exemption/,
    ],
    ['ScopeLocked', 409, /a policy or lock/, /exemption/],
    ['SomethingNew', 418, /it is so \(SomethingNew 418\)/, /request id r-1/],
    ['HTTP 403', 403, /application x is refused: it is so/, /Assign it a role/],
    ['HTTP 401', 401, /does not accept the token/, /clock/],
    ['ENOTFOUND', undefined, /cannot be reached|it is so \(ENOTFOUND\)/, /./],
  ] as const)('%s with %p says what happened and what to do', (code, status, message, next) => {
    const error = explained(code, status)
    expect(error.message).toMatch(/^(The cluster shop cannot be read: |Azure Resource Manager \()/)
    expect(error.message).toMatch(message)
    expect(error.next).toMatch(next)
    expect(error.cause).toBeInstanceOf(ArmError)
  })

  test('of a right names the action, where it is missing, and the role that the documentation gives for it', () => {
    const said =
      "The client 'c' with object id 'o' does not have authorization to perform action 'Microsoft.ContainerService/managedClusters/listClusterUserCredential/action' over scope '/subscriptions/s/x' or the scope is invalid."
    const error = explained('AuthorizationFailed', 403, said)
    expect(error.message).toBe(
      'The cluster shop cannot be read: application x lacks the right Microsoft.ContainerService/managedClusters/listClusterUserCredential/action on /subscriptions/s/x.',
    )
    expect(error.next).toMatch(
      /^Assign it "Azure Kubernetes Service Cluster User Role" on the cluster .*--scope \/subscriptions\/s\/x/,
    )
  })

  test('of a right that no known role has names the action alone', () => {
    const said =
      "does not have authorization to perform action 'Microsoft.Monitor/accounts/write' over scope '/subscriptions/s'"
    expect(explained('AuthorizationFailed', 403, said).next).toMatch(
      /^Assign it a role with Microsoft\.Monitor\/accounts\/write/,
    )
  })

  test('is told from a bug, which stays what it is', () => {
    const bug = new TypeError('x is not a function')
    expect(explainArm(bug, context)).toBe(bug)
  })
})

describe('the body of a refusal', () => {
  test.each([
    [{ error: { code: 'A', message: 'b' } }, { code: 'A', message: 'b' }],
    [
      { code: 'A', message: 'b' },
      { code: 'A', message: 'b' },
    ],
    [
      { error: { code: 'A', message: 'b', details: [{ message: 'c' }, { message: 'b' }] } },
      { code: 'A', message: 'b c' },
    ],
    [{ error: { message: 'b' } }, { code: 'Unknown', message: 'b' }],
    [{ error: 'text' }, undefined],
    [undefined, undefined],
    ['<html>', undefined],
  ])('%j is read as far as it goes', (body, expected) => {
    expect(errorOf(body)).toEqual(expected)
  })

  test('is cut when it is a book', () => {
    expect(errorOf({ error: { code: 'A', message: 'x'.repeat(10_000) } })?.message.length).toBe(2000)
  })
})

describe('a run that ARM does not serve', () => {
  let azure: SmallAzure

  beforeAll(async () => {
    azure = await startAzure()
    trust(azure.ca.certificate)
  })

  afterAll(async () => azure.stop())

  test('is throttled: it waits, says so, and goes on', async () => {
    azure.misbehave({ which: 'arm', times: 1, do: { status: 429, headers: { 'retry-after': '1' } } })
    const recorder = createRecorder()
    await connect(azure, {}, recorder)
    expect(recorder.lines.join('\n')).toMatch(/Azure answered 429 to GET .*, which asks to wait 1 s/)
  })

  test('is throttled for good: it says so', async () => {
    azure.misbehave({
      which: 'arm',
      path: /managedClusters/,
      times: 4,
      do: { status: 429, headers: { 'retry-after': '0' } },
    })
    await expect(connect(azure)).rejects.toThrow(/limits the number of requests/)
  })

  test('has a token of another cloud: the token and the cloud are named', async () => {
    azure.directory.armAudiences.add('https://management.usgovcloudapi.net')
    azure.directory.armAudiences.delete(azure.armEndpoint)
    await expect(connect(azure)).rejects.toMatchObject({
      message: expect.stringMatching(/AADSTS500011/),
      next: expect.stringMatching(/azure-cloud/),
    })
    azure.directory.armAudiences.add(azure.armEndpoint)
  })

  test('finds nobody at the address of ARM: the host is named', async () => {
    const gone = await startAzure()
    trust(gone.ca.certificate)
    gone.misbehave({ which: 'arm', do: 'reset' })
    await expect(connect(gone)).rejects.toMatchObject({
      message: expect.stringMatching(
        /^Azure Resource Manager \(127\.0\.0\.1:\d+\) cannot be reached: the connection is cut/,
      ),
      next: expect.stringMatching(/HTTPS_PROXY/),
    })
    await gone.stop()
  })
})
