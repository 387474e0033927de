const factors: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** CPU cores of a Kubernetes quantity: `4` and `4000m` are 4, `3920m` is 3.92. Undefined for anything else. */
export function coresOf(quantity: unknown): number | undefined {
  return positive(quantity)
}

/** Bytes of a Kubernetes quantity such as `16393244Ki`. Undefined for what is no quantity. */
export function bytesOf(quantity: unknown): number | undefined {
  const value = positive(quantity)
  return value === undefined ? undefined : Math.round(value)
}

function positive(quantity: unknown): number | undefined {
  if (typeof quantity !== 'string' && typeof quantity !== 'number') return undefined
  const [, digits, exponent, suffix = ''] =
    /^(\d{1,18}(?:\.\d{0,9})?)(?:([eE][+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)$/.exec(String(quantity)) ?? []
  if (digits === undefined) return undefined
  const value = exponent === undefined ? Number(digits) * (factors[suffix] ?? 1) : Number(digits + exponent)
  return Number.isFinite(value) && value > 0 ? value : undefined
}
