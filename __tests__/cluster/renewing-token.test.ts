import { expect, test } from '@jest/globals'
import type { BearerToken } from '../../src/cluster/authenticator.ts'
import { renewingToken } from '../../src/cluster/renewing-token.ts'
import { instantClock, rejection } from './support/api.ts'

const never = new AbortController().signal
const minute = 60_000

/** An authenticator over a source that gives t1, t2, … each good for an hour, or what `next` says. */
function tokens(next?: (count: number, now: number) => Promise<BearerToken>) {
  let now = 1_000_000
  const asked: (string | undefined)[] = []
  const masked: string[] = []
  const clock = { ...instantClock(), now: () => now }
  const auth = renewingToken(
    async (_signal, refused) => {
      asked.push(refused)
      return next ? next(asked.length, now) : { token: `t${asked.length}`, expiresAt: now + 60 * minute }
    },
    (secret) => masked.push(secret),
    clock,
  )
  const get = async () => (await auth.headers(never)).authorization
  return { auth, get, asked, masked, pass: (ms: number) => (now += ms) }
}

/** Lets a renewal in the background come to its end. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

test('calls that come together share one request for a token, which is masked', async () => {
  const { get, asked, masked } = tokens()
  expect(new Set(await Promise.all(Array.from({ length: 50 }, get)))).toEqual(new Set(['Bearer t1']))
  expect(asked).toHaveLength(1)
  expect(masked).toEqual(['t1'])
})

test('a token is used until five minutes before its end, then renewed while calls go on with it', async () => {
  const { get, asked, pass } = tokens()
  await get()
  pass(54 * minute)
  expect(await get()).toBe('Bearer t1')
  expect(asked).toHaveLength(1)
  pass(minute)
  expect(await get()).toBe('Bearer t1')
  await settle()
  expect(await get()).toBe('Bearer t2')
  expect(asked).toHaveLength(2)
})

test('a token that has ended is not sent: calls wait for the next', async () => {
  const { get, pass } = tokens()
  await get()
  pass(60 * minute - 1000)
  expect(await get()).toBe('Bearer t2')
})

test('a renewal that fails while the token is good is no error, and is tried again after a pause', async () => {
  const { get, asked, pass } = tokens(async (count, now) => {
    if (count === 2) throw new Error('no network')
    return { token: `t${count}`, expiresAt: now + 60 * minute }
  })
  await get()
  pass(56 * minute)
  await get()
  await settle()
  expect(await get()).toBe('Bearer t1')
  expect(asked).toHaveLength(2)
  pass(10_000)
  await get()
  await settle()
  expect(await get()).toBe('Bearer t3')
})

test('a token that cannot be had is an error, and the next call asks again', async () => {
  const { get } = tokens(async (count) => {
    if (count === 1) throw new Error('no network')
    return { token: `t${count}` }
  })
  expect(await rejection(get())).toMatchObject({ message: 'no network' })
  expect(await get()).toBe('Bearer t2')
})

test('a refused token is renewed once, however many calls it was refused to, and the source is told which', async () => {
  const { auth, get, asked } = tokens()
  const used = await auth.headers(never)
  auth.refused?.(used)
  expect(await get()).toBe('Bearer t2')
  auth.refused?.(used)
  expect(await get()).toBe('Bearer t2')
  expect(asked).toEqual([undefined, 't1'])
})

test('a token without an end is kept', async () => {
  const { get, asked, pass } = tokens(async () => ({ token: 'forever' }))
  await get()
  pass(1000 * 24 * 60 * minute)
  expect(await get()).toBe('Bearer forever')
  expect(asked).toHaveLength(1)
})

test('a call that is given up does not end the renewal that others wait for', async () => {
  let finish: (token: BearerToken) => void = () => {}
  const { auth, get } = tokens(
    () =>
      new Promise((resolve) => {
        finish = resolve
      }),
  )
  const controller = new AbortController()
  const reason = new Error('enough')
  const given = rejection(auth.headers(controller.signal))
  const other = get()
  controller.abort(reason)
  expect(await given).toBe(reason)
  finish({ token: 't' })
  expect(await other).toBe('Bearer t')
})
