import { type Passage, passages as split } from '../clean.ts'
import { SIGNS, type Sign } from '../signs.ts'
import { type TextCell, wrap } from './layout.ts'
import { styleOf, type TextStyles } from './styles.ts'

/** What the parts of a text report need to know of the place where it is shown. */
export interface Canvas {
  /** Characters in a line. */
  width: number
  styles: TextStyles
}

export const INDENT = '  '

/** A title and its lines below it; nothing when there are none. */
export function section(title: string, lines: readonly string[], { styles }: Canvas): string[] {
  return lines.length === 0
    ? []
    : ['', styles.bold(title), ...lines.map((line) => (line === '' ? '' : INDENT + line))]
}

/** A sign and a word in the sign's colour. */
export function signed(sign: Sign, word: string, canvas: Canvas): TextCell {
  return { text: `${SIGNS[sign].plain} ${word}`, style: styleOf(sign, canvas.styles) }
}

/** Items with a mark in front, each on as many lines as it takes. */
export function items(texts: readonly string[], mark: (i: number) => string, canvas: Canvas): string[] {
  return texts.flatMap((text, i) => {
    const lead = mark(i)
    return wrap(lead + text, canvas.width - INDENT.length, ' '.repeat(lead.length))
  })
}

/** Prose on as many lines as it takes; lines to paste stay whole, as they are to be copied. */
export function passageLines(passages: readonly Passage[], width: number): string[] {
  return passages.flatMap((passage) =>
    passage.kind === 'prose' ? wrap(passage.text, width) : passage.lines.map((line) => INDENT + line),
  )
}

/** A text with lines to paste in it. */
export function textLines(value: string, width: number): string[] {
  return passageLines(split(value), width)
}
