/**
 * Text that came from a node or a server, fit to stand in a sentence of ours: one line without control,
 * format or bidirectional characters, at most `most` characters long.
 */
export function plain(text: string, most = 500): string {
  const line = text.replace(/[\p{C}\p{Z}]+/gu, ' ').trim()
  return line.length > most ? `${line.slice(0, most - 1)}…` : line
}

/** The same in double quotes, for text that may be anything. */
export function quoted(text: string, most = 200): string {
  return JSON.stringify(plain(text, most))
}
