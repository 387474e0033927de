/** A cell of a text table: what it says, and how it is set off once its width is known. */
export interface TextCell {
  text: string
  style?: (text: string) => string
}

export interface TextColumn {
  title: string
  align?: 'left' | 'right'
  /** The one column that takes what width is left, on several lines if need be. */
  flexible?: boolean
  /** Left out, the last of them first, where the width does not suffice. */
  optional?: boolean
}

const GAP = '  '
const NARROWEST = 36

/** Lines of at most `width` characters; words that are longer are broken. `hang` goes before all but the first. */
export function wrap(text: string, width: number, hang = ''): string[] {
  const result: string[] = []
  let line = ''
  for (const word of text.split(' ').flatMap((one) => broken(one, width - hang.length))) {
    const longer = line === '' ? word : `${line} ${word}`
    if (longer.length <= width) line = longer
    else {
      result.push(line)
      line = hang + word
    }
  }
  return [...result, line].filter((one) => one.trim() !== '')
}

function broken(word: string, width: number): string[] {
  const most = Math.max(8, width)
  const parts: string[] = []
  for (let at = 0; at === 0 || at < word.length; at += most) parts.push(word.slice(at, at + most))
  return parts
}

/** A table in columns of equal width, two blanks apart, its titles above. */
export function textTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly TextCell[])[],
  width: number,
  titleStyle: (text: string) => string,
): string[] {
  const shown = fitting(columns, rows, width)
  const widths = shown.map((i) => widthOf(i, columns, rows))
  const flexible = shown.findIndex((i) => columns[i]?.flexible === true)
  if (flexible !== -1) widths[flexible] = Math.min(widths[flexible] ?? 0, room(widths, flexible, width))
  const titles = shown.map((i): TextCell => ({ text: columns[i]?.title ?? '', style: titleStyle }))
  const aligns = shown.map((i) => columns[i]?.align ?? 'left')
  return [titles, ...rows.map((row) => shown.map((i) => row[i] ?? { text: '' }))].flatMap((row) =>
    lineOf(row, widths, aligns),
  )
}

/** The columns that fit, by number: optional ones go first, then the flexible one becomes narrow. */
function fitting(
  columns: readonly TextColumn[],
  rows: readonly (readonly TextCell[])[],
  width: number,
): number[] {
  let shown = columns.map((_, i) => i)
  const needed = (): number =>
    shown.reduce((sum, i) => {
      const full = widthOf(i, columns, rows)
      return sum + (columns[i]?.flexible ? Math.min(full, NARROWEST) : full) + GAP.length
    }, -GAP.length)
  while (needed() > width) {
    const dropped = shown.findLast((i) => columns[i]?.optional === true)
    if (dropped === undefined) break
    shown = shown.filter((i) => i !== dropped)
  }
  return shown
}

function widthOf(i: number, columns: readonly TextColumn[], rows: readonly (readonly TextCell[])[]): number {
  const cells = rows.map((row) => row[i]?.text.length ?? 0)
  return cells.reduce((most, length) => Math.max(most, length), columns[i]?.title.length ?? 0)
}

function room(widths: readonly number[], flexible: number, width: number): number {
  const others = widths.reduce((sum, one, i) => (i === flexible ? sum : sum + one), 0)
  return Math.max(NARROWEST, width - others - GAP.length * (widths.length - 1))
}

function lineOf(row: readonly TextCell[], widths: readonly number[], aligns: readonly string[]): string[] {
  const wrapped = row.map((cell, i) => wrap(cell.text, widths[i] ?? 0))
  const height = wrapped.reduce((most, lines) => Math.max(most, lines.length), 1)
  return Array.from({ length: height }, (_, line) =>
    row
      .map((cell, i) => {
        const text = wrapped[i]?.[line] ?? ''
        const padding = ' '.repeat(Math.max(0, (widths[i] ?? 0) - text.length))
        const styled = text === '' || cell.style === undefined ? text : cell.style(text)
        return aligns[i] === 'right' ? padding + styled : styled + padding
      })
      .join(GAP)
      .trimEnd(),
  )
}
