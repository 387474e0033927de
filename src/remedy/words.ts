/** Names for a sentence: all of up to `most`, else the first ones and how many more there are. */
export function listNames(names: readonly string[], most = 5): string {
  if (names.length <= most) return names.join(', ')
  return `${names.slice(0, most).join(', ')} and ${names.length - most} more`
}

/** `1 node`, `3 nodes`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

/** Bytes in MiB or GiB with the digits that matter: `0.5 MiB`, `96 MiB`, `1.5 GiB`. */
export function size(bytes: number): string {
  const mib = bytes / 2 ** 20
  if (mib >= 1024) return `${round(mib / 1024)} GiB`
  return `${round(mib)} MiB`
}

/** One decimal below 10, none from there on. */
export function round(value: number): string {
  return Math.abs(value) < 9.95 ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(0)
}
