/**
 * Reads inputs strictly and collects every problem, so that a user sees all of them in one message. After
 * a problem the default is returned: what was read is not to be used when there are problems.
 *
 * An input that is empty counts as not given: workflows pass `${{ inputs.x }}` on without knowing whether
 * it is set.
 */
export class FieldReader {
  readonly problems: string[] = []
  readonly #get: (name: string) => string

  /** @param get value of an input as the runner gives it; '' when it is not set. */
  constructor(get: (name: string) => string) {
    this.#get = get
  }

  text(name: string, fallback = ''): string {
    const value = this.#get(name).trim()
    return value === '' ? fallback : value
  }

  /** A whole or decimal number in plain digits; nothing is rounded or cut. */
  number(name: string, range: { min: number; max: number; integer?: boolean; fallback: number }): number {
    const value = this.text(name)
    if (value === '') return range.fallback
    const pattern = range.integer ? /^\d{1,15}$/ : /^\d{1,15}(\.\d{1,6})?$/
    const number = Number(value)
    if (pattern.test(value) && number >= range.min && number <= range.max) return number
    const kind = range.integer ? 'a whole number' : 'a number'
    return this.#problem(name, value, `${kind} from ${range.min} to ${range.max}`, range.fallback)
  }

  integer(name: string, min: number, max: number, fallback: number): number {
    return this.number(name, { min, max, integer: true, fallback })
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.text(name)
    if (value === '') return fallback
    if (/^true$/i.test(value)) return true
    if (/^false$/i.test(value)) return false
    return this.#problem(name, value, 'true or false', fallback)
  }

  choice<const T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const value = this.text(name)
    if (value === '') return fallback
    const found = allowed.find((each) => each === value)
    return found ?? this.#problem(name, value, oneOf(allowed), fallback)
  }

  /** Items separated by commas or newlines, trimmed, without empty ones and repeats. */
  list(name: string, item: { pattern: RegExp; is: string }): string[] {
    const items = splitList(this.text(name))
    for (const each of items) if (!item.pattern.test(each)) this.#problem(name, each, item.is, undefined)
    return items
  }

  choices<const T extends string>(name: string, allowed: readonly T[]): T[] {
    const items = splitList(this.text(name))
    const chosen = allowed.filter((each) => items.includes(each))
    for (const each of items) {
      if (!allowed.some((one) => one === each)) this.#problem(name, each, oneOf(allowed), undefined)
    }
    return chosen
  }

  /** Text that must have a form, when it is given. */
  pattern(name: string, pattern: RegExp, is: string, fallback = ''): string {
    const value = this.text(name, fallback)
    if (value === '' || pattern.test(value)) return value
    return this.#problem(name, value, is, fallback)
  }

  /** Adds a problem that concerns several inputs. */
  conflict(message: string): void {
    this.problems.push(message)
  }

  #problem<T>(name: string, value: string, allowed: string, fallback: T): T {
    this.problems.push(`${name}: ${quote(value)} is not allowed; it must be ${allowed}`)
    return fallback
  }
}

function splitList(text: string): string[] {
  const items = text
    .split(/[,\n]/)
    .map((each) => each.trim())
    .filter((each) => each !== '')
  return [...new Set(items)]
}

function oneOf(allowed: readonly string[]): string {
  return allowed.length === 1 ? String(allowed[0]) : `one of ${allowed.join(', ')}`
}

/** The value as it was given, cut where it is long, on one line. */
function quote(value: string): string {
  const line = value.replaceAll(/\s+/g, ' ')
  return JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}…` : line)
}
