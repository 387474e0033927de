/** As `Promise.all` of two, but it waits for both before it rejects, so that none goes on unseen. */
export async function both<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, other])
  return Promise.all([one, other])
}
