import { lines, oneLine, TEXT_LIMIT } from './clean.ts'

class SafeMarkdown {
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  toString(): string {
    return this.#source
  }
}

/**
 * Markdown that is safe to join with other markdown. Only this file's functions make it, and they escape
 * every plain string that goes in; so no text from the cluster can forge a heading, a table, a link, a
 * mention or a sign.
 */
export type Markup = SafeMarkdown

/** Whatever may stand in a template of {@link md}: strings and numbers are escaped, markup is not. */
export type Content = Markup | string | number

/** A template whose own text is markdown and whose values are escaped: md`**${name}** is full`. */
export function md(strings: TemplateStringsArray, ...values: Content[]): Markup {
  const parts = strings.map((part, i) => {
    const value = values[i]
    return value === undefined ? part : part + inline(value)
  })
  return new SafeMarkdown(parts.join(''))
}

/** Text of the cluster as plain text, on one line. */
export function text(value: string, limit: number = TEXT_LIMIT): Markup {
  return new SafeMarkdown(escaped(oneLine(value, limit)))
}

/** An identifier (a node, a setting, an input), set as code. */
export function code(value: string, limit = 253): Markup {
  const line = oneLine(value, limit)
  return line === '' ? new SafeMarkdown('–') : new SafeMarkdown(`<code>${escaped(line)}</code>`)
}

/** Parts one after the other, with a separator that keeps its blanks. */
export function join(parts: readonly Content[], separator = ''): Markup {
  return new SafeMarkdown(parts.map(inline).join(escaped(separator)))
}

/** Blocks with an empty line between them; undefined ones are left out. */
export function blocks(...parts: readonly (Markup | undefined)[]): Markup {
  const sources = parts.filter((part) => part !== undefined).map(String)
  return new SafeMarkdown(sources.filter((source) => source !== '').join('\n\n'))
}

export function heading(level: 2 | 3 | 4, content: Content): Markup {
  return new SafeMarkdown(`${'#'.repeat(level)} ${inline(content)}`)
}

export function list(items: readonly Content[]): Markup | undefined {
  if (items.length === 0) return undefined
  return new SafeMarkdown(items.map((item) => `- ${inline(item)}`).join('\n'))
}

export function numbered(items: readonly Markup[]): Markup {
  // What an item holds beyond its first line is indented, so that it stays part of it.
  const each = items.map((item, i) => `${i + 1}. ${String(item).replaceAll('\n', '\n   ')}`)
  return new SafeMarkdown(each.map((item) => item.replace(/[ ]+$/gm, '')).join('\n'))
}

/** A short text that is not to be broken over two lines. */
export function unbroken(content: Content): Markup {
  return new SafeMarkdown(inline(content).replaceAll(' ', '&nbsp;'))
}

/** One column of a table; numbers stand to the right. */
export interface Column {
  title: string
  align?: 'left' | 'right'
  /** Characters of code that must fit on one line; the title is padded to that width, as there is no style. */
  fits?: number
}

export function table(columns: readonly Column[], rows: readonly (readonly Content[])[]): Markup {
  const head = `| ${columns.map(titleOf).join(' | ')} |`
  const rule = `|${columns.map((column) => (column.align === 'right' ? ' ---: |' : ' :--- |')).join('')}`
  const body = rows.map((row) => `| ${columns.map((_, i) => inline(row[i] ?? '') || '–').join(' | ')} |`)
  return new SafeMarkdown([head, rule, ...body].join('\n'))
}

/** A blank of the bold title is little more than half as wide as a character of code. */
function titleOf({ title, fits = 0 }: Column): string {
  const padding = Math.ceil(Math.min(fits, 40) * 1.85) - Math.ceil(title.length * 1.9)
  return inline(title) + '&nbsp;'.repeat(Math.max(0, padding))
}

/** A part that is folded until somebody opens it. */
export function details(title: Content, content: Markup): Markup {
  return new SafeMarkdown(`<details><summary>${inline(title)}</summary>\n\n${String(content)}\n\n</details>`)
}

/** Lines that are shown as they are, ready to be copied. The fence is longer than any run of backticks in them. */
export function fence(
  language: '' | 'yaml' | 'mermaid' | 'text' | 'json',
  content: readonly string[],
): Markup {
  const body = content.flatMap((line) => lines(line))
  const longest =
    body
      .join('\n')
      .match(/`+/g)
      ?.reduce((most, run) => Math.max(most, run.length), 0) ?? 0
  const ticks = '`'.repeat(Math.max(3, longest + 1))
  return new SafeMarkdown(`${ticks}${language}\n${body.join('\n')}\n${ticks}`)
}

/** A link. Anything but an https address becomes plain text. */
export function link(title: Content, address: string): Markup {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') return md`${title}`
  return new SafeMarkdown(`<a href="${entities(url.href).replaceAll('"', '%22')}">${inline(title)}</a>`)
}

/** A hidden line by which a comment or an issue is found again. */
export function marker(name: string): Markup {
  return new SafeMarkdown(`<!-- ${name.replace(/[^A-Za-z0-9._:/ -]|--+/g, '_')} -->`)
}

/** Size as GitHub counts it. */
export function bytes(content: Markup | string): number {
  return Buffer.byteLength(String(content), 'utf8')
}

function inline(value: Content): string {
  if (value instanceof SafeMarkdown) return String(value)
  return typeof value === 'number' ? String(value) : escaped(oneLine(value))
}

/** Everything that means something in markdown or HTML as a character reference, which means nothing in either. */
function entities(value: string): string {
  return value.replace(/[&<>\\`*~[\]|#$@:]|_/g, (character, offset: number, whole: string) => {
    const next = whole[offset + 1]
    if (character === '_' && isWord(whole[offset - 1]) && isWord(next)) return character
    if (character === ':' && !/[A-Za-z_+/-]/.test(next ?? ' ')) return character
    return reference(character)
  })
}

function reference(character: string): string {
  return `&#${character.charCodeAt(0)};`
}

/**
 * As {@link entities}, and without what GitHub looks for in the finished text: mentions, addresses, emoji
 * names. An empty element between their characters hides them from it, and neither shows nor is copied.
 */
function escaped(value: string): string {
  const split = '<span></span>'
  return entities(value)
    .replace(/^(\d+)([.)])(?=\s|$)/, (_, digits: string, mark: string) => digits + reference(mark))
    .replace(/^[-+=]/, reference)
    .replace(/&#64;(?=[A-Za-z0-9])/g, `&#64;${split}`)
    .replace(/&#58;(?=\/\/|[A-Za-z0-9_+-]+(?::|&#58;))/g, `&#58;${split}`)
    .replace(/www(?=\.)/gi, `$&${split}`)
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /[A-Za-z0-9]/.test(character)
}
