import { describe, expect, test } from '@jest/globals'
import { createTokenSource, type ExpiringToken } from '../../src/azure/token-source.ts'

const HOUR = 3_600_000

/** A source of tokens with a clock that stands until it is moved. */
function bed(lifetime = HOUR) {
  const state = { now: 0, asked: 0, refusals: 0, failure: undefined as Error | undefined }
  const masked: string[] = []
  const failures: unknown[] = []
  const fetch = async (afterRefusal: boolean): Promise<ExpiringToken> => {
    state.asked += 1
    state.refusals += Number(afterRefusal)
    if (state.failure !== undefined) throw state.failure
    return { token: `token-${state.asked}`, expiresAt: state.now + lifetime }
  }
  const source = createTokenSource(fetch, {
    now: () => state.now,
    mask: (secret) => masked.push(secret),
    onRenewalFailed: (error) => failures.push(error),
  })
  return { state, source, masked, failures }
}

describe('a token source', () => {
  test('gives the same token until it nears its end, then a new one', async () => {
    const { state, source } = bed()
    expect((await source()).token).toBe('token-1')
    state.now = HOUR - 4 * 60_000 - 1
    expect((await source()).token).toBe('token-1')
    state.now += 1
    expect((await source()).token).toBe('token-2')
  })

  test('renews a short-lived token when a fifth of its life is left', async () => {
    const { state, source } = bed(10_000)
    await source()
    state.now = 7999
    expect((await source()).token).toBe('token-1')
    state.now = 8000
    expect((await source()).token).toBe('token-2')
  })

  test('does not give a token again that was refused before its end, and says so to whoever gave it', async () => {
    const { state, source } = bed()
    const { token } = await source()
    expect((await source(undefined, token)).token).toBe('token-2')
    expect(state.refusals).toBe(1)
  })

  test('asks once for callers that were all refused the same token', async () => {
    const { state, source } = bed()
    const { token } = await source()
    const tokens = await Promise.all([source(undefined, token), source(undefined, token)])
    await source(undefined, token)
    expect(tokens.map((each) => each.token)).toEqual(['token-2', 'token-2'])
    expect(state).toMatchObject({ asked: 2, refusals: 1 })
  })

  test('asks once for callers that come at the same time', async () => {
    const { state, source } = bed()
    const tokens = await Promise.all([source(), source(), source()])
    expect(tokens.map(({ token }) => token)).toEqual(['token-1', 'token-1', 'token-1'])
    expect(state.asked).toBe(1)
  })

  test('keeps the old token while it is good when the renewal fails, and says so', async () => {
    const { state, source, failures } = bed()
    await source()
    state.now = HOUR - 60_000
    state.failure = new Error('Entra ID is away')
    expect((await source()).token).toBe('token-1')
    expect(failures).toEqual([state.failure])
  })

  test('does not try a failed renewal again for ten seconds', async () => {
    const { state, source } = bed()
    await source()
    state.now = HOUR - 60_000
    state.failure = new Error('Entra ID is away')
    await source()
    await source()
    expect(state.asked).toBe(2)
    state.now += 10_000
    await source()
    expect(state.asked).toBe(3)
  })

  test('fails when the renewal fails and the old token has ended', async () => {
    const { state, source } = bed()
    await source()
    state.now = HOUR
    state.failure = new Error('Entra ID is away')
    await expect(source()).rejects.toThrow('Entra ID is away')
  })

  test('asks again after a first failure', async () => {
    const { state, source } = bed()
    state.failure = new Error('Entra ID is away')
    await expect(source()).rejects.toThrow('Entra ID is away')
    state.failure = undefined
    expect((await source()).token).toBe('token-2')
  })

  test('masks each token before anybody gets it', async () => {
    const { source, masked } = bed()
    await source()
    expect(masked).toEqual(['token-1'])
  })

  test('lets a caller give up without taking the token from the others', async () => {
    const { promise, resolve } = Promise.withResolvers<ExpiringToken>()
    const source = createTokenSource(() => promise)
    const giver = new AbortController()
    const given = source(giver.signal)
    const patient = source()
    giver.abort(new Error('enough'))
    await expect(given).rejects.toThrow('enough')
    resolve({ token: 'late', expiresAt: Date.now() + HOUR })
    expect((await patient).token).toBe('late')
  })
})
