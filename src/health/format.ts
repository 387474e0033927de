/** How numbers and names stand in sentences. Plain ASCII, no markup, and never on the wrong side of a threshold. */

/** The count with groups of three, e.g. `131,072`. Fractions are kept to two digits. */
export function count(value: number): string {
  const [whole = '0', fraction] = String(Math.round(value * 100) / 100).split('.')
  if (whole.includes('e')) return String(value)
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

/**
 * The number with as few digits after the point as keep it on its side of every number in `against`:
 * 79.96 stands as `80.0` when nothing is compared, and as `79.96` against 80.
 */
export function decimal(value: number, digits: number, against: readonly number[] = []): string {
  for (let places = digits; places <= 9; places++) {
    const text = value.toFixed(places)
    const rounded = Number(text)
    if (against.every((other) => Math.sign(rounded - other) === Math.sign(value - other))) return text
  }
  return String(value)
}

/**
 * A percentage with one decimal, e.g. `79.9 %`; with more where one would put it at a threshold of `against`
 * that it did not reach, at 100 % before it is full, or at 0 % when there is something.
 */
export function percent(value: number, against: readonly number[] = []): string {
  return `${decimal(value, 1, [0, 100, ...against])} %`
}

/** A threshold in percent as it was given: `80 %`, `72.5 %`. */
export function percentLimit(value: number): string {
  return `${value} %`
}

/** A ratio with at most one decimal, e.g. `4`, `8.3`; more where one would put it at a threshold. */
export function ratio(value: number, against: readonly number[] = []): string {
  return trimmed(decimal(value, 1, [0, ...against]))
}

/** A rate, e.g. `0.5/s`, `1,240/s`; never `0/s` for what is above 0. */
export function perSecond(value: number, against: readonly number[] = []): string {
  if (value >= 1000) return `${count(Math.round(value))}/s`
  return `${trimmed(decimal(value, 1, [0, ...against]))}/s`
}

function trimmed(text: string): string {
  return text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text
}

/** Seconds as people say them, rounded down: `2 s`, `1.5 s`, `12 min`, `3 h 20 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${trimmed((Math.floor(seconds * 10) / 10).toFixed(1))} s`
  if (seconds < 120) return `${Math.floor(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  const rest = minutes % 60
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`
}

/** Bytes in MiB, e.g. `64 MiB`, `1.5 MiB`. */
export function mebibytes(bytes: number): string {
  return `${trimmed(decimal(bytes / 1024 / 1024, 1, [0]))} MiB`
}

/** `1 node`, `2 nodes`, `1,200 nodes`. */
export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`
}

/** At most `most` names, the rest counted: `a, b and 3 more`. */
export function names(list: readonly string[], most = 3): string {
  if (list.length <= most) return list.join(', ')
  return `${list.slice(0, most).join(', ')} and ${count(list.length - most)} more`
}

/** Text of unknown length in one line of at most `most` characters. */
export function clip(text: string, most = 240): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= most ? line : `${line.slice(0, most - 3)}...`
}

/** Whether a name sorts before another; the same on every machine, whatever its locale. */
export function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
