const HIDDEN = /[\p{Cc}\p{Cf}]/gu
const HIDDEN_BUT_COLOURS = new RegExp(`(?!\\u001B\\[\\d{1,2}m)${HIDDEN.source}`, 'gu')

/**
 * Text for the job log in which nothing is a workflow command. The runner takes a line as one when it begins
 * with `::`, blanks before it or not, or when `##[` stands anywhere in it (ActionCommand of actions/runner).
 * A blank is put into both. Escape sequences of terminals become visible, so that a text from the cluster can
 * neither colour nor overwrite what stands around it; line breaks of every kind become one.
 *
 * @param options.colours keeps the sequences that colour, for a text in which those of others are none any more.
 */
export function plainLines(text: string, { colours = false }: { colours?: boolean } = {}): string {
  return text
    .split(/\r\n|[\n\r\u0085\u2028\u2029]/)
    .map((line) =>
      line
        .replace(colours ? HIDDEN_BUT_COLOURS : HIDDEN, (found) => (found === '\t' ? '  ' : '\uFFFD'))
        .replaceAll('##[', '# #[')
        .replace(/^(\s*):(?=:)/, '$1: '),
    )
    .join('\n')
}
