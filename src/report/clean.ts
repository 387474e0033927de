/** What a text from the cluster may look like at most: longer ones are clipped, in every form of the report. */
export const TEXT_LIMIT = 400

// Control characters, and those that reorder or hide text: a name must not be able to look like another.
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}]/gu

/**
 * One line of visible text made of anything: line breaks become a space, control characters and ones that
 * reorder text (bidirectional overrides, zero-width ones) become U+FFFD, and what is longer than `limit`
 * characters ends in an ellipsis.
 */
export function oneLine(value: string, limit: number = TEXT_LIMIT): string {
  const line = visible(value, limit * 4)
    .replace(/ {2,}/g, ' ')
    .trim()
  return clipped(line, limit)
}

/** A text of several lines, each cleaned as by {@link oneLine} but with its blanks kept. */
export function lines(value: string, maxLines = 200, limit = 500): string[] {
  const all = value.slice(0, maxLines * limit).split(/\r\n|[\n\r\u2028\u2029]/)
  const kept = all
    .slice(0, maxLines)
    .map((line) => clipped(visible(line.replaceAll('\t', '  '), limit * 4).trimEnd(), limit))
  return all.length > maxLines ? [...kept, `… ${all.length - maxLines} more lines`] : kept
}

/** Cut before it is cleaned, so that a megabyte of text costs nothing. */
function visible(value: string, most: number): string {
  const head = value.length > most ? `${value.slice(0, most)}…` : value
  return head.replace(BREAKS, ' ').replace(HIDDEN, '\uFFFD')
}

function clipped(line: string, limit: number): string {
  const characters = Array.from(line)
  return characters.length > limit ? `${characters.slice(0, limit - 1).join('')}…` : line
}

/** A part of a text for people: a sentence or two, or lines that they paste somewhere. */
export type Passage = { kind: 'prose'; text: string } | { kind: 'paste'; lines: string[] }

/**
 * Splits a text into prose and what is to be pasted. A line that ends in a colon announces lines to paste,
 * which go on to the next empty line. Other lines are prose if they read as sentences or stand alone, and
 * lines to paste otherwise.
 */
export function passages(value: string): Passage[] {
  const result: Passage[] = []
  for (const paragraph of paragraphs(lines(value))) result.push(...passagesOf(paragraph, result.at(-1)))
  return result
}

function paragraphs(all: string[]): string[][] {
  const result: string[][] = [[]]
  for (const line of all) {
    if (line === '') result.push([])
    else result.at(-1)?.push(line)
  }
  return result.filter((paragraph) => paragraph.length > 0)
}

function passagesOf(paragraph: string[], before: Passage | undefined): Passage[] {
  const announced = before?.kind === 'prose' && before.text.endsWith(':')
  if (announced) return [{ kind: 'paste', lines: paragraph }]
  const colon = paragraph.findIndex((line) => line.endsWith(':') && !line.startsWith(' '))
  const prose = colon === -1 ? paragraph : paragraph.slice(0, colon + 1)
  const paste = colon === -1 ? [] : paragraph.slice(colon + 1)
  const reads = prose.length === 1 || prose.every((line) => /[.!?:)]$/.test(line) && !line.startsWith(' '))
  const first: Passage = reads
    ? { kind: 'prose', text: prose.map((line) => line.trim()).join(' ') }
    : { kind: 'paste', lines: prose }
  return paste.length > 0 ? [first, { kind: 'paste', lines: paste }] : [first]
}
